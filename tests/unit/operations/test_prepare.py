"""Mending what a host's system lacks: as stock operations plan it, and nothing where nothing lacks."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyinfra.api import StringCommand
from pyinfra.operations import apt, files, server, systemd

from modelctl.inventory.fleet import Fleet
from operations import prepare
from tests.unit.operations.hosts import StubHost, line, make_host, plan

Told = list[tuple[str, dict[str, Any]]]
RUNNING = "systemd-timesyncd.service"


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What stock operations were told: they ask more of a host than a stub has."""
    said: Told = []

    def stock(name: str) -> Any:
        def operation(**named: Any) -> Iterator[StringCommand]:
            said.append((name, named))
            yield StringCommand(name)

        return operation

    for module, name in ((apt, "packages"), (files, "put"), (server, "user"), (systemd, "service")):
        monkeypatch.setattr(getattr(module, name), "_inner", stock(name))
    return said


@pytest.fixture
def host(fleet: Fleet) -> StubHost:
    made = make_host("lab1", fleet)
    made.facts = {
        "FreeSudo": True, "AbsentPrograms": [], "Users": {"ops": {}}, "Synchronized": True, "Unfinished": False,
        "SystemdStatus": {}, "DebPackages": {"rsync": {"3.5.0"}},
    }  # fmt: skip
    return made


OPERATIONS = (prepare.free_sudo, prepare.install_packages, prepare.make_user, prepare.keep_clock)


def test_a_host_that_lacks_nothing_is_left_alone(host: StubHost, told: Told) -> None:
    """Whatever Debian has by now: not even its lists are fetched."""
    assert [plan(each, host) for each in OPERATIONS] == [[], [], [], []]
    assert told == []


def test_a_sudo_that_wants_a_password(host: StubHost, told: Told) -> None:
    host.facts["FreeSudo"] = False
    plan(prepare.free_sudo, host)
    [(name, named)] = told
    assert (name, named["src"].getvalue()) == ("put", "ops ALL=(ALL) NOPASSWD: ALL\n")
    assert (named["dest"], named["mode"], named["user"]) == ("/etc/sudoers.d/sentinelcam", "440", "root")


def test_programs_that_are_not_there(host: StubHost, told: Told) -> None:
    """Nothing is removed, or upgraded, for them."""
    host.facts["AbsentPrograms"] = ["ssh", "ssh-keygen", "python3"]
    plan(prepare.install_packages, host)
    [(_, named)] = told
    assert named["packages"] == ["openssh-client", "python3"]
    assert "--no-remove" in named["extra_install_args"]
    assert not {"latest", "upgrade", "force"} & set(named)


def test_an_installation_that_was_broken_off_is_ended_first(host: StubHost) -> None:
    host.facts |= {"AbsentPrograms": ["rsync"], "Unfinished": True}
    commands = list(map(line, plan(prepare.install_packages, host)))
    assert commands == ["DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure -a", "packages"]


def test_a_user_that_is_not_there(host: StubHost, told: Told) -> None:
    host.facts["Users"] = {"root": {}}
    plan(prepare.make_user, host)
    assert told == [("user", {"user": "ops", "home": "/home/ops", "ensure_home": True})]


@pytest.mark.parametrize(
    ("packages", "running", "expected"),
    [
        ({}, {}, [("packages", "systemd-timesyncd"), ("service", RUNNING)]),
        ({"chrony": {"4.3"}}, {RUNNING: False}, [("service", "chrony.service")]),
        ({"chrony": {"4.3"}}, {"chrony.service": True}, []),
    ],
)
def test_a_clock_that_nobody_set(
    packages: dict[str, Any], running: dict[str, bool], expected: Any, host: StubHost, told: Told
) -> None:
    """A second program that sets it would be one too many, and a running one is not started anew."""
    host.facts |= {"Synchronized": False, "DebPackages": packages, "SystemdStatus": running}
    plan(prepare.keep_clock, host)
    assert [(name, *named.get("packages", [named.get("service")])) for name, named in told] == expected
    assert all(not named.get("restarted") for _, named in told)


@pytest.mark.parametrize(
    ("fact", "said", "found"),
    [
        (prepare.FreeSudo, ["yes"], True),
        (prepare.FreeSudo, ["no"], False),
        (prepare.FreeSudo, [], False),
        (prepare.AbsentPrograms, ["a banner", "rsync"], ["rsync"]),
        (prepare.Synchronized, ["yes"], True),
        (prepare.Synchronized, [], False),
        (prepare.Unfinished, [], False),
        (prepare.Unfinished, ["The following packages"], True),
    ],
)
def test_what_a_host_says(fact: Any, said: list[str], found: object) -> None:
    assert fact().process(said) == found
