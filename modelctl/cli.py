"""The `modelctl` command: what can be said and checked about a fleet from the control node."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import click

from modelctl import check as checks
from modelctl import pinning, registry_store, status_table
from modelctl import status as statuses
from modelctl import trust as trusted
from modelctl.errors import OperatorError
from modelctl.faults import choice, fault
from modelctl.fleet import Fleet
from modelctl.inventory_file import Inventory, load
from modelctl.pins import load_pins, replace_pins
from modelctl.render import InstalledFile
from modelctl.render import render as render_host

DRIFTED = 3  # exit code, apart from an operator's error


class _Commands(click.Group):
    """Prints an operator's error as lines on stderr and exits 1; a bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


_site_option = click.option(
    "--site",
    type=click.Path(path_type=Path),
    default=Path("inventory.py"),
    show_default=True,
    help="The inventory file of the site.",
)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look at a fleet and its models from a checkout."""


@main.command()
@_site_option
def check(site: Path) -> None:
    """Validate the site, the registry, the pins and every rendered config, without any connection."""
    fleet = load(site).fleet
    files = checks.check(fleet)
    warnings = checks.warnings(fleet)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    hosts = len(fleet.site.hosts)
    click.echo(f"{fleet.site.name}: {hosts} hosts, {files} files rendered, {len(warnings)} warnings, no faults")


@main.command()
@click.argument("host")
@click.option("--output", type=click.Path(path_type=Path), help="Write the files below this folder instead.")
@_site_option
def render(host: str, output: Path | None, site: Path) -> None:
    """Show every file that a deploy puts on HOST."""
    fleet = load(site).fleet
    _require_host(fleet, host)
    files = render_host(fleet, host)
    if output is None:
        for file in files:
            click.echo(f"# {file.path} {file.owner} {file.mode:04o}\n{file.content}")
    else:
        _write(files, output)


@main.command()
@click.argument("host")
@click.option("--replace", is_flag=True, help="Accept a new key in place of the one on file, as after a new card.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_site_option
def trust(host: str, replace: bool, yes: bool, site: Path) -> None:
    """Show the fingerprint of HOST's SSH key, and add the key to the site's known hosts."""
    inventory = load(site)
    _require_host(inventory.fleet, host)
    found, known = _keys(inventory, host)
    if found == known:
        click.echo(f"{host} ({found.address}): {found.fingerprint} is already trusted")
        return
    if known is not None and not replace:
        raise OperatorError(
            f"{host} ({found.address}): found {found.fingerprint}, expected {known.fingerprint}; "
            f"if its card is new: modelctl trust {host} --replace"
        )
    click.echo(f"{host} ({found.address}): {found.fingerprint}")
    if not yes and not click.confirm("Does the host itself show this fingerprint?"):
        raise OperatorError(f"{host}: not trusted, nothing changed")
    trusted.record(inventory.fleet.site.known_hosts, host, found)
    click.echo(f"{host} is trusted now, in {inventory.fleet.site.known_hosts}")


@main.command()
@click.argument("model", required=False)
@click.argument("version", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_site_option
def pin(model: str | None, version: str | None, yes: bool, site: Path) -> None:
    """Pin versions that the primary datasink holds, after reading every byte of them there.

    Without VERSION: those of MODEL that hosts want and no pin covers. Without MODEL: those of all models.
    """
    inventory = load(site)
    path, pins = inventory.pins, load_pins(inventory.pins)
    fleet = dataclasses.replace(inventory.fleet, pins=pins)
    versions = pinning.choose(fleet, model, version)
    if not versions:
        click.echo(f"{path}: nothing to pin, it has every version that a host wants")
        return
    inventory.connect()
    proposal = pinning.propose(fleet, dict(zip(versions, registry_store.read(fleet, versions), strict=True)))
    _show(proposal, fleet.site.primary_datasink, path)
    if proposal.new:
        _require_consent(yes)
        replace_pins(path, pins, proposal.pins)
        click.echo(f"{len(proposal.new)} pinned; commit {path}")
    if proposal.faulty:
        names = ", ".join(f"{model}/{version}" for model, version in proposal.faulty)
        raise OperatorError(f"not pinned: {names}; when that is mended: modelctl pin")


@main.command()
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead, for programs.")
@_site_option
@click.pass_context
def status(ctx: click.Context, hosts: tuple[str, ...], as_json: bool, site: Path) -> None:
    """Ask each HOST what it runs, and compare that with what this checkout wants; all hosts unless some are named.

    Exits 3 when a service drifted or is ill, or a host gives no answer.
    """
    inventory = load(site)
    wanted = statuses.wanted_sets(inventory.fleet, statuses.choose(inventory.fleet, hosts))
    inventory.connect()
    found = statuses.look(inventory.fleet, wanted)
    if as_json:
        click.echo(json.dumps(statuses.to_json(found), indent=2))
    elif sys.stdout.isatty():
        status_table.show(found)
    else:
        click.echo(status_table.plain(found))
    ctx.exit(0 if statuses.all_well(found) else DRIFTED)


def _require_host(fleet: Fleet, host: str) -> None:
    if host not in fleet.site.hosts:
        raise OperatorError(fault("HOST", host, choice(host, fleet.site.hosts)))


def _keys(inventory: Inventory, host: str) -> tuple[trusted.HostKey, trusted.HostKey | None]:
    """The key that a host shows, and the one on file."""
    fleet = inventory.fleet
    address = fleet.host(host).address
    inventory.connect()
    return trusted.scan(host, address), trusted.known_key(fleet.site.known_hosts, str(address))


def _show(proposal: pinning.Proposal, datasink: str, path: Path) -> None:
    for (model, version), faults in proposal.faulty.items():
        for line in faults:
            click.echo(f"{datasink}: {model}/{version}: {line}", err=True)
    for model, version in proposal.already:
        click.echo(f"{model}/{version}: already pinned, and {datasink} holds just that")
    if proposal.new:
        click.echo(f"to pin in {path}, as {datasink} holds them:")
    for (model, version), pin in proposal.new.items():
        size = f"{len(pin.files):3} files {sum(file.size for file in pin.files.values()):14,} bytes"
        click.echo(f"  {f'{model}/{version}':40} {size}  manifest {pin.manifest[:12]}")


def _require_consent(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise OperatorError("no terminal to ask at, nothing was pinned; to pin without a question: --yes")
    if not click.confirm("Pin them?"):
        raise OperatorError("nothing was pinned")


def _write(files: tuple[InstalledFile, ...], output: Path) -> None:
    try:
        for file in files:
            path = output / file.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content, encoding="utf-8")
            path.chmod(file.mode)
    except OSError as error:
        raise OperatorError(f"--output: {error.filename}: {error.strerror}; expected a folder to write to") from None
    click.echo(f"{len(files)} files written below {output}")
