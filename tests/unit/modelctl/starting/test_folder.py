"""The folder of a new site: whole, or as it was; and whatever a kill leaves is in nobody's way."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from modelctl.changes import git
from modelctl.errors import OperatorError
from modelctl.starting import folder
from tests.unit.modelctl.starting import new_sites

FILES = ("inventory/site.py", ".github/workflows/site.yml", "README.md")
CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen"})
MOVES = 4
"""What lies at the top of the site."""


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    new_sites.known_to_git(monkeypatch)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path_factory.mktemp("no hooks")))


def make(target: Path, text: str = "one") -> None:
    with folder.new(target) as place:
        for name in FILES:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        git.begin(place).commit_first("Begin")


def steps(target: Path, text: str, kill_before: int = -1) -> int:
    """Make it in a process of its own, killed before a step; how many steps it made."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        made = 0

        def count(event: str, _: object) -> None:
            nonlocal made
            if event in CHANGES:
                if made == kill_before:
                    os.kill(os.getpid(), signal.SIGKILL)
                os.write(writing, b".")
                made += 1

        sys.addaudithook(count)
        with suppress(OperatorError):
            make(target, text)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        found = len(said.read())
    os.waitpid(pid, 0)
    return found


def is_whole(target: Path, text: str) -> bool:
    status = new_sites.git(target, "status", "--porcelain")
    names = new_sites.git(target, "ls-files").splitlines()
    entries = sorted(path.name for path in target.iterdir())
    whole = ("", sorted(FILES), [".git", ".github", "README.md", "inventory"])
    return (status, sorted(names), entries) == whole and (target / FILES[0]).read_text() == text


def test_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "empty", tmp_path / "none" / "yet"):
        make(target)
        assert is_whole(target, "one")


def test_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path())
    assert is_whole(tmp_path, "one")


def test_killed_before_each_step_the_next_one_makes_it(tmp_path: Path) -> None:
    count = steps(tmp_path / "whole", "one")
    assert is_whole(tmp_path / "whole", "one")
    assert count > 10
    for step in range(count):
        assert steps(tmp_path / str(step), "one", step) == step
        make(tmp_path / str(step), "two")
        assert is_whole(tmp_path / str(step), "two"), step


def half_moved(target: Path, count: int) -> None:
    """As one leaves it that was killed when it had moved half of the site up."""
    assert steps(target, "one", count - 3 - MOVES // 2) > MOVES  # three steps take the folder within away
    assert {path.name for path in target.iterdir()} == {".git", ".github", folder.STAGE}


def test_killed_while_it_takes_away_what_a_killed_one_left(tmp_path: Path) -> None:
    count = steps(tmp_path / "whole", "one")
    for step in range(0, count, 3):
        half_moved(tmp_path / str(step), count)
        steps(tmp_path / str(step), "two", step)
        make(tmp_path / str(step), "three")
        assert is_whole(tmp_path / str(step), "three"), step


@pytest.mark.parametrize("name", ["notes.txt", ".github/workflows/site.yml", ".github/other.yml"])
def test_what_somebody_wrote_beside_a_killed_ones_stays(tmp_path: Path, name: str) -> None:
    target = tmp_path / "site"
    half_moved(target, steps(tmp_path / "whole", "one"))
    (target / name).write_text("mine")
    with pytest.raises(OperatorError, match=r"there, beside what a killed command left; expected an empty folder, or "):
        make(target)
    assert (target / name).read_text() == "mine"


def test_a_folder_in_use_is_refused_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "b.txt").touch()
    (tmp_path / "a.txt").touch()
    with pytest.raises(OperatorError) as caught:
        make(tmp_path)
    expected = "found a.txt there; expected an empty folder, or none yet: name another"
    assert str(caught.value) == f"{tmp_path}: {expected}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]


def fail(target: Path) -> None:
    with folder.new(target) as place:
        (place / "x").touch()
        raise OperatorError("no")


@pytest.mark.parametrize("name", ["none yet", "."])
def test_a_fault_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(OperatorError, match=r"^no$"):
        fail(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once(tmp_path: Path) -> None:
    with folder.new(tmp_path / "site") as place:
        (place / "x").touch()
        with pytest.raises(OperatorError, match=r"site: another command makes a site there just now; wait for it, "):
            make(tmp_path / "site")
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("file", "Not a directory"),
        ("file/x", "Not a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("loop/x", "Too many levels of symbolic links"),
        ("dangling", "File exists"),
    ],
)
def test_where_nothing_can_be_written(tmp_path: Path, target: str, why: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(OperatorError) as caught:
        make(tmp_path / target)
    expected = "expected a folder that you may write to, empty or not there yet"
    assert str(caught.value) == f"{tmp_path / target}: {why}; {expected}"


def test_a_name_that_no_folder_could_have(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"x\.\.\.: File name too long; expected a folder that you may write to, "):
        make(tmp_path / ("x" * 300))
