"""Which commits this checkout contains: a node that was switched by a newer one is not to be taken back by accident."""

import re
import shutil
import subprocess
from functools import cache

from modelctl.faults import one_line
from operations.order import CHECKOUT, commit


@cache
def contains(made_by: str) -> bool:
    """Tell whether HEAD is the commit of a set, or comes after it. A set whose commit nobody knows counts as ours.

    So does every set where there is no git to ask, and a set that was made before HEAD's changes were committed.
    """
    found = re.fullmatch(r"([0-9a-f]{40,64})(-dirty)?", made_by)
    if found is None or commit() == "unknown":
        return True
    return _git("merge-base", "--is-ancestor", found.group(1), "HEAD").returncode == 0


@cache
def remedy() -> str:
    """Return what may bring a commit that the checkout lacks; to a shallow clone all older ones look newer."""
    is_shallow = _git("rev-parse", "--is-shallow-repository").stdout.strip() == "true"
    return "git fetch --unshallow" if is_shallow else "git pull"


def warnings() -> list[str]:
    """Return what to say of a checkout whose commit git does not know; nothing where there is no git."""
    if commit() != "unknown" or shutil.which("git") is None:
        return []
    said = _git("rev-parse", "--verify", "HEAD").stderr.partition("\n")[0]
    return [
        f"{CHECKOUT}: {one_line(said)}; so it is not known whether a newer checkout switched a node; see git status"
    ]


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False)
