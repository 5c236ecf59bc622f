"""The queue of a sentinel from 0.2.6, kept from one start to the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

VERSION = 1


def path() -> Path:
    """Where it is kept."""
    return Path.home() / "sentinel" / "state.json"


def save(queue: Sequence[str]) -> None:
    """Keep the tasks that wait."""
    unfinished = path().with_suffix(".json.tmp")
    unfinished.write_text(json.dumps({"version": VERSION, "jobs": {}, "queue": [{"task": task} for task in queue]}))
    unfinished.replace(path())


def take() -> list[str]:
    """The tasks that waited, read and deleted; what cannot be read stays, and nothing waited."""
    try:
        state = json.loads(path().read_text())
    except (FileNotFoundError, ValueError):
        return []
    if state.get("version") != VERSION:
        return []
    path().unlink()
    return [job["task"] for job in state["queue"]]
