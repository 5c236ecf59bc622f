"""Which commits a site contains: a host that a newer checkout switched is not moved back by accident."""

import re
import shlex
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelctl import hints
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault, one_line
from modelctl.product import CHECKOUT, commit_of, git
from modelctl.remembered import remembered
from node.protocol.versions import Chosen


@dataclass(frozen=True)
class Newer:
    """A host that a newer checkout switched, in words; `is_wanted` says whether this one wants the same there."""

    host: str
    said: str
    is_wanted: bool


@remembered
def contains(folder: Path, made_by: str) -> bool:
    """Tell whether a site's HEAD is the commit of a set, or comes after it. One that nobody knows counts as the site's.

    So does every set where there is no git to ask, a set that was made before HEAD's changes were committed, and one of
    the product's own commits: the site may have lain there before it had a repository of its own.
    """
    found = re.fullmatch(r"([0-9a-f]{40,64})(-dirty)?", made_by)
    if found is None or commit_of(folder) in ("unknown", made_by):
        return True
    return any(_is_ancestor(each, found.group(1)) for each in (folder, CHECKOUT))


def newer(folder: Path, commits: Mapping[str, str | None]) -> str | None:
    """Return what to say of sets, by the service, that commits made which a site does not contain; None of others."""
    newer = [
        f"{name} was switched by commit {each[:12]}"
        for name, each in commits.items()
        if each and not contains(folder, each)
    ]
    return f"{', '.join(newer)}, which this checkout does not contain" if newer else None


@remembered
def remedy(folder: Path) -> str:
    """Return what may bring a commit that the site lacks; to a shallow clone all older ones look newer."""
    is_shallow = git(folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    program = "git" if folder.resolve().is_relative_to(Path.cwd()) else f"git -C {shlex.quote(str(folder))}"
    return f"{program} fetch --unshallow" if is_shallow else f"{program} pull"


def warnings(folder: Path) -> list[str]:
    """Return what to say of a site whose commit git does not know; nothing where there is no git."""
    if commit_of(folder) != "unknown" or shutil.which("git") is None:
        return []
    said = git(folder, "rev-parse", "--verify", "HEAD").stderr.decode(errors="replace").partition("\n")[0]
    return [f"{folder}: {one_line(said)}; so it is not known whether a newer checkout switched a node; see git status"]


def look(folder: Path, host: str, chosen: Mapping[str, Chosen], wanted: Collection[str]) -> Newer | None:
    """Whether a newer checkout than that of a site's folder chose a host's sets; `wanted` are this one's digests."""
    said = newer(folder, {service: each.commit for service, each in chosen.items()})
    if said is None:
        return None
    return Newer(host, said, all(each.digest in wanted for each in chosen.values()))


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
    raise OperatorError(
        f"{said}; {_refusal_remedy(folder, refused)}, or allow it with --older {option}; nothing was committed"
    )


def _refusal_remedy(folder: Path, refused: Sequence[Newer]) -> str:
    """A commit that is gone, as after a squash, no pull brings back; a deploy of the same set names another one."""
    if not all(each.is_wanted for each in refused):
        return remedy(folder)
    limits = " ".join(f"--limit {each.host}" for each in refused)
    return f"it wants the same there, so a deploy renews that: {hints.pyinfra(f'deploys/configs.py {limits} -y')}"


def _is_ancestor(folder: Path, commit: str) -> bool:
    return git(folder, "merge-base", "--is-ancestor", commit, "HEAD").returncode == 0
