"""The journal of a change."""

import fcntl
import stat
from pathlib import Path

import pytest

from modelctl import text_file
from modelctl.changes import journal
from modelctl.errors import OperatorError
from tests.unit.modelctl.fake_changes import WHAT, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é")


def test_what_is_written_is_read(stage: Stage) -> None:
    assert journal.read(stage.checkout) is None
    for change in (stage.change(), stage.change(hosts=(), old="a\r\n\t'\"é\u2028", what="x\n\x1b[2J")):
        journal.write(stage.checkout, change)
        assert journal.read(stage.checkout) == change
    assert journal.read(stage.checkout).in_short == "x ?[2J (anna@ramrod, 2026-11-23T03:00:00Z)"  # type: ignore[union-attr]
    assert stage.git("status", "--porcelain") == ""
    journal.clear(stage.checkout)
    assert journal.read(stage.checkout) is None
    journal.clear(stage.checkout)


def test_it_goes_with_what_killed_writers_left(stage: Stage) -> None:
    path = stage.checkout.private(journal.JOURNAL)
    left = path.with_name(f".{path.name}.x1.unfinished")
    left.touch()
    journal.clear(stage.checkout)
    assert not left.exists()


@pytest.mark.parametrize("text", ["", "{}", '{"what": 1}', "[]", "\x00"])
def test_one_that_cannot_be_read(stage: Stage, text: str) -> None:
    path = stage.checkout.private(journal.JOURNAL)
    path.write_text(text)
    with pytest.raises(OperatorError) as caught:
        journal.read(stage.checkout)
    assert str(caught.value) == (
        f"{path}: it cannot be read; expected the journal of a change; compare inventory/ with git log, deploy, "
        "and remove it"
    )
    path.unlink()
    path.mkdir()
    with pytest.raises(OperatorError, match="it cannot be read"):
        journal.read(stage.checkout)


def test_one_at_a_time(stage: Stage) -> None:
    assert not journal.is_locked(stage.checkout)  # no lock was ever taken
    with journal.locked(stage.checkout):
        pass
    with stage.checkout.private(journal.LOCK).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # as another who asks
        assert not journal.is_locked(stage.checkout)
    with journal.locked(stage.checkout):
        assert journal.is_locked(stage.checkout)
        with pytest.raises(OperatorError) as caught, journal.locked(stage.checkout):
            raise AssertionError
        line = f"{stage.folder}: another change is being made: "
        assert str(caught.value) == f"{line}it has just begun; wait for it and run again"
        journal.write(stage.checkout, stage.change())
        with pytest.raises(OperatorError) as caught, journal.locked(stage.checkout):
            raise AssertionError
        expected = f"{line}{WHAT} (anna@ramrod, 2026-11-23T03:00:00Z); wait for it and run again"
        assert str(caught.value) == expected
    assert not journal.is_locked(stage.checkout)
    assert stage.checkout.private(journal.LOCK).exists()  # a lock file that is there locks nothing


def test_errors_inside_are_not_the_lock_s(stage: Stage) -> None:
    with pytest.raises(FileNotFoundError), journal.locked(stage.checkout):
        raise FileNotFoundError


@pytest.mark.parametrize("name", [journal.LOCK, journal.JOURNAL])
def test_a_file_that_cannot_be_written(stage: Stage, name: str) -> None:
    path = stage.checkout.private(name)
    path.mkdir()
    use = {journal.LOCK: lambda checkout: journal.locked(checkout).__enter__(), journal.JOURNAL: journal.clear}[name]
    with pytest.raises(OperatorError) as caught:
        use(stage.checkout)
    assert str(caught.value) == f"{path}: Is a directory; expected a file that you may write"


class TestTextFiles:
    def test_a_mode_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        for mode in (0o644, 0o600, 0o775):
            text_file.replace(path, "a\r\nb\n")
            assert path.read_bytes() == b"a\r\nb\n"
            if mode == 0o644:
                assert stat.S_IMODE(path.stat().st_mode) == mode
            path.chmod(mode)
            text_file.replace(path, "x")
            assert stat.S_IMODE(path.stat().st_mode) == mode

    def test_only_what_was_left_of_the_file_is_swept(self, tmp_path: Path) -> None:
        kept = [".a[1].py.swp", ".b.py.x.unfinished", "a[1].py", ".a1.py.x.unfinished"]
        for name in [*kept, ".a[1].py.x.unfinished"]:
            (tmp_path / name).touch()
        text_file.sweep(tmp_path / "a[1].py")
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
