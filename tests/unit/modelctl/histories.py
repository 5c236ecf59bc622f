"""Histories of a small fleet and its registry, told by random numbers: what a clean-up may meet in the years."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Protocol, cast

from modelctl.prune.delete_list import TIME

from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.remote import NoAnswer
from modelctl.prune import prune_registry
from modelctl.prune.prune_registry import Answer, Plan
from modelctl.prune.retention import Pair
from node.protocol.registry import ListedVersion, Listing
from node.protocol.versions import DeleteList, Listed, Sight

MODELS = ("cats", "dogs")
HOSTS = ("lab1", "east")
VERSIONS = ("2025-01-01", "2025-01-01.2", "2025-01-01.10", "2025-01-02", "2025-02-01", "2025-03-01")
RETENTION, GRACE = 1, 7
START = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(pair: Pair, content: int) -> bytes:
    return f"{'/'.join(pair)} {content}".encode()


def size(pair: Pair, content: int) -> int:
    """Of its one file."""
    return 100 * VERSIONS.index(pair[1]) + content + 1


class Depot(Protocol):
    """The primary datasink: a registry, the delete-list, the program that removes."""

    def store(self, pair: Pair, content: int) -> None: ...
    def lose(self, pair: Pair) -> None: ...
    def listing(self) -> Listing: ...
    def state(self, now: str) -> DeleteList: ...
    def write(self, plan: Plan) -> None: ...
    def spare(self, pairs: Iterable[Pair], hosts: Mapping[str, Iterable[Pair]]) -> None: ...
    def retire(self, now: str) -> int:
        """Run the clean-up; returns the bytes that it says it freed."""
        ...


@dataclass
class PureDepot:
    """A datasink as it should be, without a disk."""

    stored: dict[Pair, int] = field(default_factory=dict)
    entries: list[Listed] = field(default_factory=list)
    seen: dict[str, Sight] = field(default_factory=dict)
    done: set[Listed] = field(default_factory=set)

    def store(self, pair: Pair, content: int) -> None:
        self.stored.setdefault(pair, content)

    def lose(self, pair: Pair) -> None:
        self.stored.pop(pair, None)

    def listing(self) -> Listing:
        models: dict[str, dict[str, ListedVersion]] = {}
        for (model, version), content in self.stored.items():
            files = {"m": size((model, version), content), "manifest.yaml": 0}
            models.setdefault(model, {})[version] = ListedVersion(files, manifest((model, version), content))
        return Listing(models, 0, 0)

    def state(self, now: str) -> DeleteList:
        entries = [entry for entry in self.entries if entry not in self.done]
        return DeleteList(now=now, digest="0" * 64, entries=entries, seen=self.seen)

    def write(self, plan: Plan) -> None:
        self.entries, self.seen = plan.entries, dict(plan.seen)

    def spare(self, pairs: Iterable[Pair], hosts: Mapping[str, Iterable[Pair]]) -> None:
        spared = set(pairs)
        self.entries = [entry for entry in self.entries if entry.pair not in spared]
        for host in set(hosts) & set(self.seen):
            named = {model: list(versions) for model, versions in self.seen[host].named.items()}
            for model, version in hosts[host]:
                named.setdefault(model, []).append(version)
            self.seen[host] = Sight(time=self.seen[host].time, named=named)

    def retire(self, now: str) -> int:
        listed, freed = self.listing().versions, 0
        for entry in self.entries:
            there = listed.get(entry.pair)
            if there is None or entry in self.done or entry.due > now:
                continue
            if sha256(there.manifest or b"").hexdigest() != entry.manifest:
                continue
            del self.stored[entry.pair]
            self.done.add(entry)
            freed += entry.bytes
        return freed


@dataclass
class Node:
    """A host: what its chosen and its previous set name, and whether it can be asked."""

    chosen: dict[str, str] = field(default_factory=dict)
    previous: dict[str, str] = field(default_factory=dict)
    is_up: bool = True
    is_able: bool = True
    """Whether it can tell what its sets name."""

    def named(self) -> dict[str, list[str]]:
        pairs = {*self.chosen.items(), *self.previous.items()}
        return {model: sorted(version for each, version in pairs if each == model) for model, _ in pairs}


class World:
    """A fleet, its checkout and its datasink. Each step is told by three numbers, and checks what must be true."""

    def __init__(self, depot: Depot) -> None:
        self.depot = depot
        self.days = 0
        self.current = dict.fromkeys(MODELS, VERSIONS[3])
        self.previous: dict[str, str] = {}
        self.overrides: dict[str, dict[str, str]] = {host: {} for host in HOSTS}
        self.nodes = {host: Node() for host in HOSTS}
        self.plan: Plan | None = None
        self.removed = 0
        for model in MODELS:
            for version in VERSIONS[:5]:
                depot.store((model, version), 0)
        for host in HOSTS:
            self._deploy(host)

    @property
    def now(self) -> str:
        return (START + timedelta(days=self.days)).strftime(TIME)

    def step(self, kind: int, a: int, b: int) -> None:
        steps: tuple[Callable[[int, int], None], ...] = (
            self.store, self.promote, self.roll_back, self.override, self.clear, self.deploy, self.revert, self.go_away,
            self.grow_dumb, self.look, self.write, self.write, self.wait, self.wait, self.lose, self.plan_ahead,
        )  # fmt: skip
        steps[kind % len(steps)](a, b)

    def store(self, a: int, b: int) -> None:
        self.depot.store(self._pair(a, b), a % 3)

    def promote(self, a: int, b: int) -> None:
        """Somebody names another version in registry.py, and deploys to all hosts that are up."""
        model, version = self._pair(a, b)
        if version != self.current[model] and self._is_stored((model, version)):
            self.current[model], self.previous[model] = version, self.current[model]
            self._deploy_all()

    def roll_back(self, a: int, _: int) -> None:
        """`modelctl rollback --previous`; without hosts that it could move."""
        model = MODELS[a % len(MODELS)]
        version = self.previous.get(model)
        if version is not None and self._is_stored((model, version)):
            self.depot.spare([(model, version)], {})
            self.current[model], self.previous[model] = version, self.current[model]

    def override(self, a: int, b: int) -> None:
        """`modelctl override`: the host is asked first, so it is up."""
        host, (model, version) = HOSTS[a % len(HOSTS)], self._pair(a // 2, b)
        if self._is_stored((model, version)) and self.nodes[host].is_up:
            self.depot.spare([(model, version)], {host: [(model, version)]})
            self.overrides[host][model] = version
            self._deploy(host)

    def plan_ahead(self, a: int, b: int) -> None:
        """Somebody names an override in site.py, and makes a new list before any deploy."""
        host, (model, version) = HOSTS[a % len(HOSTS)], self._pair(a // 2, b)
        if self._is_stored((model, version)) and self._decide() is not None:
            self.overrides[host][model] = version
            self.write(a, b)

    def clear(self, a: int, b: int) -> None:
        self.overrides[HOSTS[a % len(HOSTS)]].pop(MODELS[b % len(MODELS)], None)

    def deploy(self, _: int, __: int) -> None:
        self._deploy_all()

    def revert(self, a: int, _: int) -> None:
        """At the node's console, or by itself after a bad switch."""
        node = self.nodes[HOSTS[a % len(HOSTS)]]
        if node.previous:
            node.chosen, node.previous = node.previous, node.chosen

    def go_away(self, a: int, _: int) -> None:
        node = self.nodes[HOSTS[a % len(HOSTS)]]
        node.is_up = not node.is_up

    def grow_dumb(self, a: int, _: int) -> None:
        node = self.nodes[HOSTS[a % len(HOSTS)]]
        node.is_able = not node.is_able

    def look(self, _: int, __: int) -> None:
        """A dry run; looking again says the same."""
        self.plan = self._decide()
        assert self._decide() == self.plan

    def write(self, a: int, b: int) -> None:
        """`modelctl prune registry --yes`: what it writes is what a dry run shows."""
        self.look(a, b)
        if self.plan is not None:
            self.depot.write(self.plan)
            assert self.depot.state(self.now).entries == self.plan.entries

    def wait(self, a: int, _: int) -> None:
        """Some days pass, and the timer starts the clean-up."""
        self.days += 1 + a % 9
        state, before = self.depot.state(self.now), self.depot.listing().versions
        freed = self.depot.retire(self.now)
        after = self.depot.listing().versions
        gone = set(before) - set(after)
        assert {pair: after[pair] for pair in after} == {pair: before[pair] for pair in after}
        assert gone <= {entry.pair for entry in state.entries or () if entry.due <= self.now}
        assert gone.isdisjoint(self._referenced())
        assert freed == sum(before[pair].bytes for pair in gone)
        self.removed += len(gone)

    def lose(self, a: int, b: int) -> None:
        """Somebody removes a version by hand, perhaps one that is listed."""
        if self._pair(a, b) not in self._referenced():
            self.depot.lose(self._pair(a, b))

    def finish(self) -> None:
        """What a list says is what then happens, when its time comes and nothing comes between."""
        self.write(0, 0)
        if self.plan is None:
            return
        self.days += GRACE
        before = self.depot.listing().versions
        freed = self.depot.retire(self.now)
        assert freed == sum(entry.bytes for entry in self.plan.entries)
        assert set(before) - set(self.depot.listing().versions) == {entry.pair for entry in self.plan.entries}
        assert {entry.pair for entry in self.plan.entries}.isdisjoint(self._referenced())

    def _pair(self, a: int, b: int) -> Pair:
        return MODELS[a % len(MODELS)], VERSIONS[b % len(VERSIONS)]

    def _is_stored(self, pair: Pair) -> bool:
        return pair in self.depot.listing().versions

    def _wanted(self, host: str) -> dict[str, str]:
        return {**self.current, **self.overrides[host]}

    def _deploy_all(self) -> None:
        """The datasink is in the run also when no other host is up."""
        self.depot.spare(self._named(), {})
        for host, node in self.nodes.items():
            if node.is_up:
                self._deploy(host)

    def _deploy(self, host: str) -> None:
        """With the datasink in the run, as a full deploy has it."""
        wanted, node = self._wanted(host), self.nodes[host]
        if all(map(self._is_stored, wanted.items())):
            self.depot.spare({*self._named(), *wanted.items()}, {host: list(wanted.items())})
            if wanted != node.chosen:
                node.chosen, node.previous = wanted, node.chosen

    def _named(self) -> set[Pair]:
        """What the checkout names."""
        overrides = (versions.items() for versions in self.overrides.values())
        return {*self.current.items(), *self.previous.items()}.union(*overrides)

    def _referenced(self) -> set[Pair]:
        sets = (pairs.items() for node in self.nodes.values() for pairs in (node.chosen, node.previous))
        return self._named().union(*sets)

    def _decide(self) -> Plan | None:
        models = {
            model: SimpleNamespace(current_version=self.current[model], previous_version=self.previous.get(model))
            for model in MODELS
        }
        hosts = {host: SimpleNamespace(model_version_overrides=versions) for host, versions in self.overrides.items()}
        fleet = SimpleNamespace(
            registry=SimpleNamespace(artefacts=models), site=SimpleNamespace(hosts=hosts, primary_datasink="data1"),
            standards=SimpleNamespace(sentinelcam_model_retention=RETENTION, model_cleanup_grace_days=GRACE),
        )  # fmt: skip
        answers: dict[str, Answer] = {
            host: node.named() if node.is_up and node.is_able else NoAnswer(host) for host, node in self.nodes.items()
        }
        try:
            return prune_registry.decide(
                cast("Fleet", fleet), self.depot.listing(), self.depot.state(self.now), answers
            )
        except Faults:
            assert not set(answers) <= set(self.depot.state(self.now).seen or {})
            return None
