"""Installing this program itself, in a folder named by its digest; its units and its command at the console."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Dict, Optional

from node import layout
from node.errors import Refusal
from node.machine import services
from node.store import disk, files
from node.store.rights import ROOT
from node.store.service_set import Installed
from node.switch import installation

BOOT_UNIT = "sentinelcam-recover.service"

_BOOT = """\
[Unit]
Description=SentinelCam: return to the sets from before a power cut in the middle of a switch
ConditionPathExistsGlob={state}/sets/*/pending
Before=sentinel.service imagenode.service datapump.service sentinel_cleanup.service sentinel_cleanup.timer
After=local-fs.target

[Service]
Type=oneshot
ExecStart={python} {state}/program/current recover-at-boot

[Install]
WantedBy=multi-user.target
"""

_AFTER_DEATH = """\
[Unit]
Description=SentinelCam: return of %i after a switch that died
StartLimitIntervalSec=0

[Service]
ExecStart={python} {state}/program/current recover %i
Restart=on-failure
RestartSec=1
"""

_COMMAND = """\
#!/bin/sh
# SentinelCam at the node's console: status, history, revert, restore, python
exec {python} {state}/program/current "$@"
"""


def current() -> Optional[str]:
    """Return the digest of the program that the units run; None when not all of it is in place, byte for byte."""
    digest = disk.target(layout.program() / "current")
    if digest is None or not units_are_installed():
        return None
    return digest if _digest(layout.program() / digest) == digest else None


def _digest(folder: Path) -> Optional[str]:
    """As modelctl.nodes.bundle has it, of whatever is there; None of what is no program."""
    try:
        texts = {str(path.relative_to(folder)): content.decode() for path, content in disk.texts(folder)}
    except (OSError, UnicodeDecodeError, Refusal):
        return None
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def install(digest: str) -> None:
    """Copy the running program to its folder and make it the current one: the units run that."""
    from shutil import copytree, ignore_patterns  # with all that it can pack: once in each release

    folder = layout.program() / digest
    if _digest(folder) != digest:
        new = folder.with_name("." + digest + ".new")
        files.folder(layout.program())
        files.remove(new)
        copytree(sys.path[0], str(new), ignore=ignore_patterns("__pycache__"))
        for path in [new, *new.rglob("*")]:
            files.give(path, ROOT, 0o755 if path.is_dir() else 0o644)
        files.remove(folder)
        files.place(new, folder)
    before = disk.target(layout.program() / "current")
    for other in disk.folders(layout.program()):
        if other.name not in (digest, before):  # a switch may still be running from the program before this one
            files.remove(other)
    files.link(layout.program() / "current", digest)
    install_units()


def install_units() -> None:
    """Put the units and the command in place, and let systemd know."""
    for file, content in _files().items():
        if not installation.is_installed(file):
            installation.put(file, content)
    services.control("daemon-reload")
    services.control("enable", "--quiet", BOOT_UNIT)


def units_are_installed() -> bool:
    """Tell whether units and command are in place as this program wants them, and the boot unit is enabled."""
    is_enabled = disk.target(layout.UNITS / "multi-user.target.wants" / BOOT_UNIT) is not None
    return is_enabled and all(map(installation.is_installed, _files()))


def _files() -> Dict[Installed, bytes]:
    texts = (
        (layout.UNITS / BOOT_UNIT, 0o644, _BOOT),
        (layout.UNITS / "sentinelcam-recover@.service", 0o644, _AFTER_DEATH),
        (layout.CONSOLE_COMMAND, 0o755, _COMMAND),
    )
    found = {}
    for path, mode, text in texts:
        content = text.format(python=" ".join(layout.PYTHON), state=layout.STATE).encode()
        found[Installed(path, "root", mode, hashlib.sha256(content).hexdigest())] = content
    return found
