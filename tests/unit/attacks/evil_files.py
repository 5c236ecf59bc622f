"""What lies in the incoming area of the version that the control node is asked to take over, and should not."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.modelctl.receiving.stages import NEW, upload

Harm = Callable[[Path], Any]
FILE = "haarcascade_eye.xml"


def manifest(**fields: Any) -> Harm:
    """A manifest that says something else."""
    return lambda folder: upload(folder.parents[2], **fields)


FILES: dict[str, Harm] = {
    "no manifest": lambda folder: (folder / "manifest.yaml").unlink(),
    "a file that is not whole": lambda folder: (folder / "more.part").write_bytes(b"x"),
    "a missing file": lambda folder: (folder / FILE).unlink(),
    "an empty file": lambda folder: (folder / FILE).write_bytes(b""),
    "a link among the files": lambda folder: (folder / "link").symlink_to("/etc/passwd"),
    "a named pipe among the files": lambda folder: os.mkfifo(folder / "fifo"),
    "a manifest that is none": lambda folder: (folder / "manifest.yaml").write_text("name: x\n"),
    "a manifest of another model": manifest(name="openface_torch"),
    "a manifest of a path": manifest(name="../../etc"),
    "a manifest of another version": lambda folder: (folder / "manifest.yaml").write_text(
        (folder / "manifest.yaml").read_text().replace(NEW, "2026-05-02")
    ),
    "a metric that is no number": manifest(training_metrics={"a": float("nan")}),
    "a metric without end": manifest(training_metrics={"a": float("inf")}),
    "a metric that a terminal obeys": manifest(training_metrics={"a": "\x1b[2J"}),
    "a metric's name that a terminal obeys": manifest(training_metrics={"\x1b[2J": 1}),
    "a source that a terminal obeys": manifest(source="\x1b]0;owned\x07"),
}
