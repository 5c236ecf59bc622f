"""Hosts as pyinfra's operations see them, without a connection."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from pyinfra.api import BaseStateCallback, Host, StringCommand
from pyinfra.context import ctx_host

from modelctl.desired.desired_state import desired
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.bundle import bundle
from modelctl.product import CHECKOUT
from node.desired_state import DesiredState
from node.protocol.facts import DatasinkState, Facts, PullAccess, SetState, StackState
from operations import facts
from operations.run import Run, run_of
from tests.unit.modelctl.sites import fleet as fleet_of
from tests.unit.modelctl.sites import pinned, site

SINK_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAAA"


class StubState:
    """A run of some hosts, in its prediction until a test says that it executes."""

    def __init__(self, inventory: "StubInventory") -> None:
        self.inventory = inventory
        self.is_executing = False
        self.config = SimpleNamespace(DIFF=False)
        self.pool = SimpleNamespace(size=20)
        self.failed_hosts: list[StubHost] = []
        self.handlers: list[BaseStateCallback] = []
        self.is_host_in_limit: Callable[[StubHost], bool] = lambda _: True

    def fail_hosts(self, hosts: Iterable["StubHost"]) -> None:
        self.failed_hosts.extend(hosts)

    def add_callback_handler(self, handler: BaseStateCallback) -> None:
        self.handlers.append(handler)


class StubInventory(list["StubHost"]):
    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__()
        self.data = data
        self.state = StubState(self)

    def get_override_data(self) -> dict[str, Any]:
        return self.data


class StubHost:
    """A host that asks nobody: whatever a plan reads beyond its facts fails the test."""

    def __init__(self, name: str, fleet: Fleet, inventory: StubInventory) -> None:
        self.name = name
        self.data = SimpleNamespace(fleet=fleet, site_folder=CHECKOUT)
        self.inventory = inventory
        self.state = inventory.state
        self.said: list[str] = []
        self.facts: dict[str, Any] = {}

    def noop(self, text: str) -> None:
        self.said.append(text)

    def log(self, text: str, *_: object) -> None:
        self.said.append(text)

    def log_styled(self, text: str, **_: object) -> None:
        self.said.append(text)

    def get_fact(self, fact: type, **_: object) -> Any:
        return self.facts[fact.__name__]


def make_fleet(folder: Path) -> Fleet:
    """The default site, pinned, with its keys in a folder."""
    (folder / "known_hosts").write_text(f"192.168.10.50 ssh-ed25519 {SINK_KEY} data1\n")
    changed = site(known_hosts=folder / "known_hosts", pull_ca=folder / "pull_ca")
    return fleet_of(changed, pins=pinned(("face_recognition", "2025-02-25")))


def make_host(name: str, fleet: Fleet, **data: Any) -> StubHost:
    """A host alone in its inventory."""
    [host] = make_hosts([name], fleet, **data)
    return host


def make_hosts(names: Iterable[str], fleet: Fleet, **data: Any) -> list[StubHost]:
    """Hosts in one inventory, in this order."""
    inventory = StubInventory(data)
    inventory.extend(StubHost(name, fleet, inventory) for name in names)
    return list(inventory)


def as_host(host: StubHost) -> Host:
    return cast("Host", host)


def run_for(host: StubHost) -> Run:
    """The run that a host is in."""
    return run_of(as_host(host).state)


def desired_for(host: StubHost) -> DesiredState:
    """What a host should hold, and what is asked of it in its run."""
    return run_for(host).desired(host.name)


def gather(host: StubHost) -> Facts | None:
    """What a host holds, as its operations learn it."""
    return facts.gather(as_host(host), run_for(host))


def settled(host: StubHost) -> Facts:
    """What a host answers that holds all that it should."""
    wanted = desired(host.data.fleet, host.name)
    return Facts(
        current_program=bundle().digest,
        damaged=[],
        absent_folders=[],
        missing_versions=[],
        stack=StackState(libusb=False, rule=False, group=False, to_restart=[], udevd=True) if wanted.stack else None,
        face_list=[],
        sets={
            each.service: SetState(
                each.digest, each.models, [], None, None, False, None, {}, "unknown", None, known_good=False
            )
            for each in wanted.sets
        },
        pull_access=PullAccess(None, None, None),
        history=[],
        datasink=DatasinkState(True, [], [], {}, []) if wanted.source.local else None,
    )


def told(found: Facts, **changes: Any) -> Facts:
    """The same answer of a datasink that says something else of its registry."""
    assert found.datasink is not None
    return found._replace(datasink=found.datasink._replace(**changes))


def with_set(found: Facts, **changes: Any) -> Facts:
    """The same answer with another state of its only set."""
    [(service, state)] = found.sets.items()
    return found._replace(sets={service: state._replace(**changes)})


def plan(operation: Callable[..., Any], host: StubHost, *args: Any) -> list[StringCommand]:
    """The commands of an operation on a host."""
    with ctx_host.use(host):
        commands: Iterator[StringCommand] = operation._inner(run_for(host), *args)  # type: ignore[attr-defined]
        return list(commands)


def predict(operation: Callable[..., Any], host: StubHost, *args: Any) -> StringCommand | None:
    """The first command of an operation, as pyinfra's prediction asks for it; None when nothing would change."""
    with ctx_host.use(host):
        commands: Iterator[StringCommand] = operation._inner(run_for(host), *args)  # type: ignore[attr-defined]
        return next(commands, None)


def line(command: StringCommand) -> str:
    return command.get_raw_value().replace(bundle().digest, "DIGEST")


def message(command: StringCommand) -> Any:
    """The JSON on a command's standard input, but for the number of its format."""
    [text] = input_lines(command)
    found = json.loads(text) if text else None
    return {name: value for name, value in found.items() if name != "format"} if isinstance(found, dict) else found


def input_lines(command: StringCommand) -> list[str]:
    """What a command of root's reads on its standard input."""
    arguments = dict[str, Any](command.connector_arguments)
    assert arguments["_sudo"] is True
    return list(arguments["_stdin"].readlines())
