"""Hosts that a newer checkout switched: an older one does not move them by accident, and says so before it commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from modelctl import hints
from modelctl.changes import ancestry
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from node.protocol.versions import Chosen


@dataclass(frozen=True)
class Newer:
    """A host that a newer checkout switched, in words; `is_wanted` says whether this one wants the same there."""

    host: str
    said: str
    is_wanted: bool


def _names(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",")) if text else ()


option = click.option(
    "--older",
    metavar="HOSTS",
    default="",
    callback=_names,
    help="Hosts, as a,b, to move although a commit made their set that this checkout does not contain.",
)


def look(folder: Path, host: str, chosen: Mapping[str, Chosen], wanted: Collection[str]) -> Newer | None:
    """Whether a newer checkout than that of a site's folder chose a host's sets; `wanted` are this one's digests."""
    newer = ancestry.newer(folder, {service: each.commit for service, each in chosen.items()})
    if newer is None:
        return None
    return Newer(host, newer, all(each.digest in wanted for each in chosen.values()))


def require_moving(older: Collection[str], moving: Collection[str]) -> None:
    """Raises Faults for a name that is none of a host which moves."""
    faults = [fault("--older", name, choice(name, moving)) for name in older if name not in moving]
    if faults:
        raise Faults(faults)


def require_allowed(folder: Path, found: Sequence[Newer], older: Collection[str]) -> None:
    """Raises OperatorError, with what to do, unless the operator has named all of these hosts."""
    refused = [each for each in found if each.host not in older]
    if not refused:
        return
    names = [each.host for each in refused]
    said = "; ".join(f"{each.host}: {each.said}" for each in refused)
    option = ",".join(sorted({*older, *names}))
    raise OperatorError(f"{said}; {_remedy(folder, refused)}, or allow it with --older {option}; nothing was committed")


def _remedy(folder: Path, refused: Sequence[Newer]) -> str:
    """A commit that is gone, as after a squash, no pull brings back; a deploy of the same set names another one."""
    if not all(each.is_wanted for each in refused):
        return ancestry.remedy(folder)
    limits = " ".join(f"--limit {each.host}" for each in refused)
    return f"it wants the same there, so a deploy renews that: {hints.pyinfra(f'deploys/configs.py {limits} -y')}"
