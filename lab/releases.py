"""Which release of the programs a host looks as if it had: signs in the installed code, as in the public programs.

The programs are the same stand-ins for all. A sentinel's stand-in goes by its sign; see lab/standins/behaviour.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

STANDINS = Path(__file__).with_name("standins")
IMAGENODE = "imagenode/imagenode"
SENTINEL = "sentinel/sentinel"
OUTPOST = f"{IMAGENODE}/sentinelcam/outpost.py"
HOST_TRACKER = f"{IMAGENODE}/sentinelcam/hosttracker.py"
INTAKE = f"{IMAGENODE}/sentinelcam/picamera_intake.py"
STATE = f"{SENTINEL}/sentinel_state.py"

_OUTPOST = "class Outpost:\n    def setup_OAK(self, config): ...\n"
_OUTPOST_LATER = _OUTPOST + "    def setup_picamera(self, config): ...\n"
_RESTARTS = '\nCOMMANDS = ("STATUS", "HISTORY", "RESTART_ENGINE")\n'
_SENTINEL = (STANDINS / "sentinel.py").read_text()

RELEASES: Mapping[str, Mapping[str, str | None]] = MappingProxyType(
    {
        "imagenode 0.2": {OUTPOST: _OUTPOST, HOST_TRACKER: None, INTAKE: None},
        "imagenode of June 2026": {OUTPOST: _OUTPOST, HOST_TRACKER: "class HostTracker: ...\n", INTAKE: None},
        "imagenode 0.3": {
            OUTPOST: _OUTPOST_LATER,
            HOST_TRACKER: "class HostTracker: ...\n",
            INTAKE: "class PiCameraIntake: ...\n",
        },
        "imagenode unknown": {OUTPOST: None, HOST_TRACKER: None, INTAKE: None},
        "sentinel 0.2.4": {f"{SENTINEL}/sentinel.py": _SENTINEL, STATE: None},
        "sentinel 0.2.5": {f"{SENTINEL}/sentinel.py": _SENTINEL + _RESTARTS, STATE: None},
        "sentinel 0.2.6": {f"{SENTINEL}/sentinel.py": _SENTINEL + _RESTARTS, STATE: "STATE_VERSION = 1\n"},
    }
)
"""Release to its signs: path below the login's home, and that file's text, or None where the release has none."""
DEFAULT: Mapping[str, str] = MappingProxyType({"imagenode": "imagenode 0.2", "sentinel": "sentinel 0.2.4"})
"""Service to the release that a new host has."""
