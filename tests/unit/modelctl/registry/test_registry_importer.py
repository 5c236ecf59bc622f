"""The program that puts a folder into the registry, killed at each of its changes to the disk."""

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelctl.registry import registry_importer
from modelctl.registry.registry_importer import obey

CONTENTS = {"old.bin": b"meow" * 1000, "list.csv": b"rows"}
NAMES = {"old.bin": "cats.bin", "list.csv": "list.csv"}
MANIFEST = "name: cats\n"

PRELUDE = """
import os, sys
_CHANGES, _LEFT = {"os.mkdir", "os.chmod", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "open"}, [KILL_AT]
def _watch(event, words):
    if event in _CHANGES and any(".import-" in str(word) for word in words):
        _LEFT[0] -= 1
        if _LEFT[0] == 0:
            os.kill(os.getpid(), 9)
sys.addaudithook(_watch)
"""


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


def order(source: Path, do: str = "copy") -> dict[str, Any]:
    files = [
        {"old": old, "new": new, "sha256": hashlib.sha256(CONTENTS[old]).hexdigest()} for old, new in NAMES.items()
    ]
    return {
        "do": do, "registry": str(source.parent / "registry"), "model": "cats", "version": "2026-01-01",
        "path": str(source), "files": files, "manifest": MANIFEST,
    }  # fmt: skip


def is_whole(final: Path) -> bool:
    return {path.name: path.read_bytes() for path in final.iterdir()} == {
        "cats.bin": CONTENTS["old.bin"], "list.csv": CONTENTS["list.csv"], "manifest.yaml": MANIFEST.encode(),
    }  # fmt: skip


def run(source: Path, prelude: str = "") -> "subprocess.CompletedProcess[str]":
    """As it travels: with nothing but its source."""
    program = (
        Path(registry_importer.__file__)
        .read_text(encoding="utf-8")
        .replace("\n\nimport fcntl", prelude + "\n\nimport fcntl")
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program], input=json.dumps(order(source)), cwd="/", env={},
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def test_it_needs_nothing_but_its_source(source: Path, final: Path) -> None:
    done = run(source)
    assert (done.stdout, done.stderr) == ('{"fault": null}', "")
    assert is_whole(final)
    assert [path.name for path in final.parent.iterdir()] == ["2026-01-01"]


def test_killed_anywhere_it_leaves_no_half_version_and_the_next_one_ends_it(source: Path, final: Path) -> None:
    points = 0
    while (killed := run(source, PRELUDE.replace("KILL_AT", str(points + 1)))).returncode == -9:
        points += 1
        assert not final.exists(), points
        assert list(final.parent.iterdir()) in ([], [final.with_name(".import-2026-01-01")])
        assert obey(order(source)) == {"fault": None}
        assert is_whole(final)
        assert [path.name for path in final.parent.iterdir()] == ["2026-01-01"]
        shutil.rmtree(final)
    assert (killed.returncode, killed.stderr) == (0, "")
    assert points >= 9


def test_each_file_and_folder_is_flushed_before_the_rename(
    source: Path, final: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    rename = Path.rename

    def note(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink().name)

    def renamed(path: Path, target: Path) -> Path:
        flushed.append("renamed")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(Path, "rename", renamed)
    assert obey(order(source)) == {"fault": None}
    assert flushed == ["cats.bin", "list.csv", "manifest.yaml", ".import-2026-01-01", "renamed", "cats"]
    assert is_whole(final)


def test_all_may_read_whatever_the_login_s_habit_is(source: Path, final: Path) -> None:
    before = os.umask(0o077)
    try:
        assert obey(order(source)) == {"fault": None}
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (final.parent, final)} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in final.iterdir()} == {0o644}


def test_what_is_in_the_place_stays(source: Path, final: Path) -> None:
    final.mkdir(parents=True)
    assert obey(order(source)) == {"fault": f"{final}: it came there meanwhile; run it again"}
    assert list(final.parent.iterdir()) == [final]
    assert list(final.iterdir()) == []


def test_a_file_that_changed_since_it_was_read(source: Path, final: Path) -> None:
    (source / "old.bin").write_bytes(b"woof")
    assert obey(order(source)) == {"fault": f"{source}/old.bin: it changed while it was imported; run it again"}
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
    assert obey(order(source)) == {"fault": f"{source}/old.bin: {said}"}
    assert list(final.parent.iterdir()) == []


def test_a_full_disk_gets_its_space_back(source: Path, final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "list.csv")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert obey(order(source)) == {"fault": "list.csv: No space left on device; mend that there and run it again"}
    assert list(final.parent.iterdir()) == []


def test_another_import_of_the_model_is_waited_for(source: Path, final: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final.parent.mkdir()
    monkeypatch.setattr(registry_importer, "PATIENCE", 0.2)
    with registry_importer._alone(final.parent):
        said = f"{final.parent}: another import is running there; wait for it and run again"
        assert obey(order(source)) == {"fault": said}
    assert obey(order(source)) == {"fault": None}


def test_a_check_changes_nothing_and_counts_what_a_killed_import_left_as_free(source: Path, final: Path) -> None:
    before = obey(order(source, "check"))
    assert (before["fault"], before["stored"]) == (None, False)
    assert not final.parent.exists()
    staging = final.with_name(".import-2026-01-01")
    staging.mkdir(parents=True)
    with (staging / "half").open("wb") as file:
        file.truncate(1 << 40)
    assert obey(order(source, "check"))["free"] > 1 << 40
    final.symlink_to("nowhere")
    assert obey(order(source, "check"))["stored"]


def test_a_registry_that_is_none(source: Path, final: Path) -> None:
    registry = final.parent.parent
    (registry / "cats").symlink_to(source)
    assert obey(order(source, "check"))["fault"] == (
        f"{registry}/cats: found a link; expected the folder of a model's versions"
    )
    (registry / "cats").unlink()
    registry.rmdir()
    registry.symlink_to("/nosuch/disk")
    line = f"{registry}: found a link; expected the folder of the model registry"
    assert obey(order(source, "check"))["fault"] == line


def test_a_registry_that_is_not_there_is_made(source: Path, final: Path) -> None:
    """U4: nobody else makes it on a new datasink."""
    final.parent.parent.rmdir()
    old = os.umask(0o077)
    try:
        checked = obey(order(source, "check"))
        assert (checked["fault"], checked["stored"], checked["free"] > 0) == (None, False, True)
        assert not final.parent.parent.exists()
        assert obey(order(source))["fault"] is None
    finally:
        os.umask(old)
    assert is_whole(final)
    assert [path.stat().st_mode & 0o777 for path in (final.parent.parent, final.parent, final)] == [0o755] * 3


def test_what_the_registry_lies_in_is_made_too(source: Path) -> None:
    """U4: one more of its kind, a bare host."""
    registry = source.parent / "sentinelcam" / "model_registry"
    asked = {**order(source), "registry": str(registry)}
    assert obey({**asked, "do": "check"})["fault"] is None
    assert obey(asked)["fault"] is None
    assert is_whole(registry / "cats" / "2026-01-01")
