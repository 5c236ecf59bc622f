"""A fleet: a site, its models, its standards and what commands noted of them, validated together; and its groups."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from modelctl.errors import Faults
from modelctl.faults import fault_lines, tree_path
from modelctl.inventory import warnings
from modelctl.inventory.consistency import Names, cross_faults, outposts, wanted_versions
from modelctl.inventory.coral import CORAL, CoralStack
from modelctl.inventory.hosts import Datasink, Host, Outpost, Sentinel, Trainer, Watchtower
from modelctl.inventory.values import Part, newest_first
from modelctl.schema import BadVersion, BadVersions, Pin, Pins, Registry, Revoked, Site, Standards

_GROUPS: dict[str, type[Host]] = {
    "datasinks": Datasink,
    "sentinels": Sentinel,
    "outposts": Outpost,
    "ml_trainers": Trainer,
    "watchtowers": Watchtower,
}


class _Tree(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", revalidate_instances="always")

    site: Site
    registry: Registry
    standards: Standards
    pins: Pins
    revoked: Revoked
    bad: BadVersions


@dataclass(frozen=True, eq=False)
class Fleet:
    """Raises Faults, all of them, when anything in it is invalid or does not agree."""

    site: Site
    registry: Registry
    standards: Standards
    pins: Pins
    revoked: Revoked = field(default_factory=Revoked)
    bad: BadVersions = field(default_factory=BadVersions)

    def __post_init__(self) -> None:
        tree = _validated(dict(vars(self)))
        for name in _Tree.model_fields:
            object.__setattr__(self, name, getattr(tree, name))

    def __copy__(self) -> Self:
        """Frozen, so a copy is itself: what is cached for a fleet stays found when pyinfra copies host data."""
        return self

    def host(self, name: str) -> Host:
        """The host of this name. Raises KeyError."""
        return self.site.hosts[name]

    def versions(self, name: str) -> dict[str, str]:
        """The version of each model, and of the Coral stack, that a host gets: its override, else the current one."""
        return wanted_versions(self.host(name), self.site, self.registry)

    def stack(self, name: str) -> tuple[str, CoralStack] | None:
        """The Coral stack that a host gets, with its version; None without a stick."""
        version = self.versions(name).get(CORAL)
        if version is None or self.registry.coral is None:
            return None
        return version, self.registry.coral.stacks[version]

    def overrides(self, model: str) -> dict[str, str]:
        """The hosts that get a version of a model of their own, with that version."""
        overrides = {name: host.model_version_overrides for name, host in self.site.hosts.items()}
        return {name: versions[model] for name, versions in overrides.items() if model in versions}

    def referenced_versions(self, model: str) -> list[str]:
        """The current, the previous and every overriding version of a model, newest first."""
        entry = self.registry.artefacts[model]
        named = {entry.current_version, entry.previous_version, *self.overrides(model).values()}
        return newest_first(version for version in named if version)

    def pin(self, model: str, version: str) -> Pin | None:
        """The pin of a version, None when it has none."""
        return self.pins.models.get(model, {}).get(version)

    def bad_version(self, model: str, version: str) -> BadVersion | None:
        """Why a version is marked bad, None when it is not."""
        return self.bad.models.get(model, {}).get(version)

    def unpinned(self, name: str) -> list[str]:
        """The host's versions that no pin covers, as MODEL/VERSION, sorted."""
        return sorted(
            f"{model}/{version}" for model, version in self.versions(name).items() if not self.pin(model, version)
        )

    def service_user(self, name: str) -> str:
        """Who runs the services of a host, and owns their files."""
        users = self.standards.users
        return users.legacy if name in self.site.legacy_nodes else users.service

    def home(self, name: str) -> str:
        """The home of a host's service user."""
        return f"/home/{self.service_user(name)}"

    def data_root(self) -> str:
        """The folder of all data on a datasink."""
        return f"/home/{self.standards.users.service}/{self.standards.paths.data}"

    def registry_folder(self) -> str:
        """The folder of the model registry on the primary datasink."""
        return f"{self.data_root()}/model_registry"

    def incoming_folder(self) -> str:
        """The folder of what trainers upload, on the primary datasink."""
        return f"{self.data_root()}/incoming"

    def collected_folder(self) -> str:
        """The folder of what was collected from nodes, on the primary datasink."""
        return f"{self.data_root()}/collected"

    def deployment_log(self) -> str:
        """The log of all switches, on the primary datasink."""
        return f"{self.data_root()}/logs/model_deployment.log"

    def cleanup_log(self) -> str:
        """The log of all versions that were removed from the registry, on the primary datasink."""
        return f"{self.data_root()}/logs/model_cleanup.log"

    def with_service(self) -> list[str]:
        """The hosts that run a service of ours."""
        return [name for name, host in self.site.hosts.items() if isinstance(host, Sentinel | Outpost | Datasink)]

    def trainers(self) -> dict[str, Trainer]:
        """The hosts that train models."""
        return {name: host for name, host in self.site.hosts.items() if isinstance(host, Trainer)}

    def with_models(self) -> list[str]:
        """The hosts with a models folder."""
        return [name for name, host in self.site.hosts.items() if isinstance(host, Sentinel | Outpost)]

    def datasink_of(self, outpost: Outpost) -> str:
        """The name of the datasink that an outpost sends to."""
        return outpost.datasink or self.site.primary_datasink

    def node_name(self, name: str) -> str:
        """The name by which an outpost's events are known."""
        return outposts(self.site)[name].node_name or name

    def warnings(self) -> list[str]:
        """What is allowed, and deprecated, without use or risky, a line each."""
        wanted = {pair for host in self.site.hosts for pair in self.versions(host).items()}
        return [
            *warnings.about_hosts(self.site),
            *warnings.about_cleaning(self.site, self.standards),
            *(line for pair in sorted(wanted) for line in warnings.about_sizes(self.registry, self.pins, *pair)),
        ]

    def to_json(self) -> dict[str, Any]:
        """A summary, for `pyinfra debug-inventory`."""
        return {
            "site": self.site.name,
            "primary_datasink": self.site.primary_datasink,
            "current_versions": {name: each.current_version for name, each in self.registry.artefacts.items()},
        }


def groups(fleet: Fleet, folder: Path) -> dict[str, Any]:
    """A fleet as the groups of hosts that pyinfra knows; `all` starts with the datasinks, since nodes pull from one.

    `all` carries the fleet, and the folder of the site, whose git commit says which of two checkouts is the newer one.
    """
    hosts = fleet.site.hosts
    named = {group: [name for name, host in hosts.items() if isinstance(host, kind)] for group, kind in _GROUPS.items()}
    ordered = [_host_data(fleet, name) for names in named.values() for name in names]
    return {
        "all": (ordered, {"fleet": fleet, "site_folder": folder}),
        **named,
        "primary_datasink": [fleet.site.primary_datasink],
        "legacy_nodes": list(fleet.site.legacy_nodes),
    }


def _host_data(fleet: Fleet, name: str) -> tuple[str, dict[str, Any]]:
    site, host = fleet.site, fleet.host(name)
    data = {
        "ssh_hostname": str(host.address),
        "ssh_user": host.login,
        "ssh_known_hosts_file": str(site.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    if site.ssh_key is not None:
        data["ssh_key"] = str(site.ssh_key)
    return name, data


def _validated(parts: dict[str, Any]) -> _Tree:
    names = Names(hosts=_entries(parts["site"], "hosts"), models=_entries(parts["registry"], "models"))
    faults: list[str] = []
    try:
        tree: _Tree | None = _Tree(**parts)
    except ValidationError as error:
        faults += fault_lines(error, parts)
        tree = _sound_rest(parts, error)
    if tree is not None:
        faults += cross_faults(tree.site, tree.registry, tree.pins, names)
    if tree is None or faults:
        raise Faults(faults)
    return tree


def _entries(part: object, field: str) -> dict[str, object]:
    entries = vars(part).get(field) if isinstance(part, Part) else None
    return entries if isinstance(entries, dict) else {}


def _sound_rest(parts: dict[str, Any], error: ValidationError) -> _Tree | None:
    """The tree without its faulty entries, so that the rest can still be checked; None when too little is left."""
    rest = dict(parts)
    for details in error.errors(include_url=False):
        steps = tree_path(details["loc"])
        root = rest[steps[0]]
        if not isinstance(root, Part) or len(steps) < 2:
            return None
        values, field = {name: vars(root)[name] for name in root.model_fields_set}, steps[1]
        if len(steps) > 2 and isinstance(values.get(field), dict):
            values[field] = {key: value for key, value in values[field].items() if str(key) != steps[2]}
        else:
            values.pop(field, None)
        rest[steps[0]] = type(root)(**values)
    try:
        return _Tree(**rest)
    except ValidationError:
        return None
