"""What several commands share: options, and the question before a change."""

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path

import click
from click.core import ParameterSource

from modelctl import for_programs, hints, screen
from modelctl.commands import completion
from modelctl.errors import OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
from modelctl.inventory_file import NEIGHBOURS, PINS, load
from modelctl.product import CHECKOUT
from modelctl.table import Report

FAILED, DIFFERS = 1, 3
"""Exit codes of docs/reference/exit-codes.md: refused or failed; something is not as it should be, or unknown."""

DEFAULT_IS_TAKEN = "this is the default site of this checkout; yours: --site PATH"

yes = click.option("--yes", is_flag=True, help="Do not ask.")
dry_run = click.option("--dry-run", is_flag=True, help="Only show what it would do.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead, for programs.")


def _names(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


older = click.option(
    "--older",
    metavar="HOSTS",
    default="",
    callback=_names,
    shell_complete=completion.hosts,
    help="Hosts, as a,b, to move although a commit made their set that this checkout does not contain.",
)


def _site(context: click.Context, option: click.Parameter, path: Path) -> Path:
    """Where nobody said which, and no version of it is pinned, the product's own site is hardly the one that is meant:
    then that is the last line.
    """
    is_said = context.get_parameter_source(str(option.name)) is not ParameterSource.DEFAULT
    if not (is_said or context.resilient_parsing) and path.resolve() == CHECKOUT / hints.DEFAULT_SITE:
        pins = CHECKOUT / NEIGHBOURS / PINS
        if pins.is_file() and not load_pins(pins).models:
            context.find_root().call_on_close(lambda: screen.complain(DEFAULT_IS_TAKEN))
    return path


site = click.option(
    "--site",
    type=click.Path(path_type=Path),
    default=hints.DEFAULT_SITE,
    show_default=True,
    envvar=hints.SITE_VARIABLE,
    show_envvar=True,
    callback=_site,
    help="The inventory file of the site.",
)


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
        click.echo(for_programs.text(data))
    else:
        report.print()


def answer(report: Report, data: Mapping[str, object], as_json: bool, is_ok: bool) -> None:
    """Print what was found, for programs with "ok", and exit 3 unless all of it is as it should be."""
    tell(report, {**data, "ok": is_ok}, as_json)
    if not is_ok:
        sys.exit(DIFFERS)


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
    if not screen.is_terminal(sys.stdin):
        raise OperatorError(f"no terminal to ask at, nothing was {done}; without a question: --yes")
    if not click.confirm(question):
        raise OperatorError(f"nothing was {done}")
