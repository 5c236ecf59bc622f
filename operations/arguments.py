"""What an operator may say after `--data`, and what is wrong with it. pyinfra itself takes any key and any value."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pyinfra.api import Host

from modelctl.errors import Faults
from modelctl.faults import choice, fault

KEYS = {
    "models": "the models to act on, as a,b; all without it",
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

    def selects(self, model: str) -> bool:
        return self.models is None or model in self.models


def parse(data: Mapping[str, Any], known_models: Collection[str]) -> Arguments:
    """Read `--data` values as pyinfra has parsed them. Raises Faults, all of them."""
    models = _models(data.get("models"))
    faults = [fault(f"--data {key}", data[key], f"keys {choice(key, KEYS)}") for key in data if not _is_key(key)]
    faults += [
        fault("--data models", name, choice(name, known_models)) for name in (models or frozenset()) - set(known_models)
    ]
    if data.get("unlock", "yes") not in YES:
        faults.append(fault("--data unlock", data["unlock"], "yes"))
    if data.get("verify", "full") != "full":
        faults.append(fault("--data verify", data["verify"], "full"))
    if faults:
        raise Faults(sorted(faults))
    return Arguments(models, data.get("unlock") in YES, data.get("verify"))


def arguments_of(host: Host) -> Arguments:
    """Return the `--data` of this run."""
    return parse(host.inventory.get_override_data(), host.data.fleet.registry.models)


def _models(value: Any) -> frozenset[str] | None:
    """Both `a,b` and `["a","b"]` name a list."""
    if value is None:
        return None
    names = value if isinstance(value, list) else str(value).split(",")
    return frozenset(str(name).strip() for name in names)


def _is_key(key: str) -> bool:
    return key in KEYS or key.startswith("ssh_")  # the connector's own
