"""Text files that commands write."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelctl import text_file
from modelctl.errors import OperatorError


@pytest.mark.parametrize("ahead", [0, 100], ids=["just now", "the clock went back"])
def test_a_new_text_is_of_a_later_second(tmp_path: Path, ahead: int) -> None:
    path = tmp_path / "registry.py"
    path.write_text("A = 1\n")
    before = int(time.time()) + ahead
    for count in (1, 2):
        os.utime(path, (before, before)) if count == 1 else None
        text_file.replace(path, f"A = {count}\n")
        assert int(path.stat().st_mtime) > before
        before = int(path.stat().st_mtime)


def test_python_imports_the_new_text(tmp_path: Path) -> None:
    """Whoever imports an edit, and its undo within the same second, must not get the edit again."""
    path = tmp_path / "registry.py"
    path.write_text("")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    time.sleep(1 - time.time() % 1)
    for version in ("2026-02-02", "2025-02-25"):
        text_file.replace(path, f"print('{version}')\n")
        done = subprocess.run(
            [sys.executable, "-c", "import registry"], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        assert done.stdout.decode().strip() == version


def test_a_text_is_flushed_before_it_has_its_name_and_the_folder_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "registry.py"
    path.write_text("old")
    flushed: list[tuple[bool, str | None]] = []

    def flush(handle: int) -> None:
        flushed.append((stat.S_ISDIR(os.fstat(handle).st_mode), path.read_text() if path.exists() else None))

    monkeypatch.setattr(os, "fsync", flush)
    text_file.replace(path, "new")
    text_file.remove(path)
    assert flushed == [(False, "old"), (True, "new"), (True, None)]


@pytest.mark.parametrize("act", [lambda path: text_file.replace(path, "x"), text_file.remove, text_file.sweep])
def test_what_the_disk_refuses_is_one_line(tmp_path: Path, act: Callable[[Path], None]) -> None:
    path = tmp_path / "file"
    path.mkdir()
    (tmp_path / ".file.x.unfinished").mkdir()
    with pytest.raises(OperatorError) as caught:
        act(path)
    assert str(caught.value) == f"{path}: Is a directory; expected a file that you may write"
