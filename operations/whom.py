"""Whom a pyinfra command is for, by its first word: pyinfra goes on with no host where that names none, and exits 0."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from inspect import signature
from pathlib import Path
from typing import Any

from pyinfra_cli.inventory import _resolves_to_host
from pyinfra_cli.util import try_import_module_attribute

from modelctl import hints
from modelctl.errors import OperatorError
from modelctl.faults import fault, one_line
from modelctl.outside import DEPLOYS

EXPECTED = "expected an inventory file, as inventory.py"
MAX_LABEL = 63  # letters between the dots of a host's name; beyond it pyinfra shows a traceback
WORK = {"exec": "exec -- COMMAND", "fact": "fact MODULE.FACT"}
"""Commands of pyinfra that need more words, with an example of them."""


def require(name: str, operations: Iterable[str], has_address: bool) -> None:
    """Raises OperatorError for a word that names no host, and for one that names no site where a deploy needs it.

    `has_address` says that `--data ssh_hostname=` tells where the host is: then pyinfra takes any name.
    """
    if _is_file(name):
        return
    shown = one_line(name)
    if name.endswith((".py", "/")):
        raise OperatorError(f"{shown}: no such file; {EXPECTED}{_nearest(name)}")
    ours = [each for each in operations if Path(each).resolve().parent == DEPLOYS]
    if ours:
        example = hints.pyinfra(f"{ours[0]} --limit HOST")
        raise OperatorError(f"{shown}: no such file; {EXPECTED}, and the hosts after --limit: {example}")
    if "," in name and not all(map(str.strip, name.split(","))):
        raise OperatorError(f"{shown}: found an empty name; expected hosts as a,b")
    if not (has_address or _is_known(name)):
        raise OperatorError(f"{shown}: no such file, and no host; {EXPECTED}, or hosts: a,b or @local")


def require_work(operations: tuple[str, ...]) -> None:
    """Raises OperatorError for a command that names nothing to do."""
    [first, *more] = operations
    if first in WORK and not more:
        raise OperatorError(f"{first}: found nothing to do; expected pyinfra INVENTORY {WORK[first]}")


def require_values(data: Iterable[str]) -> None:
    """Raises OperatorError for a `--data` that pyinfra could not take apart."""
    for each in data:
        if "=" not in each:
            raise OperatorError(fault("--data", each, "KEY=VALUE"))


def require_numbers(words: Mapping[str, Any]) -> None:
    """Raises OperatorError for a number that pyinfra shows a traceback of, or silently takes for another."""
    for option in ("parallel", "retry", "retry_delay", "fail_percent"):
        if words[option] is not None and words[option] < 0:
            raise OperatorError(fault(f"--{option.replace('_', '-')}", words[option], "0 or more"))


def require_waiting(words: Mapping[str, Any]) -> None:
    """Raises OperatorError for --no-wait: pyinfra would forget which hosts fail, and exit 0."""
    if words["no_wait"]:
        raise OperatorError("--no-wait: found a run whose hosts do not wait for each other; run it without --no-wait")


def require_arguments(name: str, call: Callable[..., Any], args: Iterable[Any], named: Mapping[str, Any]) -> None:
    """Raises OperatorError for arguments that an operation does not take; pyinfra's own begin with an underscore."""
    inner = getattr(call, "_inner", call)
    own = {key: value for key, value in named.items() if not key.startswith("_") and key != "name"}
    try:
        signature(inner).bind(*args, **own)
    except TypeError as error:
        raise OperatorError(f"{name}: {error}; allowed: {', '.join(signature(inner).parameters) or 'none'}") from None


def _is_file(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # as for a name that no file could have
        return False


def _is_known(name: str) -> bool:
    """As pyinfra's make_inventory has it."""
    if "," in name or "@" in name:
        return True
    if not all(0 < len(part) <= MAX_LABEL and part.isprintable() for part in name.split(".")):
        return False
    return try_import_module_attribute(name, raise_for_none=False) is not None or _resolves_to_host(name)


def _nearest(name: str) -> str:
    """The Python file whose name is nearest, in the folder that was typed."""
    path = Path(name)
    names = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return f"; did you mean {path.parent / close[0]}?" if close else ""
