"""What a service starts in besides its folder: the Coral stack that it loads, and its variables, which lead there."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Pin
from node.store.service_set import SetStack

UNPINNED = "unpinned"
"""In place of a digest that nobody knows yet, in what is only shown: no host gets what is not pinned."""


def stack_of(fleet: Fleet, name: str, folder: str, path: tuple[str, ...] = ()) -> SetStack | None:
    """The stack of a host's service, which starts in `folder` with its own PYTHONPATH; None without a stick."""
    found = fleet.stack(name)
    if found is None:
        return None
    version, stack = found
    pin, python = fleet.pin(CORAL, version), Path(fleet.home(name), fleet.standards.paths.python)
    digests = (pin.manifest, stack_digest(stack.node_files, pin)) if pin else (UNPINNED, UNPINNED)
    return SetStack(version, *digests, python, Path(folder), list(path))


def stack_digest(names: Iterable[str], pin: Pin) -> str:
    """The digest of a stack as it is unpacked, over the names and SHA-256 of the packages that it is unpacked from."""
    lines = (f"{pin.files[name].sha256}  {name}\n" for name in sorted(names))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def variables(stack: SetStack | None, path: tuple[str, ...]) -> tuple[str, ...]:
    """NAME=VALUE of each variable that the command line alone of a service is given.

    An empty element of a path would mean the working directory.
    """
    whole = [*([f"{stack.directory}/python"] if stack else []), *path]
    python = [f"PYTHONPATH={':'.join(whole)}"] if whole else []
    return (*python, *([f"LD_LIBRARY_PATH={stack.directory}/lib"] if stack else []))
