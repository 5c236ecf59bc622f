"""A service's Python as its unit starts it: with its user, its folder and its variables. Root runs none of it."""

from __future__ import annotations

import pwd
import re
import shlex
from pathlib import Path
from typing import Dict, List, NamedTuple

from node import layout
from node.errors import Refusal
from node.store import rights, sets
from node.store.service_set import ServiceSet
from node.store.sets import StoredSet

PATH = "/usr/local/sbin:/usr/local/bin:" + layout.PATH  # that of systemd's services
_STARTS = re.compile(r"^ExecStart=(.+)$", re.MULTILINE)
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)


class Environment(NamedTuple):
    user: str
    folder: Path
    python: Path
    variables: Dict[str, str]

    def words(self, *arguments: str) -> List[str]:
        """Return what starts its Python. It is the user who enters the folder, and gets the variables."""
        uid, gid = rights.owner_of(self.user)
        drop = ["setpriv", "--reuid=%d" % uid, "--regid=%d" % gid, "--init-groups", "--no-new-privs"]
        told = ["%s=%s" % each for each in self.variables.items()]
        return [*drop, "/usr/bin/env", "--chdir=%s" % self.folder, *told, str(self.python), *arguments]

    @property
    def plain(self) -> Dict[str, str]:
        """What systemd gives each service."""
        return {"HOME": pwd.getpwnam(self.user).pw_dir, "USER": self.user, "PATH": PATH, "LANG": "C.UTF-8"}


def of(stored: StoredSet) -> Environment:
    """Return the environment of a stored set's service. Raises Refusal where its unit starts no Python."""
    service = stored.content
    return of_stack(service) if service.stack is not None else _of_unit(stored)


def of_stack(service: ServiceSet) -> Environment:
    """Return that of a service which uses a Coral stack. Raises Refusal where its user is root, or unknown."""
    stack = service.stack
    assert stack is not None
    path = [str(stack.directory / "python"), *filter(None, stack.path)]  # an empty one means the working directory
    variables = {"PYTHONPATH": ":".join(path), "LD_LIBRARY_PATH": str(stack.directory / "lib")}
    return Environment(_user(service), stack.folder, stack.python, variables)


def _of_unit(stored: StoredSet) -> Environment:
    """As the unit's ExecStart= has it."""
    service = stored.content
    user = _user(service)
    for file in service.files:
        if file.path.name == service.unit:
            words = _words(sets.content(stored, file).decode("utf-8", "replace"))
            variables = [word for word in words if _ASSIGNED.match(word)]
            rest = [word for word in words if word not in variables and word != "/usr/bin/env"]
            script = service.work.script
            if rest and "python" in Path(rest[0]).name and script is not None:
                assigned: Dict[str, str] = dict(word.split("=", 1) for word in variables)
                return Environment(user, script.parent, Path(rest[0]), assigned)
    raise Refusal("%s: starts no Python by itself; expected ExecStart= with one" % service.unit)


def _words(unit: str) -> List[str]:
    found = _STARTS.search(unit)
    try:
        return shlex.split(found.group(1)) if found else []
    except ValueError:
        return []


def _user(service: ServiceSet) -> str:
    """Raises Refusal for root, and for one whom this node does not know."""
    if rights.owner_of(service.user).uid == 0:
        raise Refusal("%s: its user is root, whom no service's Python is for; expected another" % service.unit)
    return service.user
