"""The kill tests' own disk: a program ends at each of its changes, and no test passes because none ended."""

from contextlib import suppress
from pathlib import Path

import pytest

from node.store import files
from tests.unit.node.disks import Disk
from tests.unit.node.places import tree


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    root = tmp_path / "node"
    root.mkdir()
    disk = Disk(root)
    monkeypatch.setattr(files, "observer", disk)
    return disk


def write_two(disk: Disk) -> None:
    """A program that would tidy up after an error of its own."""
    try:
        for name in ("a", "b"):
            files.write(disk.root / name, name.encode() * 8)
    finally:
        files.unlink(disk.root / "a")


def whole(disk: Disk) -> list[str]:
    return sorted(name for name in tree(disk.root) if name[0] != ".")


@pytest.mark.parametrize(("point", "left"), [("before rename b (1)", ["a"]), ("after rename b (1)", ["a", "b"])])
def test_a_program_ends_at_the_change_that_is_named_and_does_no_more(disk: Disk, point: str, left: list[str]) -> None:
    points = disk.run(lambda: write_two(disk), point)
    assert points.all[-1] == point
    assert whole(disk) == left


def test_what_comes_after_a_kill_sees_the_disk_of_each_change(disk: Disk) -> None:
    """And a copy alone: the program goes on with its own disk."""
    seen: list[list[str]] = []

    def aftermath() -> None:
        seen.append(whole(disk))
        files.remove(disk.root / "a")

    points = disk.run(lambda: write_two(disk), at_change=aftermath)
    assert len(seen) == len(points.states)
    assert [names for names, before in zip(seen, [None, *seen], strict=False) if names != before] == [
        [], ["a"], ["a", "b"], ["b"],
    ]  # fmt: skip
    assert whole(disk) == ["b"]


def test_each_write_rename_and_unlink_is_a_change(disk: Disk) -> None:
    points = disk.run(lambda: write_two(disk))
    assert points.states == [
        "before write .a.new (1)", "after write .a.new (1)", "after rename a (1)", "after write .b.new (1)",
        "after rename b (1)", "after unlink a (1)",
    ]  # fmt: skip


@pytest.mark.parametrize("when", [(True, False), (False, True)])
def test_an_aftermath_that_fails_fails_the_test_whatever_the_program_does_about_it(
    disk: Disk, when: tuple[bool, bool]
) -> None:
    is_at_change, is_at_flush = when

    def program() -> None:
        with suppress(AssertionError):
            write_two(disk)

    def aftermath() -> None:
        raise AssertionError("not as promised")

    with pytest.raises(AssertionError, match="not as promised"):
        disk.run(program, at_change=aftermath if is_at_change else None, at_flush=aftermath if is_at_flush else None)


def test_a_power_cut_takes_what_was_not_flushed_and_nothing_else(disk: Disk) -> None:
    seen: list[dict[str, bytes]] = []

    def aftermath() -> None:
        disk.tear()
        seen.append(tree(disk.root))

    disk.run(lambda: write_two(disk), at_change=aftermath)
    a, b, torn = b"a" * 8, b"b" * 8, bytes(4)
    assert seen == [
        {}, {".a.new": a[:4] + torn}, {"a": a}, {"a": a, ".b.new": b[:4] + torn}, {"a": a, "b": b}, {"b": b},
    ]  # fmt: skip
