"""`modelctl init`: a site in a git repository of its own."""

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from modelctl import hints, text_file
from modelctl.changes import git
from modelctl.desired.check import Checked, check
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import Address, HostName
from modelctl.inventory_file import NEIGHBOURS, Inventory, load
from modelctl.product import CHECKOUT
from modelctl.starting import default, folder, minimal
from modelctl.starting.ansible import site as ansible
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.files import Files
from node.counting import counted

INVENTORY = "inventory.py"
UNNAMED = "my-site"
MISSED = "read what was left and added, and write what you miss into {site} and {registry}"
VERSIONS = "write the versions that the primary datasink has into {registry}"
MAX_PATH = 4096  # characters
HOST_NAME: TypeAdapter[str] = TypeAdapter(HostName)
ADDRESS: TypeAdapter[IPv4Address | IPv6Address] = TypeAdapter(Address)
Value = TypeVar("Value")


def _host(_context: click.Context, option: click.Parameter, text: str | None) -> minimal.Named | None:
    """NAME=ADDRESS, or the address of a host that is called as the example is."""
    if text is None:
        return None
    name, _, address = text.rpartition("=")
    name = name or minimal.EXAMPLES[str(option.name)].name
    return minimal.Named(_valid(HOST_NAME, name), str(_valid(ADDRESS, address)))


def _name(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    return None if text is None else _valid(HOST_NAME, text)


def _valid(kind: TypeAdapter[Value], text: str) -> Value:
    try:
        return kind.validate_python(text)
    except ValidationError as error:
        raise click.BadParameter(f"found {one_line(text)!r}; expected {error.errors()[0]['msg']}") from None


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", callback=_name, help="The site's name: that of DIR unless given.")
@click.option("--datasink", metavar="[NAME=]ADDRESS", callback=_host, help="The host that keeps events and models.")
@click.option("--sentinel", metavar="[NAME=]ADDRESS", callback=_host, help="The host that looks at events.")
@click.option("--outpost", metavar="[NAME=]ADDRESS", callback=_host, help="The host with a camera.")
@click.option("--from", "start", type=click.Choice(["default"]), help="Begin with the whole default site.")
@click.option("--from-ansible", type=click.Path(path_type=Path), metavar="DIR", help="Begin with an Ansible inventory.")
def init(
    directory: Path, name: str | None, start: str | None, from_ansible: Path | None, **hosts: minimal.Named | None
) -> None:
    """Write a new site into DIR, a git repository of its own.

    It has three hosts, whose names and addresses can be given, or be written into its files later.
    """
    said = {role: host for role, host in hosts.items() if host}
    if sum(map(bool, (start, from_ansible, name or said))) > 1:
        raise click.UsageError("--from takes another site as it is; its name and hosts are changed in its files")
    _require_apart(directory)
    git.require_identity(Path.cwd())
    with folder.new(directory) as place:
        if from_ansible is not None:
            files, ledger = ansible.files(from_ansible)
            _tell_ledger(ledger)
        elif start:
            files = default.files()
        else:
            files = minimal.files(name or _name_of(directory), _three(said))
        inventory, found = _write(place, files)
        git.begin(place).commit_first(f"Begin the site {found.site}")
    hints.use(directory / INVENTORY)
    _tell(directory, inventory.fleet, found, [MISSED] if from_ansible is not None else [_unsaid(said), VERSIONS])


def _three(said: Mapping[str, minimal.Named]) -> dict[str, minimal.Named]:
    """The hosts by role: as they were given, else the examples'."""
    hosts = {**minimal.EXAMPLES, **said}
    for part in ("name", "address"):
        values = [getattr(host, part) for host in hosts.values()]
        if twice := [value for value in values if values.count(value) > 1]:
            raise click.UsageError(f"found the {part} {twice[0]} for two hosts; expected another one for each")
    return hosts


def _real(directory: Path) -> Path:
    """Without links. Of links that lead nowhere whoever writes there says what is wrong."""
    return Path(os.path.realpath(directory))


def _name_of(directory: Path) -> str:
    """The site's name, where the folder's own is none that a site could have."""
    try:
        return HOST_NAME.validate_python(_real(directory).name.lower())
    except ValidationError:
        return UNNAMED


def _require_apart(directory: Path) -> None:
    if CHECKOUT in (_real(directory), *_real(directory).parents):
        raise OperatorError(
            f"{one_line(str(directory))}: found a folder of this code's own checkout; expected one beside it, as "
            f"{CHECKOUT.parent / UNNAMED}"
        )


def _write(place: Path, files: Files) -> tuple[Inventory, Checked]:
    """Write the files, and read them as any command does."""
    for name, text in files.items():
        text_file.replace(place / name, text)
    inventory = load(place / INVENTORY)
    found = check(inventory.fleet)
    shutil.rmtree(place / NEIGHBOURS / "__pycache__", ignore_errors=True)  # git would never see it
    return inventory, found


def _tell_ledger(ledger: Ledger) -> None:
    """A line for each key of the inventory, and for each value that it lacks."""
    for kind, lines in {"taken": ledger.taken(), "left": ledger.left(), "added": ledger.added()}.items():
        for line in lines:
            click.echo(f"{kind}  {line}")
    click.echo(f"{len(ledger.taken())} taken, {len(ledger.left())} left, {len(ledger.added())} added")


def _unsaid(hosts: Mapping[str, minimal.Named]) -> str:
    """What of the hosts is still to be written, when these were named."""
    if len(hosts) == len(minimal.EXAMPLES):
        return "look at the cameras in {site}"
    return "write your hosts' names, addresses and cameras into {site}"


def _tell(directory: Path, fleet: Fleet, found: Checked, writing: Sequence[str]) -> None:
    site, registry = (one_line(str(directory / NEIGHBOURS / name), MAX_PATH) for name in ("site.py", "registry.py"))
    has_stick = any(fleet.stack(host) for host in fleet.site.hosts)
    git_there = f"git -C {shlex.quote(str(directory))}"
    steps = [
        *(each.format(site=site, registry=registry) for each in writing),
        hints.modelctl(f"trust {' '.join(fleet.site.hosts)}"),
        hints.modelctl("doctor"),
        *([hints.modelctl("coral download")] if has_stick else []),
        hints.modelctl("pin"),
        hints.modelctl("check --strict"),
        f"{git_there} add --all && {git_there} commit --message 'My hosts, their keys and pins'",
        hints.pyinfra("deploys/models.py --dry"),
        hints.pyinfra("deploys/models.py -y"),
        hints.modelctl("status"),
    ]
    click.echo(
        f"{one_line(str(directory), MAX_PATH)}: the site {found.site}, {counted(found.hosts, 'host')}, a git "
        "repository of its own"
    )
    click.echo("What to do next:")
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")
