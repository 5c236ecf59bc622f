"""Stand-in for datapump.py: its log, its face list, and only then its control port."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import zmq

from lab.standins import behaviour, standin
from lab.standins.ports import Port

PAUSE = 0.2  # seconds between two looks at what is due


def main() -> None:
    """Serve until SIGTERM; without its logs folder or a face list with time stamps it does not start."""
    service = standin.Service("datapump")
    config = service.start()
    behaviour.on_sigterm(service.orders, sys.exit)
    open_log(config)
    service.status["locked_events"] = len(locked_events(config["facefile"], service))
    control = Port(zmq.REP, config["control_port"], service.orders)
    service.status["settled"] = True
    service.report()
    while True:
        control.answer(reply, PAUSE)


def open_log(config: Any) -> None:
    """Open the file that the config logs to, as logging's handlers do.

    :raises FileNotFoundError: there is no such folder.
    """
    for handler in config.get("logconfig", {}).get("handlers", {}).values():
        with Path(handler["filename"]).open("a"):
            pass


def locked_events(path: str, service: standin.Service) -> set[tuple[str, str]]:
    """Date and event of each that the face list locks.

    :raises ValueError: the list is empty.
    :raises KeyError: it has no time stamps.
    """
    rows = list(csv.DictReader(standin.read(path, service.opened).decode().splitlines()))
    if not rows:
        raise ValueError(f"{path}: no rows to parse")
    return {(row["date"], row["event"]) for row in rows if row["timestamp"]}


def reply(question: bytes) -> bytes:
    """Answer the health check; what else is asked needs images, and there are none."""
    return b"OK" if b"HC" in question else b"Error"


if __name__ == "__main__":
    main()
