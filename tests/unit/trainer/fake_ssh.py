"""A stand-in of ssh and of the machines behind it: a datasink's `upload`, and a control node's `receive`.

It stands on PATH as `ssh` for the scripts; copied_ssh.py has it for what a test calls. In the folder FAKE_SSH are its
orders (orders.json, which a test writes), what it was called with (calls.jsonl), and the incoming area. An order of a
list is for one call each; the last one stays.
"""

import hashlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

PIECE = 1 << 17
QUIET = 0.3  # seconds


def main(arguments: list[str]) -> None:
    calls = home() / "calls.jsonl"
    with calls.open("a") as file:
        file.write(json.dumps(arguments) + "\n")
    command = arguments[arguments.index("--") + 2 :]
    number = sum(json.loads(line)[-3] == command[0] for line in calls.read_text().splitlines()) - 1
    orders = json.loads((home() / "orders.json").read_text()).get(command[0], [{}])
    order = orders[min(number, len(orders) - 1)]
    if "lost" in order:
        lose(order["lost"])
    if "killed" in order:
        os.kill(os.getpid(), order["killed"])
    {"upload": upload, "receive": receive}[command[0]](command[1:], order)


def home() -> Path:
    return Path(os.environ["FAKE_SSH"])


def wait(seconds: float) -> None:
    """In a copy of a test's process, time.sleep is that of gevent, whose files are closed."""
    signal.sigtimedwait([], seconds)


def receive(words: list[str], order: dict[str, Any]) -> None:
    wait(order.get("sleeps", 0))
    sys.stdout.buffer.write(order.get("says", "received " + " ".join(words) + "\n").encode())
    sys.stdout.flush()
    sys.exit(order.get("ends", 0))


def upload(words: list[str], order: dict[str, Any]) -> None:
    if "real" in order:
        real(words, order)
    area = home().joinpath("incoming", *words)
    area.mkdir(parents=True, exist_ok=True)
    announced = json.loads(sys.stdin.buffer.readline())
    assert (announced["format"], announced["conversation"]) == (1, 2)
    if "raw" in order:
        answer_raw(order["raw"])
    left = order.get("takes", 1 << 60)
    have = {each["name"]: kept(area, each) for each in announced["files"]}
    answer({"format": 1, "conversation": 2, "have": {name: size for name, size in have.items() if size}})
    wait(order.get("sleeps", 0))
    if "deaf" in order:
        os.close(0)
        wait(0.1)
        refuse(order["deaf"])
    for read, safe in order.get("safe", ()):
        sys.stdin.buffer.read(read)
        answer({"format": 1, "safe": safe})
    taken = 0
    for each in announced["files"]:
        with part(area, each).open("ab") as file:
            for wanted in pieces(each["size"] - have[each["name"]]):
                chunk = sys.stdin.buffer.read(min(wanted, left))
                file.write(chunk)
                left -= len(chunk)
                taken += len(chunk)
                if len(chunk) < wanted:
                    lose("Connection reset") if "refuses" not in order else refuse(order["refuses"])
                if "silent" not in order:
                    answer({"format": 1, "safe": taken})
    for each in announced["files"]:
        assert hashlib.sha256(part(area, each).read_bytes()).hexdigest() == each["sha256"]
        part(area, each).rename(area / each["name"])
    answer({"format": 1, "done": True})


def pieces(size: int) -> Iterator[int]:
    for begin in range(0, size, PIECE):
        yield min(PIECE, size - begin)


def real(words: list[str], order: dict[str, Any]) -> NoReturn:
    """The node program's own `upload`, behind a link that is lost after so many bytes.

    What the trainer sends until it waits is lost with it: how much came in all is noted, as "came".
    """
    most = left = order["real"]
    sys.path.append(str(Path(__file__).parents[3]))
    from node.registry import upload as node_upload

    node_upload.require_no_root = lambda: None
    os.environ[node_upload.ASKED] = " ".join(["upload", *words])
    theirs, ours = os.pipe()
    if not os.fork():
        os.close(ours)
        os.dup2(theirs, 0)
        node_upload.serve("trainer1", str(home() / "incoming"), str(home() / "log"))
        os._exit(0)
    os.close(theirs)
    while left and (chunk := os.read(0, min(65536, left))):
        os.write(ours, chunk)
        left -= len(chunk)
    came = most - left
    while not left and select.select([0], [], [], QUIET)[0] and (chunk := os.read(0, 65536)):
        came += len(chunk)
    os.close(ours)
    os.wait()
    with (home() / "came").open("a") as file:
        file.write(f"{came}\n")
    sys.exit(255 if came >= most else 0)


def part(area: Path, each: dict[str, Any]) -> Path:
    return area / f"{each['name']}.{each['sha256']}.part"


def kept(area: Path, each: dict[str, Any]) -> int:
    whole = area / each["name"]
    if whole.exists() and hashlib.sha256(whole.read_bytes()).hexdigest() == each["sha256"]:
        whole.rename(part(area, each))
    return part(area, each).stat().st_size if part(area, each).exists() else 0


def answer(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def answer_raw(text: str) -> NoReturn:
    sys.stdout.write(text)
    sys.exit(1)


def refuse(why: str) -> NoReturn:
    answer({"format": 1, "refused": why})
    sys.exit(1)


def lose(why: str) -> NoReturn:
    sys.stderr.write(why + "\n")
    sys.exit(255)


if __name__ == "__main__":
    main(sys.argv[1:])
