"""The one way from a model and a role to a path in a config: it gives no path that the host's version does not hold.

That the file table of a pinned version holds each role's file is checked by `Fleet`, for all versions at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet


@dataclass(frozen=True)
class NamedFile:
    """A model file that a config names."""

    path: str
    model: str
    version: str
    name: str


@dataclass
class ModelFiles:
    """Resolves the model paths of one host's configs and remembers them, and what could not be resolved.

    `place` gives the path on the host of a model's version's file.
    """

    fleet: Fleet
    host: str
    place: Callable[[str, str, str], str]
    named: dict[str, NamedFile] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def path(self, model: str, role: str) -> str:
        """The path of a model's file in this role. A fault is remembered, so that one rendering shows them all."""
        versions = self.fleet.versions(self.host)
        if model not in versions:
            allowed = f"a model that this host gets: {choice(model, versions)}"
            self.faults.append(fault(f"site.hosts.{self.host}: model in a config", model, allowed))
            return ""
        version, files = versions[model], self.fleet.registry.models[model].files
        if role not in files:
            self.faults.append(fault(f"registry.models.{model}.files", role, choice(role, files)))
            return ""
        path = self.place(model, version, files[role])
        self.named[path] = NamedFile(path, model, version, files[role])
        return path
