"""`python -m lab`: the fleet that is embedded in this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
from rich.console import Console

from lab import machine, network, operator_shell, preflight, table
from lab.hosts import CONTROL, DEFAULT, MOST
from lab.lab import Lab
from lab.name import command as typed
from modelctl.errors import OperatorError

Arguments = ParamSpec("Arguments")
ONE_HOST = click.argument("host")
SOME_HOSTS = click.argument("hosts", nargs=-1, required=True)


def _say(line: str) -> None:
    click.echo(f"lab: {line}", err=True)


LAB = Lab(say=_say)


def _lab_command(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Refuse a machine that cannot; print what an operator can cause and exit 1. A bug keeps its traceback."""

    @wraps(command)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            preflight.require_machine()
            command(*args, **kwargs)
        except OperatorError as error:
            click.echo(str(error), err=True)
            sys.exit(1)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Real Debian hosts on this machine, in a network that no packet leaves.

    Needs root. Inside, `pyinfra lab/inventory.py ...` works as on a real site. Another lab beside this one: LAB=NAME
    before each command.
    """


@main.command()
@click.option(
    "--hosts",
    type=click.IntRange(len(DEFAULT), MOST),
    help=f"How many hosts the lab has until `down`: {len(DEFAULT)}, or more outposts.",
)
@_lab_command
def up(hosts: int | None) -> None:
    """Boot every host that is off; harmless when all run."""
    LAB.up(hosts)
    _say(f"up; try: {typed('status')}, {typed('ssh sentinel')}, {typed('down')}")


@main.command()
@_lab_command
def down() -> None:
    """Stop all hosts and erase their disks."""
    LAB.down()
    _say("down")


@main.command()
@_lab_command
def status() -> None:
    """Show each host, its address, and whether it is on and connected; exit 3 unless all are on.

    The control node may be off.
    """
    states = {host: LAB.state(host.name) for host in (*LAB.hosts.values(), CONTROL)}
    width = max(map(len, states.values()))
    for host, state in states.items():
        click.echo(f"{host.name:<10} {state:<{width}}  {host.login}@{host.address:<14} {host.service or '-'}")
    if not all(LAB.running(name) for name in LAB.hosts):
        sys.exit(3)


@main.command()
@_lab_command
def services() -> None:
    """Show what each host runs; exit 3 unless each service runs what was chosen for it."""
    rows = list(table.rows(LAB))
    Console().print(table.table(rows))
    if not all(row.is_healthy for row in rows):
        sys.exit(3)


@main.command()
@SOME_HOSTS
@_lab_command
def boot(hosts: tuple[str, ...]) -> None:
    """Boot HOSTS from the disks they have or else from new ones; `boot ramrod` adds the control node."""
    LAB.boot(*hosts)


@main.command()
@SOME_HOSTS
@_lab_command
def reset(hosts: tuple[str, ...]) -> None:
    """Make HOSTS as bare as new: an empty disk, a whole network, a boot."""
    LAB.reset(*hosts)


@main.command()
@ONE_HOST
@_lab_command
def ssh(host: str) -> None:
    """Open a shell on HOST as the operator does."""
    sys.exit(subprocess.run(LAB.ssh(host), check=False).returncode)


@main.command()
@_lab_command
def shell() -> None:
    """Open a shell in the lab's network, where pyinfra, modelctl and ssh reach the hosts.

    It has a home of its own, which `down` removes: your keys, your sites and your git settings are not touched.
    """
    network.require_up()
    operator_shell.make_home()
    network.enter()
    operator_shell.become()


@main.command("exec")
@ONE_HOST
@click.argument("command", nargs=-1, required=True)
@_lab_command
def execute(host: str, command: tuple[str, ...]) -> None:
    """Run COMMAND at HOST's console as root, network or not."""
    sys.exit(subprocess.run([*LAB.console(host), *command], check=False).returncode)


@main.command()
@ONE_HOST
@_lab_command
def logs(host: str) -> None:
    """Print what HOST's console showed since it was powered on."""
    if not machine.console_log(LAB.host(host)).exists():
        raise OperatorError(f"{host}: never powered on; run: {typed('up')}")
    click.echo("\n".join(machine.console_lines(LAB.host(host))))


@main.command()
@ONE_HOST
@click.argument("rate")
@_lab_command
def limit(host: str, rate: str) -> None:
    """Slow HOST's cable down to RATE, such as 10mbit, in both directions."""
    LAB.limit(host, rate)


@main.command()
@ONE_HOST
@_lab_command
def cut(host: str) -> None:
    """Pull HOST's cable."""
    LAB.cut(host)


@main.command()
@ONE_HOST
@_lab_command
def mend(host: str) -> None:
    """Plug HOST's cable in again, at full speed."""
    LAB.mend(host)
