"""This project's own units and its command at the console: what ends a switch that died, and what an operator types."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Dict

from node import layout
from node.machine import services
from node.store import disk, files

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
# SentinelCam at the node's console: status, history, revert, restore
exec {python} {state}/program/current "$@"
"""


def install() -> None:
    """Put the units and the command in place, and let systemd know."""
    for path, content in _contents().items():
        if not _is_there(path, content):
            files.folder(path.parent)
            files.write(path, content, _mode(path))
    services.control("daemon-reload")
    services.control("enable", "--quiet", BOOT_UNIT)


def are_installed() -> bool:
    """Tell whether all are in place as this program wants them, and the boot unit is enabled."""
    is_enabled = disk.target(layout.UNITS / "multi-user.target.wants" / BOOT_UNIT) is not None
    return is_enabled and all(_is_there(path, content) for path, content in _contents().items())


def _contents() -> Dict[Path, bytes]:
    texts = {
        layout.UNITS / BOOT_UNIT: _BOOT,
        layout.UNITS / "sentinelcam-recover@.service": _AFTER_DEATH,
        layout.CONSOLE_COMMAND: _COMMAND,
    }
    return {
        path: text.format(python=" ".join(layout.PYTHON), state=layout.STATE).encode() for path, text in texts.items()
    }


def _is_there(path: Path, content: bytes) -> bool:
    status = disk.status(path)
    is_right = status is not None and stat.S_IMODE(status.st_mode) == _mode(path)
    return is_right and disk.is_file(path) and disk.read(path) == content


def _mode(path: Path) -> int:
    return 0o755 if path == layout.CONSOLE_COMMAND else 0o644
