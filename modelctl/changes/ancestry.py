"""Which commits a site contains: a node that was switched by a newer one is not to be taken back by accident."""

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from modelctl.faults import one_line
from modelctl.product import CHECKOUT, commit_of, git
from modelctl.remembered import remembered


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


def _is_ancestor(folder: Path, commit: str) -> bool:
    return git(folder, "merge-base", "--is-ancestor", commit, "HEAD").returncode == 0
