"""What lies in a registry and is no version, or not the one that was found: it stays, and the rest goes."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.store import files
from tests.unit.node.places import tree
from tests.unit.node.registry import test_sweep
from tests.unit.node.registry.sweeping import BOTH, Depot, lines, remember, removed, store, sweep, tell

depot, due = test_sweep.depot, test_sweep.due


def as_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def below_a_link(folder: Path) -> None:
    folder.parent.rename(folder.parent.with_name("dogs"))
    folder.parent.symlink_to("dogs")


def as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


def as_fifo(folder: Path) -> None:
    shutil.rmtree(folder)
    os.mkfifo(folder)


def with_another_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").write_text("name: cats\nversion: 2019-01-01 \n")


def with_a_linked_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").rename(folder.parent / "manifest.yaml")
    (folder / "manifest.yaml").symlink_to("../manifest.yaml")


def with_a_fifo_as_manifest(folder: Path) -> None:
    without_manifest(folder)
    os.mkfifo(folder / "manifest.yaml")


def without_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").unlink()


CHANGES = [as_link, below_a_link, as_file, as_fifo, with_another_manifest]
CHANGES += [with_a_linked_manifest, with_a_fifo_as_manifest, without_manifest]


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_the_version_that_was_found_stays_and_the_others_go(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], is_late: bool
) -> None:
    """It may change before the sweep, or while another version is removed."""
    first, folder = store(depot, "2019-01-02", model="ants"), store(depot, "2019-01-01")
    tell()
    remember(depot, "ants/2019-01-02", "cats/2019-01-01", "dogs/2019-01-01")
    line = removed(depot, first)

    def late(moment: str, _: Path) -> None:
        if moment == "after append" and is_late:
            monkeypatch.setattr(files, "observer", lambda *_: None)
            change(folder)
            left.update(tree(depot.registry / "cats"))

    left: dict[str, bytes] = {}
    if not is_late:
        change(folder)
        left.update(tree(depot.registry / "cats"))
    monkeypatch.setattr(files, "observer", late)
    assert sweep(depot) == []
    assert tree(depot.registry / "cats") == left
    assert lines(depot) == [line]
    assert not first.exists()


@pytest.mark.parametrize("name", [".staging", ".import-x", "coral_packages", "2019-01-32", "2019-01-01.1", "mine"])
def test_what_is_no_version_stays(depot: Depot, due: list[Path], name: str) -> None:
    """Uploads and staging; a folder of somebody's own, be there a manifest in it or not."""
    others = [store(depot, name), store(depot, "2019-01-01", model="Own"), store(depot, "x", model=".staging")]
    (depot.registry / "cats" / "2019-02-02").write_text("a single file")
    (depot.registry / "dogs").mkdir()
    (depot.registry / "dogs" / "faces.npz").write_text("training data")
    data = store(depot, "2019-01-01", model="training")
    without_manifest(data)
    stack = depot.registry / "coral_packages"
    stack.mkdir()
    (stack / "a.deb").write_text("a stack's")
    remember(depot, *BOTH, f"cats/{name}", "training/2019-01-01", "Own/2019-01-01")
    before = {path: content for path, content in tree(depot.registry).items() if path.rpartition("/")[0] not in BOTH}
    assert sweep(depot) == []
    assert tree(depot.registry) == before
    assert not any(folder.exists() for folder in due)
    assert all(folder.exists() for folder in (*others, data))


def test_links_and_fifos_in_a_version_go_and_what_they_lead_to_stays(depot: Depot, tmp_path: Path) -> None:
    folder = store(depot, "2019-01-01")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    (folder / "file").symlink_to(outside / "file")
    (folder / "folder").symlink_to(outside)
    os.mkfifo(folder / "fifo")
    tell()
    remember(depot, "cats/2019-01-01")
    expected = removed(depot, folder)
    assert sweep(depot) == []
    assert not folder.exists()
    assert (outside / "file").read_text() == "mine"
    assert lines(depot) == [expected]
