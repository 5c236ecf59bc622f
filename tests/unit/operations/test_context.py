"""The run that a host is in."""

import pytest

from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from operations import context
from operations.context import arguments_of, hosts_of, needed_by
from tests.unit.operations.hosts import as_host, make_hosts


def test_its_hosts(fleet: Fleet) -> None:
    data1, lab1, east = make_hosts(["data1", "lab1", "east"], fleet)
    lab1.state.is_host_in_limit = lambda host: host is not lab1
    assert hosts_of(as_host(east).state) == [as_host(data1), as_host(east)]


def test_only_hosts_of_the_run_can_be_named(fleet: Fleet) -> None:
    lab1, east = make_hosts(["lab1", "east"], fleet, older="east")
    assert arguments_of(as_host(lab1)).older == {"east"}
    lab1, east = make_hosts(["lab1", "east"], fleet, older="east")
    lab1.state.is_host_in_limit = lambda host: host is not east
    with pytest.raises(Faults, match=r"^--data older: found 'east'; allowed: lab1$"):
        arguments_of(as_host(lab1))


def test_what_the_operator_says_is_read_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = make_hosts(["lab1", "east"], fleet, unlock="yes")
    assert arguments_of(as_host(hosts[0])).unlock
    monkeypatch.delattr(context, "parse")
    assert arguments_of(as_host(hosts[1])).unlock


def test_what_the_hosts_need_is_read_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    [lab1] = make_hosts(["lab1"], fleet)
    first = needed_by(as_host(lab1).state)
    monkeypatch.delattr(context, "desired")
    assert needed_by(as_host(lab1).state) == first
