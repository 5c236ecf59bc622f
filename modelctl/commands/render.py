"""`modelctl render`."""

from pathlib import Path

import click

from modelctl.commands import options
from modelctl.desired.render import render as render_host
from modelctl.errors import OperatorError
from modelctl.inventory_file import Inventory
from node.store.service_set import Installed


@click.command()
@click.argument("host")
@click.option("--output", type=click.Path(path_type=Path), help="Write the files below this folder instead.")
@options.inventory
def render(host: str, output: Path | None, inventory: Inventory) -> None:
    """Show every file that a deploy puts on HOST."""
    fleet = inventory.fleet
    options.require_host(fleet, host)
    files = render_host(fleet, host)
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
    click.echo(f"{len(files)} files written below {output}")
