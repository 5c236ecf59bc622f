"""What all stand-ins do, and the datapump's, as the real programs do."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cases import each
from tests.unit.lab.standins import STANDINS, Home, ask, comes, connects, free_port

FACES = "date,event,timestamp,name\n2024-01-01,a,12:00,ann\n2024-01-01,a,12:01,ben\n2024-01-02,a,12:02,ann\n"


def datapump(home: Home, faces: str | None = FACES, logs: str = "") -> int:
    """Write the config of a datapump, and its face list; its port."""
    path, port = home.path / "facelist.csv", free_port()
    if faces is not None:
        path.write_text(faces)
    log = {"handlers": {"file": {"filename": str(home.path / logs / "datapump.log")}}}
    home.write("datapump.yaml", {"control_port": port, "facefile": str(path), "logconfig": log})
    return port


def test_datapump_counts_the_events_that_its_face_list_locks(home: Home) -> None:
    port = datapump(home)
    process = home.start("datapump")
    status = home.settled("datapump")
    paths = [str(home.path / name) for name in ("datapump.yaml", "facelist.csv")]
    assert status["opened"] == {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}
    assert (status["pid"], status["config"], status["errors"]) == (process.pid, paths[0], {})
    assert (status["config_sha256"], status["locked_events"]) == (status["opened"][paths[0]], 2)
    assert (ask(port, {"cmd": "HC"}), ask(port, {"cmd": "idx"})) == ("OK", "Error")


@each(
    "faces, logs",
    [(None, ""), ("", ""), ("date,event,name\n2024-01-01,a,ann\n", ""), (FACES, "missing")],
)
def test_datapump_ends_before_it_opens_its_port(tmp_path: Path, faces: str | None, logs: str) -> None:
    """Without a face list, an empty one, one without time stamps, and without its logs folder."""
    (tmp_path / "facelist.csv").unlink(missing_ok=True)
    home = Home(tmp_path)
    port = datapump(home, faces, logs)
    assert home.start("datapump").wait(20) == 1
    assert not connects(port)


def test_an_ordered_exit_says_its_words(home: Home) -> None:
    port = datapump(home)
    assert home.start("datapump", exit=[3, "no such setting"]).wait(20) == 3
    assert home.journal.read_text() == "no such setting\n"
    assert not connects(port)


def test_orders_apply_only_while_the_config_has_their_text(home: Home) -> None:
    datapump(home)
    home.start("datapump", when="another config", exit=[3, "never said"])
    assert home.settled("datapump")


def test_a_crash_and_a_kill_come_when_they_are_ordered(home: Home) -> None:
    datapump(home)
    assert home.start("datapump", crash_after=0.1).wait(20) == 1
    assert home.start("datapump", killed_after=0.1).wait(20) == -signal.SIGKILL


def test_a_port_can_stay_closed_open_late_and_close_again(home: Home) -> None:
    port = datapump(home)
    closed = home.start("datapump", port_after=None)
    home.settled("datapump")
    assert not connects(port)
    closed.kill()
    home.start("datapump", port_after=0.1, port_until=0.6)
    comes(lambda: connects(port), "port open")
    comes(lambda: not connects(port), "port closed again")


def test_a_deaf_service_hears_no_sigterm(home: Home) -> None:
    datapump(home)
    process = home.start("datapump", deaf=True)
    home.settled("datapump")
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.4)


def test_files_can_be_locked_removed_and_torn(home: Home) -> None:
    locked, removed, torn = (Path(home.model(name)) for name in ("locked", "removed", "torn"))
    datapump(home)
    process = home.start("datapump", lock=str(locked), remove=str(removed), tear=str(torn))
    home.settled("datapump")
    assert (locked.stat().st_mode & 0o777, removed.exists(), torn.stat().st_size) == (0, False, 4000)
    process.terminate()
    assert (process.wait(20), torn.stat().st_size) == (0, 2000)


def test_sentinel_task_notes_what_it_asks_and_waits_for_a_sentinel(tmp_path: Path) -> None:
    log = tmp_path / "sentinel_task.log"
    with subprocess.Popen(
        [sys.executable, STANDINS / "sentinel_task.py", "-t", "DailyCleanup", "--sink", "data2"],
        cwd=tmp_path,
    ) as process:
        comes(log.exists, "note of the task")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.4)
        process.kill()
    assert log.read_text().split()[1:] == ["DailyCleanup", "data2"]
