"""The one way from a model and a role to a path in a config: it gives no path that the host's version does not hold.

That the file table of a pinned version holds each role's file is checked by `Fleet`, for all versions at once.
"""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink, Sentinel


@dataclass
class ModelFiles:
    """Resolves the model paths of one host's configs and remembers them, and what could not be resolved."""

    fleet: Fleet
    host: str
    named: dict[str, tuple[str, str]] = field(default_factory=dict)  # path -> model, name of its file
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
        if isinstance(self.fleet.host(self.host), Datasink):  # it has no other model than the face list's
            path = f"{face_list_folder(self.fleet)}/{face_list_name(version, files[role])}"
        else:
            path = f"{models_folder(self.fleet, self.host)}/{model}/{version}/{files[role]}"
        self.named[path] = model, files[role]
        return path


def models_folder(fleet: Fleet, name: str) -> str:
    """The folder of the model versions on a sentinel or an outpost."""
    paths = fleet.standards.paths
    install = paths.sentinel if isinstance(fleet.host(name), Sentinel) else paths.imagenode
    return f"{fleet.home(name)}/{install}/models"


def face_list_folder(fleet: Fleet) -> str:
    return f"{fleet.data_root()}/face_recognition"


def face_list_name(version: str, name: str) -> str:
    """What a file of the face list's version is called in that folder."""
    return f"{PurePosixPath(name).stem}_{version}{PurePosixPath(name).suffix}"
