"""What several commands share: options, and the question before a change."""

import json
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path

import click

from modelctl.errors import OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory_file import load
from modelctl.table import Report

DIFFERS = 3  # exit code of what only looks, apart from an operator's error: something differs or is unknown

site = click.option(
    "--site",
    type=click.Path(path_type=Path),
    default=Path("inventory.py"),
    show_default=True,
    help="The inventory file of the site.",
)
yes = click.option("--yes", is_flag=True, help="Do not ask.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead, for programs.")


def inventory(command: Callable[..., None]) -> Callable[..., None]:
    """Hand a command the inventory of the site that its option names, as `inventory`."""

    @site
    @wraps(command)
    def loaded(*words: object, site: Path, **named: object) -> None:
        command(*words, inventory=load(site), **named)

    return loaded


def tell(report: Report, data: Mapping[str, object], as_json: bool) -> None:
    """Print what was found: the report for people, or the data for programs."""
    if as_json:
        click.echo(json.dumps(data, indent=2))
    else:
        report.print()


def require_host(fleet: Fleet, host: str) -> None:
    """Raises OperatorError for a host that the site does not have."""
    if host not in fleet.site.hosts:
        raise OperatorError(fault("HOST", host, choice(host, fleet.site.hosts)))


def require_model(fleet: Fleet, model: str) -> None:
    """Raises OperatorError for a model that the registry does not have; the Coral stacks count as one."""
    if model not in fleet.registry.artefacts:
        raise OperatorError(fault("MODEL", model, choice(model, fleet.registry.artefacts)))


def require_consent(question: str, done: str, yes: bool) -> None:
    """Ask, unless the operator has said yes. Raises OperatorError, "nothing was `done`", when the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise OperatorError(f"no terminal to ask at, nothing was {done}; without a question: --yes")
    if not click.confirm(question):
        raise OperatorError(f"nothing was {done}")


def connected(path: Path, as_json: bool, dry_run: bool, yes: bool) -> Fleet:
    """Return a site's fleet, with the way to its hosts open.

    Raises OperatorError where a question could not be asked.
    """
    if as_json and not (yes or dry_run):
        raise OperatorError("--json: it cannot ask; add --dry-run or --yes")
    inventory = load(path)
    inventory.connect()
    return inventory.fleet
