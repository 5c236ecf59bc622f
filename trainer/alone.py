"""One publish at a time: two would share the snapshot's folder."""

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from trainer.errors import Refusal


@contextmanager
def alone(lock: Path, title: str) -> Iterator[None]:
    """Hold the lock, and say in it what is published. Raises Refusal when another has it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read(200).strip() or "another version"
            raise Refusal("%s: found that %s is being published; wait until that ends" % (lock, other)) from None
        file.truncate(0)
        file.write(title)
        file.flush()
        yield
