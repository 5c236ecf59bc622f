import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.desired_state import Source
from node.errors import Refusal
from node.pull import access, transfer
from node.store import files
from tests.unit.node.places import LIMITS, Place

FAR = Source("depot", "192.0.2.1", "ops", Path("/registry"), local=False)
NAME = "cats/2026-01-01/cats.bin"
LOST = (12, "Timeout, server 192.0.2.1 not responding.")
RESUMES = "check that it is up, then run again: the pull resumes"


@dataclass
class Clock:
    """Time that passes only in pauses."""

    pauses: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def monotonic(self) -> float:
        return sum(self.pauses)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(transfer, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def key() -> None:
    """What deploys/access.py gives a node."""
    access.install("certificate\n", "known hosts\n")
    (layout.access() / "pull_key").write_text("key\n")


def stub(place: Place, programs: Path, *outcomes: tuple[int, str], bytes_each: int = 0, version: str = "3.5.0") -> Path:
    """An rsync that ends in these ways, one after the other and then in the last one for ever.

    It brings some bytes each time, and notes how it was called.
    """
    calls, staged = programs / "calls", place.staging / NAME
    lines = [f"echo {message!r} >&2; exit {code}" for code, message in outcomes]
    cases = "\n".join(f"{number}) {line};;" for number, line in enumerate(lines[:-1], 1))
    program = programs / "rsync"
    program.write_text(
        "#!/bin/sh\n"
        f"[ $1 != --version ] || exec echo rsync  version {version}  protocol version 31\n"
        f"printf '%s\\n' \"$@\" >> {calls}; cat >> {calls}; echo END >> {calls}\n"
        f"mkdir -p {staged.parent}; head -c {bytes_each} /dev/zero >> {staged}\n"
        f"case $(grep -c ^END {calls}) in\n{cases}\n*) {lines[-1]};;\nesac\n"
    )
    program.chmod(0o755)
    return calls


def tries(calls: Path) -> int:
    return calls.read_text().count("END\n")


def fetch(place: Place, source: Source = FAR, patience: int = LIMITS.pull_patience) -> None:
    place.staging.mkdir(parents=True, exist_ok=True)
    transfer.fetch(source, [NAME], place.staging, LIMITS._replace(pull_patience=patience))


def refusal(place: Place, source: Source = FAR, patience: int = LIMITS.pull_patience) -> str:
    with pytest.raises(Refusal) as caught:
        fetch(place, source, patience)
    return str(caught.value)


def test_it_asks_for_its_names_by_its_own_shell(place: Place, programs: Path) -> None:
    calls = stub(place, programs, (0, ""))
    fetch(place)
    said = calls.read_text().splitlines()
    assert said[-4:-1] == ["ops@192.0.2.1:/", "./", NAME]
    assert f"--rsh={transfer.ssh(LIMITS.pull_timeout)}" in said


def test_a_dead_link_is_noticed_by_the_shell_before_rsync(place: Place, programs: Path) -> None:
    """rsync would leave the shell behind, which holds the pull's lock."""
    calls = stub(place, programs, (0, ""))
    fetch(place)
    assert f"--timeout={2 * LIMITS.pull_timeout}" in calls.read_text().splitlines()


def test_an_ipv6_address_is_bracketed(place: Place, programs: Path) -> None:
    calls = stub(place, programs, (0, ""))
    fetch(place, FAR._replace(address="fd00::1"))
    assert "ops@[fd00::1]:/" in calls.read_text()


@pytest.mark.parametrize(("version", "is_compressed"), [("3.1.3", False), ("3.2.0", True), ("3.5.0", True)])
def test_chunks_are_small_where_rsync_can_make_them_so(
    place: Place, programs: Path, version: str, is_compressed: bool
) -> None:
    calls = stub(place, programs, (0, ""), version=version)
    fetch(place)
    assert ("--compress" in calls.read_text().splitlines()) == is_compressed


@pytest.mark.parametrize("code", [10, 12, 20, 30, 255])
def test_a_lost_link_is_tried_again(place: Place, programs: Path, code: int, clock: Clock) -> None:
    calls = stub(place, programs, (code, "ssh: connection refused"), (0, ""))
    fetch(place, patience=60)
    assert tries(calls) == 2
    assert clock.pauses == [1]


def test_an_rsync_that_was_killed_is_started_again(place: Place, programs: Path) -> None:
    calls = stub(place, programs, (0, ""), (0, ""))
    program = programs / "rsync"
    program.write_text(program.read_text().replace("1) echo '' >&2; exit 0", "1) kill -KILL $$"))
    fetch(place, patience=60)
    assert tries(calls) == 2


def test_pauses_grow_to_a_limit(place: Place, programs: Path, clock: Clock) -> None:
    stub(place, programs, (255, "ssh: no route"))
    refusal(place, patience=30)
    assert clock.pauses == [1, 2, 4, 8, 8]


def test_it_gives_up_after_a_time_without_a_byte_and_says_why(place: Place, programs: Path) -> None:
    calls = stub(place, programs, (255, "ssh: no route"), (255, "\nssh: connection refused.\nrsync: unexplained error"))
    message = refusal(place, patience=20)
    assert message == f"pull from depot (192.0.2.1): ssh: connection refused, and nothing came for 20 s; {RESUMES}"
    assert tries(calls) == 5


def test_it_goes_on_as_long_as_bytes_come(place: Place, programs: Path, clock: Clock) -> None:
    stub(place, programs, *[LOST] * 8, (0, ""), bytes_each=10)
    fetch(place, patience=5)
    assert clock.pauses == [1] * 8


def test_its_patience_begins_anew_with_each_byte(place: Place, programs: Path, clock: Clock) -> None:
    calls = stub(place, programs, LOST, bytes_each=10)
    program = programs / "rsync"
    program.write_text(program.read_text().replace("head", f"[ $(grep -c ^END {calls}) -eq 3 ] && head"))
    refusal(place, patience=9)
    assert clock.pauses == [1, 2, 1, 2, 4]


@pytest.mark.parametrize("code", [12, 255])
def test_what_no_retry_mends_is_refused_at_once(place: Place, programs: Path, code: int, clock: Clock) -> None:
    stub(place, programs, (code, "@@@@@@@\nHost key verification failed.\nrsync: connection unexpectedly closed"))
    message = refusal(place, patience=60)
    assert message.startswith("pull from depot (192.0.2.1): Host key verification failed; see who answers there;")
    assert clock.pauses == []


def test_a_datasink_that_cannot_serve_is_not_asked_again(place: Place, programs: Path, clock: Clock) -> None:
    stub(place, programs, (127, "bash: line 1: rrsync: command not found"))
    assert refusal(place, patience=60) == (
        "pull from depot (192.0.2.1): bash: line 1: rrsync: command not found (rsync's exit code 127); mend that and "
        "run again"
    )
    assert clock.pauses == []


def test_a_node_without_pull_access_does_not_even_try(place: Place, programs: Path) -> None:
    calls = stub(place, programs, (0, ""))
    (layout.access() / "pull_key").unlink()
    assert refusal(place) == f"{layout.access()}/pull_key: missing; run deploys/access.py, then run again"
    assert not calls.exists()


@pytest.mark.parametrize("code", [11, 23])
def test_a_full_disk_is_not_tried_again(place: Place, programs: Path, code: int) -> None:
    calls = stub(place, programs, (code, "rsync: write failed: No space left on device (28)"), bytes_each=10)
    assert refusal(place, patience=60) == (
        f"{place.models}: the disk is full; free some space and run again: the pull resumes"
    )
    assert tries(calls) == 1
    assert (place.staging / NAME).stat().st_size == 10


def test_another_trouble_with_the_disk_is_not_called_full(place: Place, programs: Path) -> None:
    stub(place, programs, (11, "rsync: mkdir failed: Read-only file system (30)"))
    assert refusal(place, patience=60) == (
        f"{place.models}: rsync: mkdir failed: Read-only file system (30); mend that and run again"
    )


def test_what_comes_is_synced_while_more_comes(
    place: Place, programs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A power cut must not cost the whole pull."""
    synced = tmp_path / "synced"
    watch = f"for _ in $(seq 100); do [ ! -e {synced} ] || exit 0; sleep 0.05; done; exit 11"
    stub(place, programs, (0, ""), bytes_each=10)
    program = programs / "rsync"
    program.write_text(program.read_text().replace("case", f"{watch}\ncase"))

    def observe(moment: str, path: Path) -> None:
        if (moment, path) == ("after sync", place.staging / NAME):
            synced.touch()

    monkeypatch.setattr(files, "observer", observe)
    fetch(place)
    assert synced.exists()


def test_what_does_not_change_is_not_synced_again(
    place: Place, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = place.staging / NAME
    files.folder(staged.parent)
    staged.touch()
    staged.with_name("more.bin").touch()
    stub(place, programs, (0, ""), bytes_each=10)
    program = programs / "rsync"
    program.write_text(program.read_text().replace("case", "sleep 0.1\ncase"))
    synced: list[Path] = []
    monkeypatch.setattr(transfer, "SYNC_PAUSE", 0.01)
    monkeypatch.setattr(files, "observer", lambda _, path: synced.append(path))
    transfer.fetch(FAR, [NAME, "cats/2026-01-01/more.bin"], place.staging, LIMITS)
    assert synced == [staged, staged]


class QuickProcess(subprocess.Popen[bytes]):
    """One that has ended before anybody looks at what it does."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self.wait()


@pytest.mark.parametrize("process", [subprocess.Popen, QuickProcess])
def test_what_came_last_is_synced_too(
    place: Place, programs: Path, monkeypatch: pytest.MonkeyPatch, process: type["subprocess.Popen[bytes]"]
) -> None:
    monkeypatch.setattr(subprocess, "Popen", process)
    stub(place, programs, (11, "disk trouble"), bytes_each=10)
    synced: list[Path] = []
    monkeypatch.setattr(files, "observer", lambda _, path: synced.append(path))
    refusal(place)
    assert set(synced) == {place.staging / NAME}


class TestWithTheRealRsync:
    @pytest.fixture
    def near(self, place: Place) -> Source:
        """A source on this machine, with one file."""
        place.stored("cats", "2026-01-01", {"cats.bin": bytes(range(256)) * 1000})
        (place.staging / NAME).parent.mkdir(parents=True)
        return place.desired().source

    def test_a_name_that_the_registry_lacks_is_no_error_here(self, place: Place, near: Source) -> None:
        transfer.fetch(near, [NAME, "cats/2026-01-01/none"], place.staging, LIMITS)
        staged = place.staging / "cats" / "2026-01-01"
        assert [path.name for path in staged.iterdir()] == ["cats.bin"]

    def test_what_is_staged_is_appended_to_and_not_looked_at(self, place: Place, near: Source) -> None:
        """What it costs to resume must not grow with what is there."""
        (place.staging / NAME).write_bytes(b"start")
        transfer.fetch(near, [NAME], place.staging, LIMITS)
        assert (place.staging / NAME).read_bytes() == b"start" + (place.registry / NAME).read_bytes()[5:]

    @pytest.mark.parametrize("surplus", [b"", b"more"])
    def test_a_whole_file_is_mended_whatever_its_size_and_time(
        self, place: Place, near: Source, surplus: bytes
    ) -> None:
        stored, staged = place.registry / NAME, place.staging / NAME
        staged.write_bytes(bytes(stored.stat().st_size) + surplus)
        os.utime(staged, ns=(0, stored.stat().st_mtime_ns))
        transfer.fetch(near, [NAME], place.staging, LIMITS)
        assert staged.read_bytes() != stored.read_bytes()
        transfer.mend(near, [NAME], place.staging, LIMITS)
        assert staged.read_bytes() == stored.read_bytes()


def test_the_operators_environment_changes_nothing(
    place: Place, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are in one language, and no compression is chosen that is slow or has long chunks."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("RSYNC_COMPRESS_LIST", "zstd")
    program = programs / "rsync"
    program.write_text(f'#!/bin/sh\necho "$LC_ALL, $RSYNC_COMPRESS_LIST" > {programs}/found\n')
    program.chmod(0o755)
    fetch(place)
    assert (programs / "found").read_text() == "C, lz4 zlibx\n"
