"""The product: the checkout that this code runs from. A site may lie in a repository of its own."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from modelctl.remembered import remembered

CHECKOUT = Path(__file__).resolve().parent.parent


@remembered
def release() -> str:
    """The release with the commit of its checkout: 0.1.0 COMMIT, with "-dirty" when that has uncommitted changes."""
    try:
        number = version("sentinelcam-deploy")
    except PackageNotFoundError:  # run from a checkout that is not installed
        number = "unreleased"
    return f"{number} {commit_of(CHECKOUT)}"


@remembered
def commit_of(folder: Path) -> str:
    """The commit of a folder's git checkout, with "-dirty" when that has uncommitted changes; "unknown" without git."""
    try:
        said = git(folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").stdout
    except OSError:
        return "unknown"
    return said.decode().strip() or "unknown"


def git(folder: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """What git says in a folder, and how it ends. Raises OSError where there is no git, or no such folder."""
    return subprocess.run(["git", *words], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
