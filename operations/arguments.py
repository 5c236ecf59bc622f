"""What an operator may say after `--data`, and what is wrong with it. pyinfra itself takes any key and any value."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelctl.desired.services import service_of
from modelctl.errors import Faults
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet

KEYS = {
    "canary": (
        "the host of its role to switch before the others, or several as a,b; else the first that moves, "
        "and all that go back"
    ),
    "models": "the models to act on, as a,b; all without it",
    "older": "the hosts, as a,b, to switch although a commit made their set that this checkout does not contain",
    "stage": "download: fetch the packages of the Coral stack to the primary datasink (deploys/coral.py alone)",
    "unlock": "yes: put a face list in place that unlocks events",
    "verify": "full: read every byte of the models, not only size and time",
}
YES = (True, "yes")


@dataclass(frozen=True)
class Arguments:
    """The `--data` of a deploy. `models` is None when all are meant."""

    models: frozenset[str] | None = None
    unlock: bool = False
    verify: str | None = None
    older: frozenset[str] = frozenset()
    stage: str | None = None

    def selects(self, model: str) -> bool:
        return self.models is None or model in self.models


def parse(data: Mapping[str, Any], fleet: Fleet, run: Collection[str]) -> Arguments:
    """Read `--data` values as pyinfra has parsed them; `run` are the hosts of this run. Raises Faults, all of them."""
    models, older = names_of(data.get("models")), names_of(data.get("older"))
    faults = [fault(f"--data {key}", data[key], f"keys {choice(key, KEYS)}") for key in data if not _is_key(key)]
    faults += _unknown("models", models, fleet.registry.artefacts)
    faults += _unknown("older", older, run)
    faults += _canary_faults(names_of(data.get("canary")), fleet, run)
    for key, allowed in (("unlock", YES), ("verify", ("full",)), ("stage", ("download",))):
        if key in data and data[key] not in allowed:
            faults.append(fault(f"--data {key}", data[key], str(allowed[-1])))
    if faults:
        raise Faults(sorted(faults))
    return Arguments(models, data.get("unlock") in YES, data.get("verify"), older or frozenset(), data.get("stage"))


def names_of(value: Any) -> frozenset[str] | None:
    """Read a list of names, None when nothing was said. Both `a,b` and `["a","b"]` name a list."""
    if value is None:
        return None
    names = value if isinstance(value, list) else str(value).split(",")
    return frozenset(str(name).strip() for name in names)


def _canary_faults(names: frozenset[str] | None, fleet: Fleet, run: Collection[str]) -> list[str]:
    if names is None:
        return []
    faults = _unknown("canary", names, [name for name in run if service_of(fleet, name)])
    roles = Counter(type(fleet.host(name)) for name in names if name in run)
    twice = sorted(name for name in names if name in run and roles[type(fleet.host(name))] > 1)
    return [*faults, *([fault("--data canary", ", ".join(twice), "one host of a role")] if twice else [])]


def _unknown(key: str, names: Iterable[str] | None, known: Collection[str]) -> list[str]:
    return [fault(f"--data {key}", name, choice(name, known)) for name in names or () if name not in known]


def _is_key(key: str) -> bool:
    return key in KEYS or key.startswith("ssh_")  # the connector's own
