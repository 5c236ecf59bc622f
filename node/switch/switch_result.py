"""How a switch ended: a line in the history, and a file for whoever follows it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple, Optional

from node import layout
from node.errors import Refusal
from node.store import disk, files, history
from node.store.history import short
from node.store.pending_switch import Request

UNFIT = "unfit"  # refused after a trial; the history calls it refused


class Result(NamedTuple):
    name: str  # unfit, or chosen, returned, failed or refused: node/store/history.py
    line: Optional[str]  # what the operator is told, when it is not chosen


def conclude(request: Request, old: Optional[str], name: str, reason: Optional[str] = None) -> Result:
    """Record how a switch ended. That the history could not be written is only said: the rest must be done."""
    result = Result(name, _line(request, old, name, reason))
    if result.line:
        print(result.line, file=sys.stderr)
    try:
        history.add(request, old, history.REFUSED if name == UNFIT else name, reason)
    except (OSError, Refusal) as error:
        why = "%s: %s" % (layout.history(), error.strerror) if isinstance(error, OSError) else str(error)
        print(why + "; this result is in no history", file=sys.stderr)
    files.folder(layout.RUNTIME)
    files.write(_path(request.id), json.dumps(result._asdict()).encode())
    return result


def _line(request: Request, old: Optional[str], name: str, reason: Optional[str]) -> Optional[str]:
    if name == history.CHOSEN:
        return None
    ending = {
        history.ROLLED_BACK: "rolled back to %s: " % short(old),
        history.FAILED: "failed, %s stays chosen: " % short(request.digest),
        history.REFUSED: "",
        UNFIT: "",
    }[name]
    return request.service + ": " + ending + (reason or "")


def take(id: str) -> Optional[Result]:
    """Return the result of a request and forget it; None when there is none yet."""
    try:
        result = Result(**json.loads(disk.read(_path(id)).decode()))
    except FileNotFoundError:
        return None
    files.unlink(_path(id))
    return result


def _path(id: str) -> Path:
    return layout.RUNTIME / ("outcome-" + id)
