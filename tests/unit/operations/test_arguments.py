from typing import Any

import pytest
from pyinfra_cli.util import parse_cli_arg

from modelctl.errors import Faults
from operations.arguments import Arguments, parse

MODELS = ("face_recognition", "haarcascades")


def said(**data: str) -> dict[str, Any]:
    """`--data` as pyinfra hands it on."""
    return {key: parse_cli_arg(value) for key, value in data.items()}


def faults(**data: str) -> list[str]:
    with pytest.raises(Faults) as caught:
        parse(said(**data), MODELS)
    return list(caught.value.faults)


def test_nothing_said_means_all() -> None:
    assert parse({}, MODELS) == Arguments(models=None, unlock=False, verify=None)
    assert parse({}, MODELS).selects("anything")


@pytest.mark.parametrize(
    "text",
    ["face_recognition,haarcascades", '["face_recognition","haarcascades"]', "haarcascades, face_recognition"],
)
def test_a_list_can_be_written_both_ways(text: str) -> None:
    assert parse(said(models=text), MODELS).models == frozenset(MODELS)


def test_one_model() -> None:
    found = parse(said(models="haarcascades"), MODELS)
    assert (found.selects("haarcascades"), found.selects("face_recognition")) == (True, False)


@pytest.mark.parametrize("yes", ["yes", "true", "True"])
def test_unlock(yes: str) -> None:
    assert parse(said(unlock=yes), MODELS).unlock is True


def test_verify() -> None:
    assert parse(said(verify="full"), MODELS).verify == "full"


def test_the_connectors_own_keys_pass() -> None:
    assert parse({"ssh_user": "me", "ssh_port": 22}, MODELS) == Arguments()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            {"modles": "haarcascades"},
            "--data modles: found 'haarcascades'; allowed: keys models, unlock, verify; did you mean models?",
        ),
        (
            {"models": "haarcascade"},
            "--data models: found 'haarcascade'; allowed: face_recognition, haarcascades; did you mean haarcascades?",
        ),
        ({"models": ""}, "--data models: found ''; allowed: face_recognition, haarcascades"),
        ({"models": "7"}, "--data models: found '7'; allowed: face_recognition, haarcascades"),
        ({"unlock": "no"}, "--data unlock: found 'no'; allowed: yes"),
        ({"verify": "yes"}, "--data verify: found 'yes'; allowed: full"),
    ],
)
def test_fault(data: dict[str, str], line: str) -> None:
    assert faults(**data) == [line]


def test_all_faults_at_once() -> None:
    assert [line.split(":")[0] for line in faults(models="haarcascades,x,y", unlock="no", verify="no", all="yes")] == [
        "--data all",
        "--data models",
        "--data models",
        "--data unlock",
        "--data verify",
    ]
