"""The plain rsync of the kill tests leaves what the real one leaves."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from node.pull import transfer
from tests.unit.node import rsyncs
from tests.unit.node.disks import Disk
from tests.unit.node.places import LIMITS, Place

CONTENT = b"the bytes of a model"
STAGED = {
    "empty": b"",
    "start": CONTENT[:7],
    "torn start": bytes(7),
    "torn": CONTENT[:7] + bytes(len(CONTENT) - 7),
    "whole": CONTENT,
    "longer": CONTENT + b" and more",
}
LABEL = "cats/2026-01-01"


def brought(place: Place, bring: Callable[..., None]) -> dict[str, tuple[object, ...]]:
    """What is staged after a fetch of files of which much is staged already: bytes, modes, links and times."""
    place.stored("cats", "2026-01-01", dict.fromkeys([*STAGED, "absent"], CONTENT))
    staged = place.staging / LABEL
    staged.mkdir(parents=True)
    for name, content in STAGED.items():
        (staged / name).write_bytes(content)
        (staged / name).chmod(0o600)
        (place.root / name).hardlink_to(staged / name)
    for path in [*(place.registry / LABEL).iterdir(), *staged.iterdir()]:
        os.utime(path, ns=(0, 10**18 + (path.parent == staged)))
    bring(place.desired().source, [f"{LABEL}/{name}" for name in [*STAGED, "absent", "none"]], place.staging, LIMITS)
    return {path.name: (path.read_bytes(), *_kept(path.stat())) for path in staged.iterdir()}


def _kept(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mode, status.st_nlink, status.st_uid, status.st_mtime_ns


@pytest.mark.parametrize("bring", [transfer.fetch, transfer.mend])
def test_both_leave_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bring: Callable[..., None]) -> None:
    left_by_real = brought(Place(tmp_path / "real"), bring)
    assert set(left_by_real) == {*STAGED, "absent"}
    monkeypatch.setattr(subprocess, "Popen", rsyncs.plain(Disk(tmp_path / "plain")))
    assert brought(Place(tmp_path / "plain"), bring) == left_by_real
