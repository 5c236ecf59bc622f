"""The jobs of a sentinel, as a child process of a task engine does them."""

from __future__ import annotations

import csv
import fcntl
import io
import time
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from lab.standins import standin, tpu
from lab.standins.behaviour import Orders

GAP = 0.05  # seconds between the end of FaceDataUpdate's work on the face data, and the first byte of the list
WRITING = 0.06  # seconds that a face list takes to be written
PIECES = 6
SECONDS = 1.0  # that a job takes which works on faces


class Job(NamedTuple):
    """One task that is to be run once.

    :param config: path of the task's config.
    :param is_submitted: somebody asked for it. Else it is run at the start and only loads what it would need then.
    """

    number: str
    task: str
    job_class: int
    config: str
    is_submitted: bool


def run(job: Job, orders: Orders, accelerator: str = "cpu") -> dict[str, str]:
    """Run a job; path to digest of the files that it read.

    :param accelerator: of its engine: with coral, an EdgeTPU model that its config names is loaded as such.
    :raises Exception: it fails.
    """
    opened: dict[str, str] = {}
    config = yaml.load(standin.read(job.config, opened), yaml.CSafeLoader)
    if accelerator == "coral" and tpu.is_for(config):
        tpu.load(orders)
    standin.load_models(config, opened)
    if job.is_submitted and job.task == "FaceDataUpdate":
        _update_face_data(config, orders.get("job_seconds", SECONDS))
    if job.is_submitted and job.task == "FaceSweep":
        _sweep_faces(config, orders.get("job_seconds", SECONDS))
    return opened


def _update_face_data(config: dict[str, Any], seconds: float) -> None:
    """Hold the face data open for writing, and locked, all the time; then write the list in place."""
    with Path(config["facedata"]).open("r+b") as data:
        fcntl.flock(data, fcntl.LOCK_EX)
        time.sleep(seconds)
        data.seek(0, io.SEEK_END)
        data.write(b"one embedding\n")
    time.sleep(GAP)
    path = Path(config["facefile"])
    _write_list(path, _with_new_face(path.read_text()))


def _sweep_faces(config: dict[str, Any], seconds: float) -> None:
    """Read the list, keep it in memory all the time with no file open, and write the whole of it back."""
    path = Path(config["facefile"])
    faces = path.read_text()
    time.sleep(seconds)
    _write_list(path, _with_new_face(faces))


def _with_new_face(faces: str) -> str:
    columns = next(csv.reader(faces.splitlines()))
    return faces + ",".join("new" for _ in columns) + "\n"


def _write_list(path: Path, text: str) -> None:
    """Truncate the list and write it in place, slowly."""
    size = -(-len(text) // PIECES)
    with path.open("w") as file:
        for start in range(0, len(text), size):
            time.sleep(WRITING / PIECES)
            file.write(text[start : start + size])
            file.flush()
