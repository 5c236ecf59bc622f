"""Checking a pyinfra command before it connects: pyinfra only warns of a name that matches nothing, and exits 0.

operations/mends calls this when pyinfra loads the inventory.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click

from modelctl import locks
from modelctl.changes import ancestry
from modelctl.desired.desired_state import desired
from modelctl.errors import Faults
from modelctl.faults import choice, fault, for_each
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import Inventory
from modelctl.nodes.pull_ca import PullCa
from operations.arguments import parse

Groups = Mapping[str, Any]


def check(inventory: Inventory, groups: Groups) -> None:
    """Check `--limit`, `--exclude` and, for deploys, `--data` and all that the chosen hosts need. Raises Faults.

    A deploy that is more than a dry run then holds the site; raises OperatorError when another does. Other commands
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
        options = parse({key: _value(text) for key, _, text in pairs}, fleet, run)
        if options.stage is None:
            for_each(run, lambda name: desired(fleet, name))
        else:
            _require_download(options.stage, words["operations"], fleet.site.primary_datasink, run)
        _require_pull_ca(fleet)
        if _is_real(words):
            locks.hold(inventory.folder / locks.DEPLOY)


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


def _require_pull_ca(fleet: Fleet) -> None:
    """Raises OperatorError for a pull CA that nobody could trust; one that is not there yet is made."""
    pull_ca = PullCa(fleet.site.pull_ca)
    if pull_ca.exists():
        pull_ca.public_key()


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
    return [
        fault(f"--{option}", pattern, choice(pattern, [*groups, *_members(groups, "all")]))
        for pattern in patterns
        if not _matching([pattern], groups)
    ]


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
