"""Checking a pyinfra command before it connects: it goes on with no host where a name matches nothing, and exits 0."""

import json
import logging
import shlex
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatch
from inspect import signature
from pathlib import Path
from typing import Any

import click
from pyinfra_cli.inventory import _resolves_to_host
from pyinfra_cli.util import try_import_module_attribute

from modelctl import hints, locks
from modelctl.changes import ancestry
from modelctl.desired.desired_state import desired
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault, for_each, one_line
from modelctl.inventory_file import Inventory
from modelctl.nearest import nearest
from modelctl.nodes.pull_ca import PullCa
from modelctl.outside import DEPLOYS
from operations.run import parse_data

EXPECTED = "expected an inventory file, as inventory.py"
MAX_LABEL = 63  # letters between the dots of a host's name; beyond it pyinfra shows a traceback
PREPARE = "prepare.py"
"""The deploy that needs no pins: it comes before there are any."""
WORK = {"exec": "exec -- COMMAND", "fact": "fact MODULE.FACT"}
"""Commands of pyinfra that need more words, with an example of them."""

Groups = Mapping[str, Any]


def require_hosts(name: str, operations: Iterable[str], has_address: bool) -> None:
    """Raises OperatorError for a first word that names no host (with an address any does), or no site for a deploy."""
    shown = one_line(name)
    if _is_folder(name):
        words = shlex.join(["pyinfra", str(Path(name) / hints.DEFAULT_SITE), *operations])
        raise OperatorError(f"{shown}: found a folder; expected its inventory file: {one_line(words)}")
    if _is_file(name):
        return
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


def require_settings(words: Mapping[str, Any]) -> None:
    """Raises OperatorError for a number that pyinfra misreads, and for --no-wait: it would forget which hosts fail."""
    for option in ("parallel", "retry", "retry_delay", "fail_percent"):
        if words[option] is not None and words[option] < 0:
            raise OperatorError(fault(f"--{option.replace('_', '-')}", words[option], "0 or more"))
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


def needs_pins(deploys: Iterable[str]) -> bool:
    """Whether one of these is about what services hold; preparing a host comes before anybody knows that."""
    return any(Path(name).name != PREPARE for name in deploys)


def check(inventory: Inventory, groups: Groups) -> None:
    """Check `--limit`, `--exclude` and, for deploys, `--data` and all that the chosen hosts need. Raises Faults. A
    deploy that is more than a dry run then holds the site; raises OperatorError when another does. Other commands
    (exec, fact, debug-inventory) take any data and need no pins.
    """
    fleet, words = inventory.fleet, click.get_current_context().params
    faults = [fault for option in ("limit", "exclude") for fault in _unmatched(option, words[option], groups)]
    if faults:
        raise Faults(faults)
    if all(str(name).endswith(".py") for name in words["operations"]):
        for warning in [*fleet.warnings(), *ancestry.warnings(inventory.folder)]:
            logging.getLogger("pyinfra").warning(warning)
        run = _meant(words, groups)
        pairs = (each.partition("=") for each in words["data"])
        options = parse_data({key: _value(text) for key, _, text in pairs}, fleet, run)
        if options.exit and (words["yes"] or not words["dry"]):
            raise Faults([fault("--data exit", options.exit, "with --dry, and without -y, which predicts nothing")])
        if options.stage is not None:
            _require_download(options.stage, words["operations"], fleet.site.primary_datasink, run)
        elif needs_pins(words["operations"]):
            for_each(run, lambda name: desired(fleet, name))
        pull_ca = PullCa(fleet.site.pull_ca)
        if pull_ca.exists():  # one that is not there yet is made
            pull_ca.public_key()
        if _is_real(words):
            locks.hold(inventory.folder / locks.DEPLOY)


def _is_file(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # as for a name that no file could have
        return False


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # likewise
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
    return nearest(str(path), [str(path.parent / each) for each in names])


def _require_download(stage: str, deploys: Iterable[str], datasink: str, run: Iterable[str]) -> None:
    """Raises Faults where the primary datasink is not to download anything: it needs no pins, and no other host."""
    faults = [
        fault("--data stage", stage, f"with deploys/coral.py alone; found {name}")
        for name in deploys
        if Path(name).name != "coral.py"
    ]
    if datasink not in run:
        faults.append(fault("--limit", ", ".join(run) or None, f"with {datasink}, which the packages are stored on"))
    if faults:
        raise Faults(faults)


def _is_real(words: Mapping[str, Any]) -> bool:
    """Whether anything will be changed; pyinfra only shows its plan as JSON unless it is told to go on."""
    is_shown = words["dry"] or words["debug_facts"] or words["debug_operations"]
    return not is_shown and (words["yes"] or not words["json_output"])


def _value(text: str) -> Any:
    """As pyinfra will parse it, for the values that a deploy takes: JSON, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unmatched(option: str, patterns: Iterable[str], groups: Groups) -> list[str]:
    known = [*groups, *_members(groups, "all")]
    return [
        fault(f"--{option}", pattern, choice(pattern, known)) + _each_alone(option, pattern)
        for pattern in patterns
        if not _matching([pattern], groups)
    ]


def _each_alone(option: str, pattern: str) -> str:
    """What to type for a list, which pyinfra takes for one name."""
    words = [f"--{option} {name.strip()}" for name in pattern.split(",")]
    return f"; for several: {' '.join(words)}" if len(words) > 1 else ""


def _meant(words: Mapping[str, Any], groups: Groups) -> list[str]:
    limited = _matching(words["limit"] or ["all"], groups)
    excluded = _matching(words["exclude"], groups)
    return [name for name in _members(groups, "all") if name in limited - excluded]


def _matching(patterns: Iterable[str], groups: Groups) -> set[str]:
    """A pattern is a group or a glob over host names, as pyinfra has it."""
    hosts = _members(groups, "all")
    found: set[str] = set()
    for pattern in patterns:
        found.update(_members(groups, pattern) if pattern in groups else [n for n in hosts if fnmatch(n, pattern)])
    return found


def _members(groups: Groups, name: str) -> list[str]:
    group = groups[name]
    members = group[0] if isinstance(group, tuple) else group
    return [member[0] if isinstance(member, tuple) else member for member in members]
