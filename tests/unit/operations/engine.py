"""Runs of pyinfra itself over hosts that answer what a test says, without a connection."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from pyinfra import logger
from pyinfra.api import Config, Host, Inventory, State, StringCommand
from pyinfra.api.connect import connect_all, disconnect_all
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.operations import run_ops
from pyinfra.connectors.base import BaseConnector
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra.context import ctx_state
from pyinfra_cli.prints import build_plan_json, build_results_json
from pyinfra_cli.util import load_deploy_file

import operations.run
from modelctl.closing.host_end import HostEnd
from modelctl.inventory.fleet import Fleet, groups
from modelctl.product import CHECKOUT
from modelctl.prune import roots
from node import protocol
from node.layout import PYTHON
from node.protocol import dumps
from node.protocol.facts import Facts, History, HistoryEntry
from node.protocol.retention import HostReferences
from node.protocol.steps import SwitchResult
from operations import facts, mends
from operations.closing import closing_of
from tests.unit.operations.clock import Clock
from tests.unit.operations.hosts import make_host, settled

mends.apply()
HOSTS = ("data1", "sentinel", "lab1", "east", "alpha5", "deepend")  # the last has no service
NODE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2bSWSpA9WOXUg/jX9CmeIbJWIYKZPdyxUMTnTCfCHO sentinelcam-pull@lab1"


@dataclass
class Node:
    """A host. `is_known_good` says that it goes back, `ending` how it answers a switch, `seconds` how long that
    takes.
    """

    name: str
    answer: Facts
    clock: Clock
    is_settled: bool = True
    is_known_good: bool = False
    is_up: bool = True
    ending: str = "chosen"
    seconds: float = 0.02
    text: str | None = None  # what it says in place of the answer
    pull_key: list[str] = field(default_factory=lambda: [NODE_KEY])  # the lines of its public half
    history: list[HistoryEntry] = field(default_factory=list)  # all of it
    questions: int = 0
    said: list[str] = field(default_factory=list)

    def gather(self, host: Host) -> Facts | None:
        self.questions += 1
        if not self.is_up:
            host.state.fail_hosts({host})
            return None
        differences = [] if self.is_settled else ["chosen set none, wanted ab"]
        states = self.answer.sets.items()
        sets = {name: state._replace(differences=differences, known_good=self.is_known_good) for name, state in states}
        return self.answer._replace(sets=sets)

    def tell(self, words: Sequence[str]) -> list[str] | None:
        """What it says when it is asked for a fact, None of another command."""
        if words[0] == "cat":
            return self.pull_key
        if self.text is not None:
            return self.text.split("\n")
        return [protocol.dumps(History(self.history))] if words[len(PYTHON) + 1] == "history" else None

    def run(self, name: str) -> tuple[bool, list[str]]:
        """Whether a command succeeds, and what it says on standard output."""
        if name != "switch":
            return True, []
        self.clock.sleep(self.seconds)
        if self.ending == "lost":
            raise OSError("connection lost")
        if self.ending == "chosen":
            self.is_settled = True
            self.answer.history.append(entry(self.name, len(self.answer.history) + 1))
        [service] = self.answer.sets
        told = [] if self.ending == "silent" else [dumps(SwitchResult({service: self.ending}))]
        return self.ending == "chosen", told


def entry(host: str, number: int, **changes: Any) -> HistoryEntry:
    """A line of a node's history."""
    line = HistoryEntry(
        number, "2026-11-22T23:40:00Z", host, "imagenode", "anna@ramrod", "pyinfra", "d0", "d1", "unknown",
        outcome="chosen",
    )  # fmt: skip
    return line._replace(**changes)


class Engine:
    """A fleet of such nodes, and pyinfra runs of deploys/configs.py over it."""

    def __init__(self, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fleet = fleet
        self.clock = Clock()
        self.nodes = {name: Node(name, settled(make_host(name, fleet)), self.clock) for name in HOSTS}
        self.events: list[str] = []
        self.ask = facts._ask
        monkeypatch.setattr(facts, "_ask", self._answer)
        self.roots: list[dict[str, HostReferences]] = []
        monkeypatch.setattr(roots, "add", lambda _, __, hosts, ___: self.roots.append(hosts))
        monkeypatch.chdir(CHECKOUT)
        self.monkeypatch = monkeypatch

    def _answer(self, host: Host, run: operations.run.Run) -> Facts | None:
        node = self[host.name]
        return node.gather(host) if node.text is None else self.ask(host, run)

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def unsettle(self, *names: str) -> None:
        for name in names:
            self.nodes[name].is_settled = False

    def run(
        self, *modes: str, limit: Sequence[str] = (), parallel: int = 0, seconds: float | None = None,
        program: str = "deploys/configs.py", **data: Any,
    ) -> "Run":  # fmt: skip
        """Predict, then run; `modes` may name yes (-y: no prediction) and serial. It is broken off after so long."""
        state = self._state(limit, parallel, data, is_predicted="yes" not in modes)
        shown: list[str] = []
        self.monkeypatch.setattr(logger, "info", shown.append)
        run = Run(shown)
        with ctx_state.use(state):
            connect_all(state)
            load_deploy_file(state, program)
            run.predicted = _named(build_plan_json(state), "hosts_with_change")
            run.foreseen = _ends(state, is_whole=True)
            self.events.clear()
            try:
                with self.clock.limit(seconds):
                    run_ops(state, serial="serial" in modes)
            except (PyinfraError, KeyboardInterrupt) as error:
                run.error = str(error)
            results = build_results_json(state)
            run.changed, run.failed = _named(results["operations"], "success"), set(results["failed_hosts"])
            disconnect_all(state)
            run.ends = _ends(state, is_whole=run.error is None)
            run.is_whole = closing_of(state, run.error is None).is_whole
        return run

    def _state(self, limit: Sequence[str], parallel: int, data: dict[str, Any], is_predicted: bool = True) -> State:
        made = groups(self.fleet, CHECKOUT)
        names, shared = made["all"]
        inventory = Inventory(([name for name, _ in names if name in self.nodes], shared), override_data=data)
        for host in inventory:
            cast("Any", host).connector_cls = _connector(self)
        limited = [host for host in inventory if host.name in limit] if limit else None
        state = State(inventory, Config(PARALLEL=parallel), initial_limit=limited, check_for_changes=is_predicted)
        state.cwd = str(CHECKOUT)
        return state


@dataclass
class Run:
    """What pyinfra predicted and did, by operation, and what it showed; `error` is what ended it before its end. What
    the closing word says of each host, after the prediction and at the end.
    """

    shown: list[str]
    predicted: dict[str, set[str]] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    error: str | None = None
    ends: dict[str, HostEnd] = field(default_factory=dict)
    foreseen: dict[str, HostEnd] = field(default_factory=dict)
    is_whole: bool = False

    @property
    def report(self) -> list[str]:
        starts = [number for number, line in enumerate(self.shown) if line.startswith("--> Rollout")]
        return self.shown[starts[0] :] if starts else []


def _ends(state: State, is_whole: bool) -> dict[str, HostEnd]:
    return {each.name: each for each in closing_of(state, is_whole).hosts}


def _named(operations: list[dict[str, Any]], hosts: str) -> dict[str, set[str]]:
    return {each["name"]: set(each[hosts]) for each in operations if each[hosts]}


def _connector(engine: Engine) -> type[BaseConnector]:
    class Scripted(BaseConnector):
        """Answers as the host's node does, and notes what began and ended when."""

        @staticmethod
        def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
            yield name, {}, []

        def connect(self) -> None:
            if not engine[self.host.name].is_up:
                raise ConnectError("Could not connect")

        def run_shell_command(self, command: StringCommand, *_: object, **__: object) -> tuple[bool, CommandOutput]:
            words, node = shlex.split(command.get_raw_value()), engine[self.host.name]
            if words[0] == "printf":
                node.said.append(words[2])
                return False, CommandOutput([OutputLine("stderr", words[2])])
            lines = node.tell(words)
            if lines is not None:
                return True, CommandOutput([OutputLine("stdout", line) for line in lines])
            name = words[len(PYTHON) + 1]
            engine.events.append(f"{node.name} {name}")
            succeeded, lines = node.run(name)
            engine.events.append(f"{node.name} {name} ended")
            return succeeded, CommandOutput([OutputLine("stdout", line) for line in lines])

        def put_file(self, *_: object, **__: object) -> bool:
            raise NotImplementedError

        def get_file(self, *_: object, **__: object) -> bool:
            raise NotImplementedError

    return Scripted
