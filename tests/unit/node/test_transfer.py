import json
import os
from pathlib import Path

import pytest

from node import layout, transfer
from node.errors import Refusal
from node.orders import Source
from tests.unit.node.places import LIMITS, Place

FAR = Source("depot", "192.0.2.1", "ops", Path("/registry"), local=False)


def stub(programs: Path, *outcomes: tuple[int, str]) -> Path:
    """An rsync that ends in these ways, one after the other, and notes how it was called."""
    calls = programs / "calls"
    lines = [f"echo {message!r} >&2; exit {code}" for code, message in outcomes]
    cases = "\n".join(f"{number}) {line};;" for number, line in enumerate(lines, 1))
    program = programs / "rsync"
    program.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\n' \"$@\" >> {calls}; cat >> {calls}; echo END >> {calls}\n"
        f"case $(grep -c ^END {calls}) in\n{cases}\nesac\n"
    )
    program.chmod(0o755)
    return calls


def tries(calls: Path) -> int:
    return calls.read_text().count("END\n")


def fetch(place: Place) -> None:
    place.staging.mkdir(parents=True)
    transfer.fetch(FAR, ["cats/2026-01-01/cats.bin"], place.staging, LIMITS)


def test_it_asks_with_its_own_key_and_the_known_host_key_only(place: Place, programs: Path) -> None:
    calls = stub(programs, (0, ""))
    fetch(place)
    said = calls.read_text().splitlines()
    assert said[-4:-1] == ["ops@192.0.2.1:/", f"{place.staging}/", "cats/2026-01-01/cats.bin"]
    assert "--timeout=5" in said
    [shell] = [word for word in said if word.startswith("--rsh=")]
    assert shell.startswith(f"--rsh=ssh -F none -i {layout.access()}/pull_key ")
    for option in ("BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none"):
        assert f"-o {option}" in shell
    assert f"-o UserKnownHostsFile={layout.access()}/known_hosts" in shell


def test_an_ipv6_address_is_bracketed(place: Place, programs: Path) -> None:
    calls = stub(programs, (0, ""))
    place.staging.mkdir(parents=True)
    transfer.fetch(FAR._replace(address="fd00::1"), ["a"], place.staging, LIMITS)
    assert "ops@[fd00::1]:/" in calls.read_text()


def test_a_lost_link_is_tried_again(place: Place, programs: Path) -> None:
    calls = stub(programs, (255, "ssh: connection refused"), (0, ""))
    fetch(place)
    assert tries(calls) == 2


def test_the_last_try_says_why(place: Place, programs: Path) -> None:
    calls = stub(programs, (255, "ssh: no route"), (255, "\nssh: connection refused\nrsync: unexplained error"))
    with pytest.raises(Refusal) as caught:
        fetch(place)
    assert str(caught.value) == (
        "pull from depot (192.0.2.1): ssh: connection refused, 2 tries; check that it is up and that deploys/access.py "
        "ran for it, then run again: the pull resumes"
    )
    assert tries(calls) == 2


@pytest.mark.parametrize("code", [11, 23])
def test_a_full_disk_is_not_tried_again(place: Place, programs: Path, code: int) -> None:
    calls = stub(programs, (code, "rsync: write failed: No space left on device (28)"))
    with pytest.raises(Refusal, match="the disk is full"):
        fetch(place)
    assert tries(calls) == 1


def test_another_trouble_with_the_disk_is_not_called_full(place: Place, programs: Path) -> None:
    stub(programs, (11, "rsync: mkdir failed: Read-only file system (30)"))
    with pytest.raises(Refusal, match=r"^/.*/models: rsync: mkdir failed: Read-only file system \(30\); mend"):
        fetch(place)


def test_a_name_that_the_registry_lacks_is_no_error_here(place: Place) -> None:
    place.stored("cats", "2026-01-01", {"cats.bin": b"meow"})
    place.staging.mkdir(parents=True)
    local = FAR._replace(local=True, registry=place.registry)
    transfer.fetch(local, ["cats/2026-01-01/cats.bin", "cats/2026-01-01/none"], place.staging, LIMITS)
    staged = place.staging / "cats" / "2026-01-01"
    assert [path.name for path in staged.iterdir()] == ["cats.bin"]


def test_the_reserve_stays_free(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = list(os.statvfs(place.root))
    fields[4] = 5_000_000 // fields[1]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
    wanted = {file.name: file for file in place.wanted("cats", "2026-01-01", {"a": bytes(3_000_000)}).files}
    transfer.check_space(wanted, place.staging, LIMITS)
    with pytest.raises(Refusal, match=r"3\.0 MB needed, 1\.0 MB free beside a reserve of 4\.0 MB"):
        transfer.check_space(wanted, place.staging, LIMITS._replace(reserve_bytes=4_000_000))


def test_messages_do_not_depend_on_the_language(place: Place, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    program = programs / "rsync"
    program.write_text(f'#!/bin/sh\necho "[\\"$LC_ALL\\"]" > {programs}/language\n')
    program.chmod(0o755)
    fetch(place)
    assert json.loads((programs / "language").read_text()) == ["C"]
