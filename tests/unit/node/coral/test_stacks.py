"""Stacks: unpacked whole or not at all, and looked at without being read."""

import json
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.coral import stacks, unpacking
from node.desired_state import File, Stack
from node.errors import Refusal
from node.store import disk as disks
from node.store import files, rights
from tests.unit.node import wheels
from tests.unit.node.places import sha256, tree, uid
from tests.unit.node.wheels import DEB, DIGEST, FILE, NAMES, PYCORAL, TFLITE, put


@pytest.fixture
def folder(stack: Stack, packages: Path) -> Path:
    """That of a stack that was put."""
    put(stack, packages)
    return stack.version.directory


def refusal(stack: Stack, packages: Path) -> str:
    with pytest.raises(Refusal) as caught:
        put(stack, packages)
    assert [path.name for path in layout.coral().iterdir()] == [".staging"]
    assert list((layout.coral() / ".staging").iterdir()) == []
    return str(caught.value)


def test_a_stack_is_put(folder: Path) -> None:
    assert set(tree(folder)) == NAMES
    assert (folder / "lib" / "libedgetpu.so.1").read_bytes() == wheels.library()
    assert (folder / FILE).read_bytes() == b"def f(): ...\n"
    assert stacks.is_verified(DIGEST)
    assert stacks.flaws(DIGEST) == []
    assert list((layout.coral() / ".staging").iterdir()) == []


def test_what_a_killed_one_has_left_is_no_part_of_it(stack: Stack, packages: Path) -> None:
    left = layout.coral() / layout.STAGING / unpacking.UNPACKED / "python" / "other.py"
    files.folder(left.parent)
    left.touch()
    put(stack, packages)
    assert set(tree(stack.version.directory)) == NAMES


def test_all_of_it_is_roots(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        found = path.lstat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (0, 0, 0o755 if path.is_dir() else 0o644)
    with rights.of(rights.Owner(uid(), uid())):
        assert (folder / FILE).read_bytes()
        with pytest.raises(PermissionError):
            (folder / "python" / "__pycache__").mkdir()


def test_its_list(folder: Path) -> None:
    said = json.loads((folder / "contents.json").read_text())
    assert (said["format"], said["version"], said["manifest"]) == (1, "2026-01-10", "ab" * 32)
    assert {*said["files"], "contents.json"} == NAMES
    found = (folder / FILE).stat()
    assert said["files"][FILE] == {
        "sha256": sha256(b"def f(): ...\n"), "size": 13, "inode": found.st_ino,
        "mtime": found.st_mtime_ns, "ctime": found.st_ctime_ns,
    }  # fmt: skip
    assert {each.digest: each.version for each in stacks.stored()} == {DIGEST: "2026-01-10"}
    assert [each.bytes for each in stacks.stored()] == [sum(len(content) for content in tree(folder).values())]


def test_a_settled_one_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "sha256", lambda path: pytest.fail(f"{path} was read"))
    monkeypatch.setattr(files, "observer", lambda moment, path: pytest.fail(f"{moment} {path}"))
    assert stacks.is_verified(folder.name)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"tflite": wheels.tflite({"pycoral/__init__.py": b""})}, "pycoral/__init__.py"),
        ({"tflite": wheels.tflite({"pycoral": b""})}, "pycoral"),
        ({"pycoral": wheels.pycoral({"numpy.py": b"1"}), "tflite": wheels.tflite({"numpy.py": b"2"})}, "numpy.py"),
    ],
)
def test_a_file_in_both_wheels(packages: Path, contents: dict[str, bytes], said: str) -> None:
    assert refusal(wheels.packages(packages, **contents), packages) == (
        f"coral_packages/2026-01-10: {said} is in both {PYCORAL} and {TFLITE}; "
        "expected different files; make a new stack of other ones"
    )


def test_a_truncated_library(packages: Path) -> None:
    whole = wheels.library()
    assert refusal(wheels.packages(packages, library=whole[:-1]), packages) == (
        f"{DEB}: its library: truncated: found {len(whole) - 1} bytes, expected {len(whole)}; "
        "make a new stack of a whole one"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"python": "3.9"}, f"{PYCORAL}: built for cp311-cp311-linux_aarch64; expected cp39 and aarch64"),
        ({"architecture": "amd64"}, f"{PYCORAL}: built for cp311-cp311-linux_aarch64; expected cp311 and x86_64"),
        ({"debian": "bullseye"}, f"{DEB}: built for Debian bookworm; expected bullseye"),
    ],
)
def test_packages_for_another_node(stack: Stack, packages: Path, changes: dict[str, Any], said: str) -> None:
    assert refusal(stack._replace(**changes), packages) == said + "; make a new stack of another file"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "no file"),
        ([PYCORAL, DEB], f"{DEB}, {PYCORAL}"),
        ([PYCORAL, TFLITE], f"{PYCORAL}, {TFLITE}"),
        ([PYCORAL, TFLITE, DEB, "more.deb"], f"{DEB}, more.deb, {PYCORAL}, {TFLITE}"),
        ([PYCORAL, TFLITE, DEB, "notes.txt"], f"{DEB}, notes.txt, {PYCORAL}, {TFLITE}"),
    ],
)
def test_other_packages_than_a_stacks(stack: Stack, packages: Path, names: list[str], said: str) -> None:
    listed = [File(name, "ab", 1, linked=False) for name in names]
    assert refusal(stack._replace(version=stack.version._replace(files=listed)), packages) == (
        f"coral_packages/2026-01-10: found {said}; "
        "expected one deb, and the wheels of pycoral and tflite_runtime; make a new stack"
    )


def test_bytes_that_record_does_not_say_leave_nothing(stack: Stack, packages: Path) -> None:
    found = wheels.entries(PYCORAL, {"pycoral/a.py": b"a"})
    (packages / PYCORAL).write_bytes(wheels.zipped([("pycoral/a.py", b"b"), *found[1:]]))
    assert (
        refusal(stack, packages) == f"{PYCORAL}: pycoral/a.py is not what RECORD says; make a new stack of another file"
    )


@pytest.mark.parametrize("target", [None, "/etc", "nowhere"])
def test_something_else_in_its_place(stack: Stack, packages: Path, target: str | None) -> None:
    files.folder(layout.coral())
    if target is None:
        stack.version.directory.write_text("")
    else:
        stack.version.directory.symlink_to(target)
    assert not stacks.is_verified(DIGEST)
    assert stacks.stored() == []
    put(stack, packages)
    assert stacks.is_verified(DIGEST)
    assert not stack.version.directory.is_symlink()


def test_what_is_not_there() -> None:
    assert not stacks.is_verified(DIGEST)
    assert stacks.stored() == []
    assert stacks.retired() == []
    assert stacks.flaws(DIGEST)[0].startswith(
        f"{layout.coral() / DIGEST}/contents.json: the stack's list cannot be read"
    )
    assert not stacks.is_verified("../..")


def test_a_full_disk_leaves_nothing(stack: Stack, packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = files.write

    def fill(path: Path, content: bytes) -> None:
        if path.name == "METADATA":
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(files, "write", fill)
    with pytest.raises(OSError, match="No space left"):
        put(stack, packages)
    assert list((layout.coral() / ".staging").iterdir()) == []
