"""What pyinfra takes of an operator and should refuse: it goes on, exits 0, or shows a traceback."""

from pathlib import Path
from typing import Any, cast

import click
import pyinfra_cli.cli
import pyinfra_cli.inventory
from pyinfra.api import Host, Inventory, State

from modelctl.errors import exit_with_message
from modelctl.inventory.fleet import groups
from modelctl.inventory_file import load
from operations import command_line

_set_data = pyinfra_cli.cli._set_override_data
_make_inventory = pyinfra_cli.cli.make_inventory
_prepare = pyinfra_cli.cli._prepare_func_operations
_gather = pyinfra_cli.cli._run_fact_operations
_exclude = pyinfra_cli.cli._apply_inventory_exclude
_is_group = pyinfra_cli.inventory._is_inventory_group


def _values_or_refuse(data: tuple[str, ...], *args: Any) -> Any:
    """pyinfra shows a traceback of a `--data` without a value."""
    with exit_with_message():
        command_line.require_values(data)
    return _set_data(data, *args)  # type: ignore[no-untyped-call]


def _hosts_or_refuse(inventory: str, **settings: Any) -> Inventory:
    """Where pyinfra finds no inventory it goes on with no host, and exits 0."""
    with exit_with_message():
        words = click.get_current_context().params
        operations = words["operations"]
        command_line.require_settings(words)
        command_line.require_hosts(inventory, operations, has_address="ssh_hostname" in settings["override_data"])
        command_line.require_work(operations)
    return cast("Inventory", _make_inventory(inventory, **settings))


def _left_or_refuse(*args: Any) -> list[Host] | None:
    """Likewise where `--exclude` leaves nobody."""
    left: list[Host] | None = _exclude(*args)
    if left is not None and not left:
        raise SystemExit("--limit and --exclude leave no host; expected one at least")
    return left


def _operation_or_refuse(state: State, config: Any, operation: Any, words: tuple[str, ...]) -> Any:
    """pyinfra shows a traceback of an argument that an operation does not take."""
    call, (args, named) = operation
    with exit_with_message():
        command_line.require_arguments(words[0], call, args, named)
    return _prepare(state, config, operation, words)  # type: ignore[no-untyped-call]


def _facts_or_refuse(state: State, config: Any, facts: Any) -> Any:
    """Likewise of a fact."""
    with exit_with_message():
        for kind, args, named in facts:
            if callable(kind.command):
                command_line.require_arguments(kind.name, kind().command, args, named)
    return _gather(state, config, facts)  # type: ignore[no-untyped-call]


def _groups_of_site(inventory_filename: str) -> dict[str, Any]:
    """pyinfra shows a traceback of what a site's files do wrong, and checks nothing that an operator has typed."""
    with exit_with_message():
        inventory = load(Path(inventory_filename))
        named = {name: value for name, value in inventory.values.items() if _is_group(name, value)}
        named |= groups(inventory.fleet, inventory.folder)
        command_line.check(inventory, named)
        inventory.connect()
    return named


MENDS = (
    (pyinfra_cli.cli, "_set_override_data", _values_or_refuse),
    (pyinfra_cli.cli, "make_inventory", _hosts_or_refuse),
    (pyinfra_cli.cli, "_prepare_func_operations", _operation_or_refuse),
    (pyinfra_cli.cli, "_run_fact_operations", _facts_or_refuse),
    (pyinfra_cli.cli, "_apply_inventory_exclude", _left_or_refuse),
    (pyinfra_cli.inventory, "_get_groups_from_filename", _groups_of_site),
)
