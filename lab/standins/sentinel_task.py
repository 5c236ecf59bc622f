"""Stand-in for sentinel_task.py: notes what it was asked, submits it to the sentinel beside it, and prints the answer.

With the sentinel away it waits for ever, as the real one does.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import date, timedelta
from pathlib import Path

import zmq

SENTINEL = "tcp://localhost:5566"
PUMP_PORT = 5556


def main() -> None:
    """Submit one task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-t", "--task", default="STATUS")
    parser.add_argument("-d", "--date", default=str(date.today() - timedelta(days=1)))
    parser.add_argument("-e", "--event")
    parser.add_argument("-s", "--sink", default="data1")
    asked = parser.parse_args()
    with (Path.cwd() / "sentinel_task.log").open("a") as log:
        log.write(f"{int(time.time())} {asked.task} {asked.sink}\n")
    request = {**vars(asked), "node": "injected_task", "pump": f"tcp://{asked.sink}:{PUMP_PORT}"}
    sentinel: zmq.Socket[bytes]
    with zmq.Context.instance().socket(zmq.REQ) as sentinel:
        sentinel.connect(SENTINEL)
        sentinel.send(json.dumps(request).encode())
        print(sentinel.recv().decode())


if __name__ == "__main__":
    main()
