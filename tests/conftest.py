"""What unit tests and fleet tests share."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# Where pytest shares the files out to workers (-n 4), each has a lab of its own. Read when the lab is imported, later.
os.environ["LAB"] = os.environ.get("LAB", "") + os.environ.get("PYTEST_XDIST_WORKER", "")

# The tests make tens of thousands of small files: on a disk, a fifth of their time is spent looking for free inodes.
_MEMORY = Path("/dev/shm")  # noqa: S108
_ROOM = 2**32  # bytes
if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture
def heard() -> Iterator[None]:
    """Whoever runs the tests may ignore signals, as nohup and a shell's & do; what a test starts would inherit that."""
    ignored = [
        each for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) == signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
