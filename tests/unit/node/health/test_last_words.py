import os
import time
from pathlib import Path

import pytest

from node.errors import Unknown
from node.health import last_words
from node.machine import journal, processes
from node.store.rights import Owner
from tests.unit.node.machine.test_services import stub
from tests.unit.node.places import uid

FIRST = "Starting imagenode.py"
USER = Owner(uid(), uid())
OLD = f"2026-11-26 10:00:00,000 ~ {FIRST}\n2026-11-26 10:00:01,000 ~ of the start before\n"
NEW = [f"2026-11-26 09:00:00,000 ~ {FIRST}", "2026-11-26 09:00:01,000 ~ KeyError", "Traceback (most recent call last):"]


@pytest.fixture
def path(home: Path) -> Path:
    return home / "imagenode.log"


def read(path: Path, age: float = 60) -> list[str]:
    """The lines of a start so many seconds ago."""
    return last_words.in_log(path, USER, processes.now() - age, FIRST)


def test_the_lines_of_this_start_though_the_clock_was_set_back(path: Path) -> None:
    path.write_text(OLD + "\n".join(NEW))
    assert read(path) == NEW


def test_a_file_that_was_rotated_since(path: Path) -> None:
    path.write_text("\n".join(NEW[1:]))
    assert read(path) == NEW[1:]


def test_the_end_of_a_long_one(path: Path) -> None:
    path.write_text("x" * last_words.MOST + "\nlast")
    assert read(path)[-1] == "last"
    assert sum(map(len, read(path))) < last_words.MOST


@pytest.mark.parametrize("moment", [-3600, 3600])
def test_a_start_that_wrote_nothing(path: Path, moment: float) -> None:
    """The lines are of a start before; in the future nothing was written, but the clock was set."""
    path.write_text(OLD)
    os.utime(path, (0, time.time() + moment))
    assert read(path) == []


def test_no_log(path: Path) -> None:
    assert read(path) == []


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "unreadable"])
def test_what_the_user_may_not_read_or_is_no_file(path: Path, kind: str) -> None:
    if kind == "link":
        path.symlink_to("/etc/shadow")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.write_text(OLD)
        path.chmod(0o600)
    with pytest.raises(Unknown, match=r"^the log could not be read: "):
        read(path)


@pytest.fixture
def started(programs: Path) -> None:
    """A unit that was started once."""
    said = ["ActiveState=failed", "SubState=failed", "UnitFileState=enabled", f"InvocationID={'0123456789abcdef' * 2}"]
    stub(programs, "systemctl", f"printf '%s\\n' {' '.join(said)}")


@pytest.mark.usefixtures("started")
def test_what_is_still_on_its_way_to_the_journal_is_waited_for(programs: Path) -> None:
    arrived = programs / "arrived"
    stub(programs, "journalctl", f'[ "$1" = --sync ] && exec touch {arrived}; [ -e {arrived} ] && echo last')
    assert last_words.in_journal("engine.service") == ["last"]


@pytest.mark.usefixtures("started")
def test_journal_shows_nothing_that_a_terminal_would_obey(programs: Path) -> None:
    stub(programs, "journalctl", r"printf 'a\033[2Jb\tc\nd \377\n'")
    assert last_words.in_journal("engine.service") == ["a?[2Jb?c", "d \ufffd"]


@pytest.mark.usefixtures("started")
def test_a_journal_that_hangs_is_done_without(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SECONDS", 0.3)
    stub(programs, "journalctl", "exec sleep 60")
    assert last_words.in_journal("engine.service") == []


@pytest.mark.usefixtures("started")
def test_a_long_line_of_the_journal_is_cut(programs: Path) -> None:
    stub(programs, "journalctl", "printf '%0500d\\nlast\\n' 0")
    assert last_words.in_journal("engine.service") == ["0" * 300, "last"]
