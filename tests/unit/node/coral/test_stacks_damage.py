"""Stacks that are damaged, or whose unpacking is killed: seen, and mended file by file."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node import layout
from node.coral import deb, stack_contents, stacks
from node.desired_state import Stack
from node.store import files
from node.store.service_set import LIBRARY
from tests.unit.node import wheels
from tests.unit.node.copies import replaced_by_copy
from tests.unit.node.disks import Disk
from tests.unit.node.places import tree, uid, untouched
from tests.unit.node.simulated import quicken
from tests.unit.node.wheels import DIGEST, FILE, NAMES, put


@pytest.fixture
def folder(stack: Stack, packages: Path) -> Path:
    """That of a stack that was put."""
    put(stack, packages)
    return stack.version.directory


def _edit(path: Path) -> None:
    found = path.stat()
    path.write_bytes(bytes(len(path.read_bytes())))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _copy(path: Path) -> None:
    shutil.copy2(path, path.with_name("x"))
    path.with_name("x").rename(path)


def _replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: list[tuple[str, Callable[[Path], object], str]] = [
    (FILE, _edit, "changed since it was unpacked"),
    (FILE, lambda path: path.write_bytes(b""), "changed since it was unpacked"),
    (FILE, Path.unlink, "missing"),
    (FILE, lambda path: path.chmod(0o666), "of user 0, group 0, mode 666; expected root's, 644"),
    (FILE, lambda path: os.chown(path, uid(), 0), f"of user {uid()}, group 0, mode 644; expected root's, 644"),
    (FILE, _replace_by_folder, "no plain file"),
    (FILE, _replace_by_link, "no plain file"),
    (FILE, _copy, "changed since it was unpacked"),
    (LIBRARY, Path.unlink, "missing"),
    ("python/pycoral/__pycache__", Path.mkdir, "not of this stack"),
    ("more", Path.touch, "not of this stack"),
    ("python/more", lambda path: path.symlink_to("/etc"), "not of this stack"),
    ("python/pycoral", lambda path: path.chmod(0o777), "of user 0, group 0, mode 777; expected root's, 755"),
    ("python/pycoral", _replace_by_link, "no folder"),
    ("", lambda path: path.chmod(0o700), "of user 0, group 0, mode 700; expected root's, 755"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "damage", "said"), DAMAGES)
def test_damage_is_seen_and_mended_singly(
    folder: Path, stack: Stack, packages: Path, name: str, damage: Callable[[Path], object], said: str
) -> None:
    before = tree(folder)
    kept = {path: untouched(path) for path in folder.rglob("*.dist-info/*")}
    damage(folder / name)
    assert not stacks.is_verified(DIGEST)
    assert f"{folder / name}: {said}" in stacks.flaws(DIGEST)
    put(stack, packages)
    assert stacks.is_verified(DIGEST)
    assert stacks.flaws(DIGEST) == []
    assert {**tree(folder), "contents.json": b""} == {**before, "contents.json": b""}
    assert {path: untouched(path) for path in kept} == kept
    assert list((layout.coral() / ".staging").iterdir()) == []


def test_what_rots_under_its_times_is_found_by_reading(
    folder: Path, stack: Stack, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_of = stack_contents.state_of
    monkeypatch.setattr(stack_contents, "state_of", lambda *words: state_of(*words)._replace(ctime=0))
    put(stack, packages)
    _edit(folder / FILE)
    assert stacks.is_verified(DIGEST)
    assert stacks.flaws(DIGEST) == [f"{folder / FILE}: damaged: its bytes are not those that were unpacked"]
    with (folder / FILE).open("rb") as mapped:
        put(stack, packages)
        assert mapped.read() == bytes(13)
    assert stacks.flaws(DIGEST) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", bytes(500), b"{}", b"[]", b"null", b"7", b'{"format": 1}', b"\xff", b"[" * 100_000, b'{"format": "x"}',
        b'{"format": 2, "version": "2026-01-10", "manifest": "ab", "files": {}}',
        b'{"format": 1, "version": "2026-01-10", "manifest": "ab", "files": []}',
        b'{"format": 1, "version": "2026-01-10", "manifest": "ab", "files": {"../x": 7}}',
        b'{"format": 1, "version": "2026-01-10", "manifest": "ab", "files": {"\\ud800": {}}}',
        b'{"format": 1, "version": 7, "manifest": "ab", "files": {}}',
        b'{"format": 1, "version": "2026-01-10", "manifest": "ab", "files": '
        b'{"x": {"sha256": "ab", "size": "1", "inode": 1, "mtime": 1, "ctime": 1}}}',
        b'{"format": 1, "version": "2026-01-10", "manifest": "ab", "files": '
        b'{"../../etc/x": {"sha256": "ab", "size": 1, "inode": 1, "mtime": 1, "ctime": 1}}}',
    ],
)  # fmt: skip
def test_a_damaged_list_means_not_verified(folder: Path, stack: Stack, packages: Path, content: bytes) -> None:
    (folder / "contents.json").write_bytes(content)
    assert_damaged_and_mended(folder, stack, packages)


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink, _replace_by_folder, _replace_by_link, _replace_by_pipe, lambda path: path.chmod(0o600),
        lambda path: os.truncate(path, 1 << 40),
    ],
)  # fmt: skip
def test_a_list_of_another_kind(folder: Path, stack: Stack, packages: Path, damage: Callable[[Path], object]) -> None:
    damage(folder / "contents.json")
    assert_damaged_and_mended(folder, stack, packages)


def assert_damaged_and_mended(folder: Path, stack: Stack, packages: Path) -> None:
    assert not stacks.is_verified(DIGEST)
    assert stacks.flaws(DIGEST) != []
    assert [each.digest for each in stacks.stored()] == [DIGEST]
    put(stack, packages)
    assert stacks.is_verified(DIGEST)
    assert set(tree(folder)) == NAMES


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """That of a node on which packages lie; a power cut leaves the inodes, and the times of changes."""
    root = tmp_path / "node"
    root.mkdir()
    disk = Disk(root)
    quicken(monkeypatch)
    monkeypatch.setattr(files, "observer", disk)
    monkeypatch.setattr(layout, "STATE", root / "state")
    state_of = stack_contents.state_of
    monkeypatch.setattr(stack_contents, "state_of", lambda *words: state_of(*words)._replace(inode=0, ctime=0))
    monkeypatch.setattr(deb, "library", lambda *_: wheels.library())  # two programs less at each point
    return disk


def damage_many(folder: Path) -> None:
    """A file rots, one is missing, one is too many, a folder is a link, and the list lacks its end."""
    _edit(folder / FILE)
    (folder / LIBRARY).unlink()
    (folder / "python" / "more").mkdir()
    _replace_by_link(folder / "python" / "tflite_runtime")
    os.truncate(folder / "contents.json", 100)


@pytest.mark.parametrize("is_damaged", [False, True], ids=["fresh", "repair"])
@pytest.mark.parametrize("is_power_cut", [False, True], ids=["killed", "power cut"])
def test_put_killed_at_any_point(disk: Disk, tmp_path: Path, is_damaged: bool, is_power_cut: bool) -> None:
    stack = wheels.packages(tmp_path / "packages")
    folder = layout.coral() / DIGEST
    put(stack, tmp_path / "packages")
    right = tree(folder)
    (damage_many if is_damaged else shutil.rmtree)(folder)

    def aftermath() -> None:
        if is_power_cut:
            disk.tear()
        seen = tree(folder) if folder.exists() else {}
        if stacks.is_verified(DIGEST) or (seen and not is_damaged):
            assert {**seen, "contents.json": b""} == {**right, "contents.json": b""}
            assert stacks.flaws(DIGEST) == []
        put(stack, tmp_path / "packages")
        assert stacks.is_verified(DIGEST)
        assert stacks.flaws(DIGEST) == []
        assert {**tree(folder), "contents.json": b""} == {**right, "contents.json": b""}
        assert list((layout.coral() / ".staging").iterdir()) == []

    points = disk.run(
        lambda: put(stack, tmp_path / "packages"), at_change=aftermath, at_flush=aftermath if is_power_cut else None
    )
    assert len(points.states) >= 30


def test_the_copies_of_these_tests_are_no_stacks(folder: Path, tmp_path: Path) -> None:
    """What let a copy pass above is what sees it here."""
    with replaced_by_copy(tmp_path / "state"):
        assert folder.is_dir()
        assert not stacks.is_verified(DIGEST)
    assert stacks.is_verified(DIGEST)
