"""What a service starts in: its working directory, its variables, and the Coral stack that they lead to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.pins import Pin
from node.store.service_set import SetStack

UNPINNED = "unpinned"
"""In place of a digest that nobody knows yet, in what is only shown: no host gets what is not pinned."""


@dataclass(frozen=True)
class Runtime:
    """The folder in which a service starts, its own PYTHONPATH, and its stack; None without a stick."""

    folder: str
    path: tuple[str, ...]
    stack: SetStack | None

    @property
    def variables(self) -> tuple[str, ...]:
        """NAME=VALUE of each variable that its command line alone is given.

        An empty element of a path would mean the working directory.
        """
        path = [*([f"{self.stack.directory}/python"] if self.stack else []), *self.path]
        python = [f"PYTHONPATH={':'.join(path)}"] if path else []
        return (*python, *([f"LD_LIBRARY_PATH={self.stack.directory}/lib"] if self.stack else []))


def runtime_of(fleet: Fleet, name: str, folder: str, path: tuple[str, ...] = ()) -> Runtime:
    """What the service of a host starts in."""
    return Runtime(folder, path, _stack(fleet, name, folder, path))


def digest_of(files: Iterable[tuple[str, str]]) -> str:
    """The digest of a stack as it is unpacked, over (name, SHA-256) of the packages that it is unpacked from."""
    return hashlib.sha256("".join(f"{sha256}  {name}\n" for name, sha256 in sorted(files)).encode()).hexdigest()


def stack_digest(names: Iterable[str], pin: Pin) -> str:
    """The digest of a stack of these packages, with the digests of their pin."""
    return digest_of((name, pin.files[name].sha256) for name in names)


def _stack(fleet: Fleet, name: str, folder: str, path: tuple[str, ...]) -> SetStack | None:
    found = fleet.stack(name)
    if found is None:
        return None
    version, stack = found
    pin, python = fleet.pin(CORAL, version), Path(fleet.home(name), fleet.standards.paths.python)
    if pin is None:
        return SetStack(version, UNPINNED, UNPINNED, python, Path(folder), list(path))
    return SetStack(version, pin.manifest, stack_digest(stack.node_files, pin), python, Path(folder), list(path))
