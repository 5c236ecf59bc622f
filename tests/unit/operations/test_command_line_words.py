"""The first word of a pyinfra command, and what it must not be."""

import pytest
from pyinfra.operations import server
from pyinfra_cli.inventory import make_inventory

from modelctl.errors import OperatorError
from operations import command_line
from tests.chandler import INVENTORY
from tests.unit.cases import each

EXPECTED = "expected an inventory file, as inventory.py"
SETTINGS = {"parallel": 0, "retry": None, "retry_delay": 3, "fail_percent": 100, "no_wait": False}
EXEC, OURS = ("exec", "true"), ("deploys/models.py",)


def refusal(name: str, operations: tuple[str, ...] = EXEC) -> str:
    with pytest.raises(OperatorError) as caught:
        command_line.require_hosts(name, operations, has_address=False)
    return str(caught.value)


@each("name", ["nosuch.py", "../nosuch/inventory.py", "nosuch/", "a,b.py"])
def test_no_file_of_such_a_name(name: str) -> None:
    """S8: nothing to do on no host is an error."""
    assert refusal(name) == f"{name}: no such file; {EXPECTED}"


@each("name", ["lab/inventry.py", "lab/inventory_.py"])
def test_the_nearest_name_is_shown(name: str) -> None:
    assert refusal(name) == f"{name}: no such file; {EXPECTED}; did you mean lab/inventory.py?"


@each("name", ["east", "localhost", "east,lab1", "@local", "lab.inventory", "tests.chandler:INVENTORY", "a,"])
def test_our_deploys_need_a_site(name: str) -> None:
    """S8: a host's name in place of the inventory."""
    assert refusal(name, OURS) == (
        f"{name}: no such file; {EXPECTED}, and the hosts after --limit: "
        "pyinfra inventory.py deploys/models.py --limit HOST"
    )


@each("name", ["nosuchhost.invalid", "lab.nosuch", ".", "a\x00b", "a..b", "x" * 5000])
def test_nobody_of_that_name(name: str) -> None:
    assert ("found a folder" if name == "." else "no such file, and no host") in refusal(name)


@each("name", [",", "127.0.0.1,", "@local, ,a"])
def test_a_gap(name: str) -> None:
    assert refusal(name) == f"{name}: found an empty name; expected hosts as a,b"


@each("name", [str(INVENTORY), "@local", "a,b", "127.0.0.1", "tests.chandler:INVENTORY"])
def test_what_pyinfra_finds_hosts_in(name: str) -> None:
    command_line.require_hosts(name, EXEC, has_address=False)


def test_any_name_whose_address_is_told() -> None:
    command_line.require_hosts("nosuchhost.invalid", EXEC, has_address=True)


def test_pyinfra_still_takes_just_these() -> None:
    """As `command_line` has it."""
    assert len(make_inventory("a,b")) == 2
    assert len(make_inventory("nosuchhost.invalid")) == 0


def test_work() -> None:
    for example in ("exec", "fact"):
        with pytest.raises(OperatorError, match=f"^{example}: found nothing to do; expected pyinfra INVENTORY"):
            command_line.require_work((example,))
        command_line.require_work((example, "true"))
    command_line.require_work(("debug-inventory",))
    command_line.require_work(OURS)


def test_values() -> None:
    command_line.require_values(["a=b", "c="])
    with pytest.raises(OperatorError, match=r"^--data: found ''; allowed: KEY=VALUE$"):
        command_line.require_values(["a=b", ""])


def test_numbers() -> None:
    command_line.require_settings(SETTINGS)
    with pytest.raises(OperatorError, match=r"^--retry-delay: found -1; allowed: 0 or more$"):
        command_line.require_settings({**SETTINGS, "retry_delay": -1})


def test_waiting() -> None:
    with pytest.raises(OperatorError, match=r"^--no-wait: found .*; run it without --no-wait$"):
        command_line.require_settings({**SETTINGS, "no_wait": True})


def test_arguments() -> None:
    command_line.require_arguments(
        "server.user", server.user, ["ops"], {"home": "/home/ops", "_sudo": True, "name": "x"}
    )
    command_line.require_arguments("server.shell", server.shell, [], {"commands": "true"})
    with pytest.raises(OperatorError) as caught:
        command_line.require_arguments("server.shell", server.shell, [], {"nosuch": 1})
    assert str(caught.value) == "server.shell: missing a required argument: 'commands'; allowed: commands"
