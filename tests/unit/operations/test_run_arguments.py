from typing import Any

import pytest
from pyinfra_cli.util import parse_cli_arg

from modelctl.errors import Faults
from operations.run import Arguments, parse_data
from tests.unit.modelctl.sites import fleet as fleet_of
from tests.unit.modelctl.sites import pinned

MODELS = ("face_recognition", "haarcascades")
RUN = ("data1", "lab1", "east", "deepend")
FLEET = fleet_of(pins=pinned())
KNOWN = ", ".join(sorted(FLEET.registry.artefacts))


def parse(data: dict[str, Any]) -> Arguments:
    return parse_data(data, FLEET, RUN)


def said(**data: str) -> dict[str, Any]:
    """`--data` as pyinfra hands it on."""
    return {key: parse_cli_arg(value) for key, value in data.items()}


def faults(**data: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        parse(said(**data))
    return list(caught.value.faults)


def test_nothing_said_means_all() -> None:
    assert parse({}) == Arguments(models=None, unlock=False, verify=None)
    assert parse({}).selects("anything")


@pytest.mark.parametrize(
    "text",
    ["face_recognition,haarcascades", '["face_recognition","haarcascades"]', "haarcascades, face_recognition"],
)
def test_a_list_can_be_written_both_ways(text: str) -> None:
    assert parse(said(models=text)).models == frozenset(MODELS)


def test_one_model() -> None:
    found = parse(said(models="haarcascades"))
    assert (found.selects("haarcascades"), found.selects("face_recognition")) == (True, False)


@pytest.mark.parametrize("yes", ["yes", "true", "True"])
def test_unlock(yes: str) -> None:
    assert parse(said(unlock=yes)).unlock is True


def test_verify() -> None:
    assert parse(said(verify="full")).verify == "full"


def test_the_connectors_own_keys_pass() -> None:
    assert parse({"ssh_user": "me", "ssh_port": 22}) == Arguments()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            {"modles": "haarcascades"},
            "--data modles: found 'haarcascades'; allowed: keys canary, exit, models, older, stage, unlock, verify; "
            "did you mean models?",
        ),
        (
            {"models": "haarcascade"},
            f"--data models: found 'haarcascade'; allowed: {KNOWN}; did you mean haarcascades?",
        ),
        ({"models": ""}, f"--data models: found ''; allowed: {KNOWN}"),
        ({"models": "7"}, f"--data models: found '7'; allowed: {KNOWN}"),
        ({"unlock": "no"}, "--data unlock: found 'no'; allowed: yes"),
        ({"verify": "yes"}, "--data verify: found 'yes'; allowed: full"),
        ({"exit": "change"}, "--data exit: found 'change'; allowed: changes"),
        ({"canary": "lab2"}, "--data canary: found 'lab2'; allowed: data1, east, lab1"),
        ({"canary": "alpha5"}, "--data canary: found 'alpha5'; allowed: data1, east, lab1"),
        ({"canary": "deepend"}, "--data canary: found 'deepend'; allowed: data1, east, lab1"),
        ({"canary": ""}, "--data canary: found ''; allowed: data1, east, lab1"),
        ({"canary": "lab1,data1,east"}, "--data canary: found 'east, lab1'; allowed: one host of a role"),
        ({"older": "eats"}, "--data older: found 'eats'; allowed: data1, deepend, east, lab1; did you mean east?"),
        ({"older": "alpha5"}, "--data older: found 'alpha5'; allowed: data1, deepend, east, lab1"),
    ],
)
def test_fault(data: dict[str, str], line: str) -> None:
    assert faults(**data) == [line]


def test_all_faults_at_once() -> None:
    found = faults(
        models="haarcascades,x,y", unlock="no", verify="no", all="yes", older="lab9", canary="lab9", stage="up"
    )
    assert [line.split(":")[0] for line in found] == [
        "--data all",
        "--data canary",
        "--data models",
        "--data models",
        "--data older",
        "--data stage",
        "--data unlock",
        "--data verify",
    ]


@pytest.mark.parametrize("text", ["data1,lab1", '["data1", "lab1"]'])
def test_hosts_can_be_named(text: str) -> None:
    assert parse(said(older=text, canary=text)).older == {"data1", "lab1"}


def test_no_host_is_allowed_unless_named() -> None:
    assert parse({}).older == frozenset()
