"""Stand-in for sentinel.py: its ports at once, then a child per task engine, then answers and jobs."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import zmq

from lab.standins import behaviour, standin, state_file
from lab.standins.dispatch import JobManager
from lab.standins.ports import Port

PAUSE = 0.2  # seconds between two looks at what is due
SIGN = "sentinel_state.py"
"""Lies beside the main script from 0.2.6."""


def main() -> None:
    """Serve until SIGTERM. A job that fails is told to nobody."""
    service = standin.Service("sentinel")
    config = service.start()
    is_later = Path(__file__).with_name(SIGN).exists() or "status_json" in service.orders
    restored = state_file.take() if is_later else []
    log = Port(zmq.PUB, config["logging_port"], service.orders)
    control = Port(zmq.REP, config["control_port"], service.orders)
    service.report()
    manager = JobManager(service, config, is_later)
    manager.waiting += restored
    service.status["restored"] = len(restored)
    behaviour.on_sigterm(service.orders, manager.drain if is_later else _die)
    manager.start()
    reply = _reply_of_later if is_later else _reply
    while not manager.is_drained:
        control.answer(lambda question: reply(manager, question).encode(), PAUSE)
        log.look()
    state_file.save(manager.queue())
    manager.kill()
    sys.exit("Graceful shutdown")


def _die() -> None:
    """As a program without a handler: at once, with all that was queued or running."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def _reply(manager: JobManager, question: bytes) -> str:
    """Answer as to 0.2.5."""
    task = _task(question)
    if task in ("STATUS", "HISTORY"):
        return "OK"
    try:
        return manager.submit(task)
    except KeyError:
        return "Error"


def _reply_of_later(manager: JobManager, question: bytes) -> str:
    """Answer as from 0.2.6."""
    task = _task(question)
    if task == "STATUS":
        found = manager.status()
        return "Error" if found is None else json.dumps(found)
    if task == "SHUTDOWN":
        manager.drain()
        return "DRAINING"
    return _reply(manager, question)


def _task(question: bytes) -> str:
    """The task that a request names, empty when it names none."""
    try:
        request: Any = json.loads(question)
    except ValueError:
        return ""
    return str(request.get("task", "")) if isinstance(request, dict) else ""


if __name__ == "__main__":
    main()
