"""This project's own units and its command at the console: what ends a switch that died, and what an operator types."""

from __future__ import annotations

import hashlib
from typing import Dict

from node import layout
from node.machine import services
from node.store import disk
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
# SentinelCam at the node's console: status, history, revert, restore
exec {python} {state}/program/current "$@"
"""


def install() -> None:
    """Put the units and the command in place, and let systemd know."""
    for file, content in _files().items():
        if not installation.is_installed(file):
            installation.put(file, content)
    services.control("daemon-reload")
    services.control("enable", "--quiet", BOOT_UNIT)


def are_installed() -> bool:
    """Tell whether all are in place as this program wants them, and the boot unit is enabled."""
    is_enabled = disk.target(layout.UNITS / "multi-user.target.wants" / BOOT_UNIT) is not None
    return is_enabled and all(map(installation.is_installed, _files()))


def _files() -> Dict[Installed, bytes]:
    files = (
        (layout.UNITS / BOOT_UNIT, 0o644, _BOOT),
        (layout.UNITS / "sentinelcam-recover@.service", 0o644, _AFTER_DEATH),
        (layout.CONSOLE_COMMAND, 0o755, _COMMAND),
    )
    found = {}
    for path, mode, text in files:
        content = text.format(python=" ".join(layout.PYTHON), state=layout.STATE).encode()
        found[Installed(path, "root", mode, hashlib.sha256(content).hexdigest())] = content
    return found
