"""Where this project keeps its state on a node. Everything outside these folders belongs to somebody else."""

from __future__ import annotations

from pathlib import Path

STATE = Path("/var/lib/sentinelcam")
RUNTIME = Path("/run/sentinelcam")
STAGING = ".staging"  # below each models folder, so that a finished version is one rename away


def program() -> Path:
    return STATE / "program"


def access() -> Path:
    return STATE / "access"


def stamps() -> Path:
    return STATE / "stamps"


def sets(service: str) -> Path:
    return STATE / "sets" / service


def started(service: str) -> Path:
    """The digest of the set that the running process of `service` was started from; gone after a boot."""
    return RUNTIME / service
