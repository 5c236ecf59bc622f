"""What lists version folders on the datasink."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from node import protocol
from node.protocol.registry import ListedVersion, Listing, ListRegistry
from node.registry.own import MANIFEST_LIMIT
from node.store import disk
from tests.unit.node.registry.asking import ask, travel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "cats" / "2026-01-01"
    path.mkdir(parents=True)
    return path


def listed(tmp_path: Path) -> Listing:
    found = ask("list-registry", ListRegistry(tmp_path, ["cats", "dogs"]), Listing)
    assert found.fault is None
    return found


def the_version(tmp_path: Path) -> ListedVersion:
    return listed(tmp_path).models["cats"]["2026-01-01"]


def versions(tmp_path: Path) -> list[str]:
    return [f"{model}/{version}" for model, version in listed(tmp_path).versions]


def test_sizes_and_the_manifest_of_a_version(tmp_path: Path, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "b").write_bytes(b"12")
    (folder / "a").write_bytes(b"1")
    (folder / "manifest.yaml").write_bytes(b"name: cats\n")
    (folder / "link").symlink_to("a")
    os.mkfifo(folder / "fifo")
    found = listed(tmp_path).models
    sizes = {"a": 1, "manifest.yaml": 11, "sub/b": 2}
    assert found == {"cats": {"2026-01-01": ListedVersion(sizes, b"name: cats\n")}}


def test_a_file_with_another_link_is_told_apart(tmp_path: Path, folder: Path) -> None:
    (folder / "a").write_bytes(b"1")
    (folder / "b").write_bytes(b"1")
    os.link(folder / "a", tmp_path / "elsewhere")
    assert the_version(tmp_path).shared == ["a"]


def test_a_manifest_is_no_link_and_is_cut_off_past_the_limit(tmp_path: Path, folder: Path) -> None:
    (folder / "manifest.yaml").symlink_to("/etc/hostname")
    assert the_version(tmp_path).manifest is None
    (folder / "manifest.yaml").unlink()
    (folder / "manifest.yaml").write_bytes(b"x" * (2 * MANIFEST_LIMIT))
    assert len(the_version(tmp_path).manifest or b"") == MANIFEST_LIMIT + 1


def test_only_folders_of_the_models_that_were_asked_for(tmp_path: Path, folder: Path) -> None:
    for path in ("dogs/2026-02-02", "coral_packages/2026-01-01", "cats/.incoming"):
        (tmp_path / path).mkdir(parents=True)
    (folder.parent / "2026-03-03").symlink_to(folder)
    (folder.parent / "2026-04-04").touch()
    assert versions(tmp_path) == ["cats/2026-01-01", "dogs/2026-02-02"]


def test_a_link_in_place_of_a_models_folder_is_not_followed(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "dogs").symlink_to(folder.parent)
    assert versions(tmp_path) == ["cats/2026-01-01"]


def test_what_unfinished_work_left(tmp_path: Path, folder: Path) -> None:
    for name in (".import-2026-01-01", ".retired-2025-01-01", ".staging"):
        (folder.parent / name).mkdir()
    (folder.parent / ".import-link").symlink_to(folder)
    found = listed(tmp_path)
    assert found.leftovers == ["cats/.import-2026-01-01", "cats/.retired-2025-01-01"]
    assert [*found.models["cats"]] == ["2026-01-01"]


def test_the_disk(tmp_path: Path) -> None:
    found, usage = listed(tmp_path), shutil.disk_usage(tmp_path)
    assert found.total == usage.total
    assert abs(found.free - usage.free) < 1 << 30


def test_no_registry(tmp_path: Path) -> None:
    found = ask("list-registry", ListRegistry(tmp_path / "none", ["cats"]), Listing)
    assert not found.is_there
    assert (found.fault, found.models) == (f"{tmp_path}/none: No such file or directory", {})


def test_a_folder_that_cannot_be_read_is_a_fault_of_its_own(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / "2026-02-02").mkdir()
    below = disk.below

    def fails(path: Path) -> Any:
        if path == folder:
            raise OSError(5, "Input/output error", str(path))
        return below(path)

    monkeypatch.setattr(disk, "below", fails)
    assert [each.fault for each in listed(tmp_path).models["cats"].values()] == [
        f"{folder}: Input/output error",
        None,
    ]


@pytest.mark.usefixtures("folder")
def test_a_folder_that_goes_meanwhile_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = disk.below

    def goes(path: Path) -> Any:
        path.rename(path.with_name(".retired-x"))
        return below(path)

    monkeypatch.setattr(disk, "below", goes)
    assert versions(tmp_path) == []


def test_it_needs_nothing_but_the_program(tmp_path: Path, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n")).touch()
    done = travel("list-registry", ListRegistry(tmp_path, ["cats"]))
    assert done.stderr == b""
    assert protocol.loads(Listing, done.stdout.decode()).models["cats"]["2026-01-01"].files == {"\\udcff\n": 0}
