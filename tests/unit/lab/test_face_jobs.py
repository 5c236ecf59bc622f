"""The jobs that write linked files hold and tear them as the real ones do."""

import csv
import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.standins import jobs
from tests.unit.lab.standins import Home, comes

FACES = "date,event,timestamp,name\n" + "".join(f"2024-01-{day:02},a,12:00,ann\n" for day in range(1, 29))


@pytest.fixture
def faces(home: Home) -> Path:
    path = home.path / "facelist.csv"
    path.write_text(FACES)
    return path


@contextmanager
def running(home: Home, task: str) -> Iterator[threading.Thread]:
    """A job that was submitted, and is done when this ends."""
    data = home.path / "facedata.hdf5"
    data.write_bytes(b"rows\n")
    config = home.write("task.yaml", {"facefile": str(home.path / "facelist.csv"), "facedata": str(data)})
    thread = threading.Thread(
        target=jobs.run, args=(jobs.Job("1", task, 2, config, is_submitted=True), {"job_seconds": 0.3})
    )
    thread.start()
    yield thread
    thread.join()


def is_locked(path: Path) -> bool:
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def rows(path: Path) -> int:
    return len(list(csv.DictReader(path.read_text().splitlines())))


def test_an_update_locks_the_face_data_and_writes_the_list_in_place_afterwards(home: Home, faces: Path) -> None:
    inode, sizes = faces.stat().st_ino, set()
    with running(home, "FaceDataUpdate") as job:
        data = home.path / "facedata.hdf5"
        comes(lambda: is_locked(data), "lock")
        assert faces.read_text() == FACES
        comes(lambda: not is_locked(data), "end of the lock")
        while job.is_alive():
            sizes.add(faces.stat().st_size)
            time.sleep(0.002)
    assert (rows(faces), faces.stat().st_ino) == (29, inode)
    assert data.read_bytes() == b"rows\none embedding\n"
    assert len([size for size in sizes if size < len(FACES)]) > 2  # half of a list, for a while


def test_a_sweep_writes_back_the_list_that_it_read_at_its_start(home: Home, faces: Path) -> None:
    with running(home, "FaceSweep"):
        time.sleep(0.1)
        assert not is_locked(home.path / "facedata.hdf5")
        faces.write_text(FACES * 3)
    assert rows(faces) == 29
