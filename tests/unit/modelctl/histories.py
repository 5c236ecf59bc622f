"""Histories of a small fleet, two operators and their registry: what a sweep may meet in the years."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelctl.nodes import travelling
from modelctl.nodes.remote import NoAnswer
from modelctl.prune import roots
from node.protocol.retention import AddRoots
from node.registry.roots import DAY
from node.store import history
from operations import cleanup
from tests.unit.modelctl.checkouts import HOSTS, MODELS, Checkout, Node, Run, labels
from tests.unit.modelctl.simulated_datasink import Datasink

VERSIONS = ("2025-01-01", "2025-01-01.2", "2025-01-01.10", "2025-01-02", "2025-02-01", "2025-03-01")
OPERATORS = ("anna", "bert", "carl")
RETENTION = 1
WANTED, NAMED, UNNAMED = 35 * DAY, 90 * DAY, 35 * DAY
"""So long stays what a checkout wanted in its last run, what hosts hold that it names, or has named."""

_SECONDS = cache(history.seconds)


class World:
    """A fleet, its checkouts and its datasink. Each step is told by three numbers, and checks what must be true."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.sink = Datasink()
        self.nodes = {host: Node() for host in HOSTS}
        self.is_lost = False
        self.removed = 0
        self.told: dict[str, tuple[int, AddRoots]] = {}
        self.named: dict[str, int] = {}
        """When a host was named last by a checkout that runs."""
        self._patch(patch)
        for label in (f"{model}/{version}" for model in MODELS for version in VERSIONS[:5]):
            self.sink.store(label)
        self.checkouts: list[Checkout] = []
        self._folder = folder
        for _ in range(2):
            self.join()
        self.sink.back_up()

    def _patch(self, patch: pytest.MonkeyPatch) -> None:
        clock = self.sink.clock
        now = SimpleNamespace(
            now=lambda zone: datetime.fromtimestamp(clock.passed, zone), fromisoformat=datetime.fromisoformat
        )
        patch.setattr(history, "seconds", _SECONDS)
        patch.setattr(roots, "datetime", now)
        patch.setattr(roots, "operator", lambda: "operator")
        patch.setattr(travelling, "ask_as_root", self._hear)
        patch.setattr(cleanup, "run_of", lambda run: run)
        patch.setattr(cleanup, "last_answer", lambda host: self._run.answer(host))

    def _hear(self, _fleet: object, _command: object, told: AddRoots, _seconds: float) -> None:
        if self.is_lost:
            raise NoAnswer("data1: no answer")
        self.sink.add(told)
        self.told[told.clone.name] = (self.sink.clock.passed, told)

    def step(self, kind: int, a: int, b: int) -> None:
        steps: tuple[Callable[[int, int], Any], ...] = (
            self.publish, self.lose, self.promote, self.commit, self.roll_back, self.override, self.clear,
            self.deploy, self.deploy, self.limit, self.limit, self.begin, self.carry_on, self.revert, self.go_away,
            self.grow_dumb, self.lose_sink, self.lose_sink, self.back_up, self.restore, self.forget, self.set_clock,
            self.set_right, self.reboot, self.join, self.change_hosts, self.wait, self.sweep, self.week, self.week,
            self.week,
        )  # fmt: skip
        self.sink.pass_time(0)
        steps[kind % len(steps)](a, b)
        self._note_named()

    def join(self, _: int = 0, __: int = 0) -> None:
        """One more operator; the third is in no backup that was made before."""
        if len(self.checkouts) < len(OPERATORS):
            folder = self._folder / OPERATORS[len(self.checkouts)]
            folder.mkdir(parents=True)
            self.checkouts.append(Checkout(folder, RETENTION, dict.fromkeys(MODELS, VERSIONS[3])))
            self.deploy(len(self.checkouts) - 1)

    def forget(self, _: int = 0, __: int = 0) -> None:
        """The datasink loses what it was told, where all have told: a first run there cannot know of others."""
        if len(self.told) == len(OPERATORS):
            self.sink.forget()

    def publish(self, a: int, b: int) -> None:
        """Also one that was removed, with the same manifest."""
        self.sink.store(self._label(a, b))

    def lose(self, a: int, b: int) -> None:
        """Somebody removes a version by hand that nobody needs."""
        if self._label(a, b) not in self.needed():
            self.sink.stored.pop(self._label(a, b), None)

    def promote(self, a: int, b: int) -> None:
        """`modelctl promote`: the datasink is told before the change is committed; then a deploy."""
        checkout = self._checkout(a)
        before = checkout.fleet()
        was = dict(checkout.current), dict(checkout.previous)
        self.commit(a, b)
        try:
            roots.add(checkout.folder, [before, checkout.fleet()], {})
        except NoAnswer:
            checkout.current, checkout.previous = was
        else:
            self.deploy(a)

    def commit(self, a: int, b: int) -> None:
        """Somebody names another version in registry.py, or pulls that, and runs nothing yet."""
        checkout, model, version = self._checkout(a), MODELS[a // 2 % len(MODELS)], VERSIONS[b % len(VERSIONS)]
        if version != checkout.current[model] and f"{model}/{version}" in self.sink.stored:
            checkout.previous[model], checkout.current[model] = checkout.current[model], version

    def roll_back(self, a: int, _: int = 0) -> None:
        checkout, model = self._checkout(a), MODELS[a // 2 % len(MODELS)]
        if model in checkout.previous:
            self.promote(a, VERSIONS.index(checkout.previous[model]))

    def override(self, a: int, b: int) -> None:
        checkout, host = self._checkout(a), HOSTS[b // 6 % len(HOSTS)]
        model, version = MODELS[a // 2 % len(MODELS)], VERSIONS[b % len(VERSIONS)]
        if f"{model}/{version}" not in self.sink.stored:
            return
        with suppress(NoAnswer):
            before = checkout.fleet()
            checkout.overrides[host][model] = version
            roots.add(checkout.folder, [before, checkout.fleet()], {})
        self.limit(a, b // 6)

    def clear(self, a: int, b: int) -> None:
        self._checkout(a).overrides[HOSTS[b % len(HOSTS)]].pop(MODELS[a // 2 % len(MODELS)], None)

    def deploy(self, a: int, _: int = 0) -> None:
        self._begin(a, set(HOSTS))
        self.carry_on(a)

    def limit(self, a: int, b: int) -> None:
        """A run with `--limit`."""
        self._begin(a, {HOSTS[b % len(HOSTS)]})
        self.carry_on(a)

    def begin(self, a: int, _: int = 0) -> None:
        """A run has told the datasink, and is slow to change its hosts."""
        self._begin(a, set(HOSTS))

    def carry_on(self, a: int, _: int = 0) -> None:
        begun, self._checkout(a).begun = self._checkout(a).begun, {}
        for host, versions in begun.items():
            if labels(versions) <= set(self.sink.stored):
                self.nodes[host].choose(versions)

    def revert(self, a: int, _: int = 0) -> None:
        """At the node's console."""
        node = self.nodes[HOSTS[a % len(HOSTS)]]
        if node.previous:
            node.chosen, node.previous = node.previous, node.chosen

    def go_away(self, a: int, _: int = 0) -> None:
        node = self.nodes[HOSTS[a % len(HOSTS)]]
        node.is_up = not node.is_up

    def grow_dumb(self, a: int, _: int = 0) -> None:
        node = self.nodes[HOSTS[a % len(HOSTS)]]
        node.is_able = not node.is_able

    def lose_sink(self, _: int = 0, __: int = 0) -> None:
        """Nobody can reach the datasink, or can again; its timer goes on."""
        self.is_lost = not self.is_lost

    def back_up(self, _: int = 0, __: int = 0) -> None:
        self.sink.back_up()

    def restore(self, a: int, b: int) -> None:
        self.sink.restore(a % 3 != 1, a % 3 != 0, is_lost=b % 2 == 0)

    def set_clock(self, a: int, b: int) -> None:
        """Forwards or backwards, and it says that it is right, or not."""
        self.sink.set_clock((a - 15) * 5 * DAY + 1000, is_synchronised=b % 2 == 0)

    def set_right(self, _: int = 0, __: int = 0) -> None:
        self.sink.set_clock(0, is_synchronised=True)

    def reboot(self, a: int, b: int) -> None:
        self.sink.reboot((a - 15) * 5 * DAY + 1000 if b % 3 == 0 else 0)

    def change_hosts(self, a: int, b: int) -> None:
        """A host is removed from a checkout, or added to it again; no run tells of it yet."""
        checkout = self._checkout(a)
        checkout.hosts = checkout.hosts ^ {HOSTS[b % len(HOSTS)]} or checkout.hosts

    def wait(self, a: int, _: int = 0) -> None:
        """Some days pass; the runs that had begun are given up."""
        self._pass(1 + a)

    def week(self, a: int, b: int) -> None:
        self._pass(5 + a % 5)
        self.sweep(a, b)

    def sweep(self, _: int = 0, __: int = 0) -> None:
        """Nothing that somebody needs goes, and just what a dry run shows."""
        needed, before, now = self.needed(), set(self.sink.stored), self.sink.clock.moment.time
        shown = {each.label for each in self.sink.decide().unneeded if each.due <= now}
        gone = self.sink.sweep()
        assert gone == shown == before - set(self.sink.stored)
        assert not gone & needed, gone & needed
        self.removed += len(gone)
        if self.sink.decide().held is None:
            self._require_on_record()

    def _require_on_record(self) -> None:
        """What a host starts from does not stay by luck: its own roots name it, or those of a checkout."""
        told = {label for _, each in self.told.values() for label in each.clone.versions}
        for host in self._hosts():
            lacking = self.nodes[host].named - self.sink.named_by(host) - told
            assert not lacking, f"{host}: {lacking}"

    def finish(self) -> None:
        """Quiet weeks, in which every host is read: all that nobody needs goes, and nothing else.

        Then all operators but one give up, and what they alone needed goes too.
        """
        self.is_lost = False
        self.set_right()
        for node in self.nodes.values():
            node.is_up = node.is_able = True
        everybody = range(len(self.checkouts))
        for a in (*everybody, *everybody):
            self._pass(1)
            self.deploy(a)
        wanted = self._wanted()
        is_held = self._quiet(everybody, 12, sweeps=2)
        named = {host for _, told in self.told.values() for host in told.clone.hosts}
        ending = set().union(*(self.sink.named_by(host) for host in set(HOSTS) - named))
        assert is_held or set(self.sink.stored) == self._wanted(ending), "after two sweeps in range"
        self._quiet(everybody, 12, sweeps=3)
        assert set(self.sink.stored) == wanted & set(self.sink.stored) == self._wanted()
        self._quiet((0,), 30, sweeps=8)
        assert set(self.sink.stored) == self._wanted()

    def _quiet(self, runs: Sequence[int], days: int, sweeps: int) -> bool:
        """Tell whether a sweep was held: by roots that were lost, or came from a backup."""
        is_held = False
        for _ in range(sweeps):
            for a in runs:
                self.deploy(a)
            is_held |= self.sink.decide().held is not None
            self.sweep()
            self._pass(days)
        return is_held

    def _wanted(self, ending: Iterable[str] = ()) -> set[str]:
        """What is needed of what is stored, and the most recent others; `ending`: what roots name that end later."""
        needed = self.needed().union(ending)
        found = needed & set(self.sink.stored)
        for model in MODELS:
            others = {f"{model}/{each}" for each in VERSIONS} & set(self.sink.stored) - needed
            found.update(sorted(others, key=lambda label: VERSIONS.index(label.partition("/")[2]))[-RETENTION:])
        return found

    def needed(self) -> set[str]:
        """What hosts start from, or may be brought, and what the checkouts wanted in their last runs."""
        self._note_named()
        found = set[str]()
        for host in self._hosts():
            found |= self.nodes[host].named
        for checkout in self.checkouts:
            found.update(*map(labels, checkout.begun.values()))
        for time, told in self.told.values():
            if self.sink.clock.passed - time < WANTED:
                found.update(told.clone.versions)
        return found

    def _hosts(self) -> list[str]:
        """Those that a checkout names, or has named not long ago."""
        return [host for host, time in self.named.items() if self.sink.clock.passed - time < UNNAMED]

    def _note_named(self) -> None:
        for time, told in self.told.values():
            until = min(self.sink.clock.passed, time + NAMED)
            self.named.update({host: max(until, self.named.get(host, until)) for host in told.clone.hosts})

    def _pass(self, days: int) -> None:
        for checkout in self.checkouts:
            checkout.begun = {}
        self.sink.pass_time(days)
        self._note_named()

    def _begin(self, a: int, limit: set[str]) -> None:
        self._run = Run(self._checkout(a), self.nodes, limit)
        self._run.begin()

    def _checkout(self, a: int) -> Checkout:
        return self.checkouts[a % len(self.checkouts)]

    def _label(self, a: int, b: int) -> str:
        return f"{MODELS[a % len(MODELS)]}/{VERSIONS[b % len(VERSIONS)]}"
