"""What puts a folder into the registry, killed at each of its changes to the disk."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.codec import Text
from node.protocol.registry import Import, ImportedFile, ImportPlace, ImportRoom, Measured
from node.registry import importing, own
from node.store import files
from tests.unit.node.registry.asking import ask, killed_at, refusal, travel

CONTENTS = {"old.bin": b"meow" * 1000, "list.csv": b"rows"}
NAMES = {"old.bin": "cats.bin", "list.csv": "list.csv"}
MANIFEST = "name: cats\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "saved"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    (tmp_path / "registry").mkdir()
    return folder


@pytest.fixture
def final(tmp_path: Path) -> Path:
    return tmp_path / "registry" / "cats" / "2026-01-01"


def place_of(source: Path) -> ImportPlace:
    return ImportPlace(source.parent / "registry", "cats", "2026-01-01", source)


def desired(source: Path) -> Import:
    contents = {old: Measured(hashlib.sha256(each).hexdigest(), len(each)) for old, each in CONTENTS.items()}
    files = [ImportedFile(old, new, contents[old]) for old, new in NAMES.items()]
    return Import(place_of(source), files, Text(MANIFEST))


def fault(source: Path) -> str | None:
    """Why the folder is not copied."""
    return refusal("import", desired(source))


def check(source: Path) -> ImportRoom:
    return ask("check-import", place_of(source), ImportRoom)


def is_whole(final: Path) -> bool:
    return {path.name: path.read_bytes() for path in final.iterdir()} == {
        "cats.bin": CONTENTS["old.bin"], "list.csv": CONTENTS["list.csv"], "manifest.yaml": MANIFEST.encode(),
    }  # fmt: skip


@pytest.mark.parametrize("user", ["", "65534"])
def test_it_needs_nothing_but_the_program_and_no_root(source: Path, final: Path, user: str) -> None:
    if user:
        os.chown(final.parent.parent, int(user), int(user))
    done = travel("import", desired(source), user=user)
    assert (done.stdout, done.stderr) == (b'{"format": 1}\n', b"")
    assert is_whole(final)
    assert [path.name for path in final.parent.iterdir()] == ["2026-01-01"]
    assert final.stat().st_uid == int(user or 0)


def test_killed_anywhere_it_leaves_no_half_version_and_the_next_one_ends_it(source: Path, final: Path) -> None:
    points = 0
    while killed_at(points + 1, "import", desired(source)):
        points += 1
        if final.exists():
            assert is_whole(final), points
        else:
            folders = {path.name for path in final.parent.iterdir()} if final.parent.exists() else set()
            assert folders <= {".import-2026-01-01", "..import-2026-01-01.new"}
            assert fault(source) is None
            assert is_whole(final)
        assert [path.name for path in final.parent.iterdir()] == ["2026-01-01"]
        shutil.rmtree(final)
    assert points >= 9


def test_each_file_and_folder_is_flushed_before_the_rename(
    source: Path, final: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final.parent.mkdir()
    done: list[str] = []
    monkeypatch.setattr(files, "observer", lambda moment, path: done.append(f"{moment} {path.name}"))
    assert fault(source) is None
    steps = [each.removeprefix("after ") for each in done if each.startswith(("after sync", "after rename"))]
    assert steps[-8:] == [
        "sync cats.bin", "sync list.csv", "sync .manifest.yaml.new", "rename manifest.yaml", "sync .import-2026-01-01",
        "sync .import-2026-01-01", "rename 2026-01-01", "sync cats",
    ]  # fmt: skip
    assert is_whole(final)


def test_all_may_read_whatever_the_login_s_habit_is(source: Path, final: Path) -> None:
    before = os.umask(0o077)
    try:
        assert fault(source) is None
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (final.parent, final)} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in final.iterdir()} == {0o644}


def test_what_is_in_the_place_stays(source: Path, final: Path) -> None:
    final.mkdir(parents=True)
    assert fault(source) == f"{final}: it came there meanwhile; run it again"
    assert list(final.parent.iterdir()) == [final]
    assert list(final.iterdir()) == []


def test_a_file_that_changed_since_it_was_read(source: Path, final: Path) -> None:
    (source / "old.bin").write_bytes(b"woof")
    assert fault(source) == f"{source}/old.bin: it changed while it was imported; run it again"
    assert list(final.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("replace", "said"),
    [
        (
            lambda path: path.symlink_to("/etc/hostname"),
            "Too many levels of symbolic links; mend that there and run it again",
        ),
        (lambda path: os.mkfifo(path), "it is no plain file any more; run it again"),
    ],
)
def test_a_file_that_is_none_any_more(source: Path, final: Path, replace: Callable[[Path], None], said: str) -> None:
    (source / "old.bin").unlink()
    replace(source / "old.bin")
    assert fault(source) == f"{source}/old.bin: {said}"
    assert list(final.parent.iterdir()) == []


def test_a_full_disk_gets_its_space_back(source: Path, final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "list.csv")

    monkeypatch.setattr(own, "flush", full)
    assert fault(source) == "list.csv: No space left on device; mend that there and run it again"
    assert list(final.parent.iterdir()) == []


def test_another_import_of_the_model_is_waited_for(source: Path, final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final.parent.mkdir()
    monkeypatch.setattr(importing, "PATIENCE", 0.2)
    with own.alone(final.parent, 0, ""):
        said = f"{final.parent}: another import is running there; wait for it and run again"
        assert fault(source) == said
    assert fault(source) is None


def test_a_check_changes_nothing_and_counts_what_a_killed_import_left_as_free(source: Path, final: Path) -> None:
    assert not check(source).stored
    assert not final.parent.exists()
    staging = final.with_name(".import-2026-01-01")
    staging.mkdir(parents=True)
    with (staging / "half").open("wb") as file:
        file.truncate(1 << 40)
    assert check(source).free > 1 << 40
    final.symlink_to("nowhere")
    assert check(source).stored


def test_a_registry_that_is_none(source: Path, final: Path) -> None:
    registry = final.parent.parent
    (registry / "cats").symlink_to(source)
    assert refusal("check-import", place_of(source)) == (
        f"{registry}/cats: found a link; expected the folder of a model's versions"
    )
    (registry / "cats").unlink()
    registry.rmdir()
    registry.symlink_to("/nosuch/disk")
    line = f"{registry}: found a link; expected the folder of the model registry"
    assert refusal("check-import", place_of(source)) == line


def test_a_registry_that_is_not_there_is_made(source: Path, final: Path) -> None:
    """U4: nobody else makes it on a new datasink."""
    final.parent.parent.rmdir()
    old = os.umask(0o077)
    try:
        checked = check(source)
        assert (checked.stored, checked.free > 0) == (False, True)
        assert not final.parent.parent.exists()
        assert fault(source) is None
    finally:
        os.umask(old)
    assert is_whole(final)
    assert [path.stat().st_mode & 0o777 for path in (final.parent.parent, final.parent, final)] == [0o755] * 3


def test_what_the_registry_lies_in_is_made_too(source: Path) -> None:
    """U4: one more of its kind, a bare host."""
    registry = source.parent / "sentinelcam" / "model_registry"
    place = place_of(source)._replace(registry=registry)
    assert not ask("check-import", place, ImportRoom).stored
    assert refusal("import", desired(source)._replace(place=place)) is None
    assert is_whole(registry / "cats" / "2026-01-01")


def test_what_another_import_left_goes(source: Path, final: Path) -> None:
    """It may have had other files."""
    staging = final.with_name(".import-2026-01-01")
    staging.mkdir(parents=True)
    (staging / "other.bin").write_bytes(b"woof")
    assert fault(source) is None
    assert is_whole(final)
