from pathlib import Path

import pytest

from node import services
from node.errors import Refusal
from node.services import Status

RUNNING = "NRestarts=2\nMainPID=41\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
ABSENT = "NRestarts=0\nMainPID=0\nActiveState=inactive\nSubState=dead\nUnitFileState=\n"
TIMER = "ActiveState=active\nSubState=waiting\nUnitFileState=enabled\n"


def stub(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (RUNNING, Status("active", "running", 41, "enabled", 2)),
        (ABSENT, Status("inactive", "dead", 0, "", 0)),
        (TIMER, Status("active", "waiting", 0, "enabled", 0)),
    ],
    ids=["running", "absent", "timer"],
)
def test_status(programs: Path, said: str, status: Status) -> None:
    stub(programs, "systemctl", f"cat <<END\n{said}END")
    assert services.status("engine.service") == status
    assert status.is_running == (status.active == "active")


def test_control_passes_its_words(programs: Path) -> None:
    stub(programs, "systemctl", f'printf "%s\\n" "$@" > {programs}/said')
    services.control("enable", "--quiet", "engine.service")
    assert (programs / "said").read_text().splitlines() == ["enable", "--quiet", "engine.service"]


@pytest.mark.parametrize(
    ("said", "reason"), [("Unit not found.\nSee logs.", "Unit not found."), ("", "no reason given")]
)
def test_a_failed_control_gives_the_first_line(programs: Path, said: str, reason: str) -> None:
    stub(programs, "systemctl", f'echo "{said}" >&2; exit 5')
    with pytest.raises(Refusal) as caught:
        services.control("start", "engine.service")
    assert str(caught.value) == f"systemctl start engine.service: {reason}"


def test_journal_asks_for_the_last_lines(programs: Path) -> None:
    stub(programs, "journalctl", 'echo "$@"; echo end')
    asked, end = services.journal("engine.service", 5).splitlines()
    assert asked == "--unit=engine.service --lines=5 --output=cat --no-pager --quiet"
    assert end == "end"
