"""`modelctl check` and `modelctl render`: what a deploy would put on hosts, without any connection."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from modelctl import for_programs, screen
from modelctl.commands import completion, options
from modelctl.desired import check as checks
from modelctl.desired.render import render as render_host
from modelctl.errors import OperatorError
from modelctl.inventory_file import Inventory
from node.counting import counted
from node.store.service_set import Installed

NOT_READY = 1


@click.command()
@click.option("--strict", is_flag=True, help="Exit 1 unless a deploy could reach every host: all pinned, all trusted.")
@options.as_json
@options.inventory
def check(strict: bool, as_json: bool, inventory: Inventory) -> None:
    """Validate the site, the registry, the pins and every rendered config, without any connection."""
    found = checks.check(inventory.fleet)
    if as_json:
        click.echo(for_programs.text(asdict(found)))
    else:
        warnings = (*found.warnings, *found.not_ready)
        for line in warnings:
            click.echo(f"warning: {line}", err=True)
        click.echo(
            f"{found.site}: {counted(found.hosts, 'host')}, {counted(found.files, 'file')} rendered, "
            f"{counted(len(warnings), 'warning')}, no faults"
        )
    if strict and found.not_ready:
        if not as_json:
            screen.complain("--strict: a deploy could not reach every host with all that it needs; see the warnings")
        sys.exit(NOT_READY)


@click.command()
@click.argument("host", shell_complete=completion.hosts)
@click.option("--output", type=click.Path(path_type=Path), help="Write the files below this folder instead.")
@options.inventory
def render(host: str, output: Path | None, inventory: Inventory) -> None:
    """Show every file that a deploy puts on HOST."""
    options.require_host(inventory.fleet, host)
    files = render_host(inventory.fleet, host)
    if output is None:
        for file in files:
            click.echo(f"# {file.path} {file.owner} {file.mode:04o}\n{file.content}")
    else:
        _write(files, output)


def _write(files: tuple[Installed, ...], output: Path) -> None:
    try:
        for file in files:
            path = output / file.path.relative_to("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content or "", encoding="utf-8")
            path.chmod(file.mode)
    except OSError as error:
        raise OperatorError(f"--output: {error.filename}: {error.strerror}; expected a folder to write to") from None
    click.echo(f"{counted(len(files), 'file')} written below {output}")
