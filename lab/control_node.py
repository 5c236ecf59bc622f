"""The lab's control node: a user of its own there has a clone of the product, and a clone of the lab's site."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from importlib.metadata import Distribution
from pathlib import Path

from lab import keys, site_copy
from lab.hosts import CONTROL
from lab.shell import run
from modelctl.errors import OperatorError
from modelctl.product import CHECKOUT

PRODUCT = f"{CONTROL.home}/sentinelcam-deploy"
SITE = f"{CONTROL.home}/site"
INVENTORY = f"{SITE}/inventory.py"
ORIGIN = f"{CONTROL.home}/site.git"
"""The bare repository that the user's clone of the site pulls from and pushes to."""
LOCK = CHECKOUT / "requirements.lock"
PYTHON = (3, 11)
"""Debian 12's: what was compiled for another one does not load there."""
KEY = f"{CONTROL.home}/.ssh/id_ed25519"
"""Where ssh looks by itself: the site names no key."""
PULL_CA = f"{CONTROL.home}/.config/sentinelcam/pull_ca"
TEXT = '''"""The lab's site as pyinfra groups, on its control node. Its values lie in inventory/ beside this file."""

from modelctl.inventory_file import site_beside as _site_beside

globals().update(_site_beside(__file__))
'''
MOVED = {
    "from lab import keys\n": "from pathlib import Path\n\n",
    "    ssh_key=keys.OPERATOR,\n": "",
    "keys.KNOWN_HOSTS": 'Path(__file__).with_name("known_hosts")',
    "keys.PULL_CA": 'Path.home() / ".config" / "sentinelcam" / "pull_ca"',
}
"""Where a real site's keys lie, in place of where the lab's own site.py has them."""


def files() -> Mapping[str, tuple[str, int]]:
    """Path to content and mode of what only a control node has on its disk."""
    return {
        f"var/lib/systemd/linger/{CONTROL.login}": ("", 0o644),
        KEY[1:]: (keys.CONTROL.read_text(), 0o600),
        f"{KEY[1:]}.pub": (keys.public(keys.CONTROL), 0o644),
        PULL_CA[1:]: (keys.PULL_CA.read_text(), 0o600),
        f"{PULL_CA[1:]}.pub": (keys.public(keys.PULL_CA), 0o644),
    }


def write_clones(disk: Path) -> None:
    """Clone the product, as this checkout has it, and the lab's site, which gets a commit: its keys lie elsewhere."""
    product = disk / PRODUCT[1:]
    run("git", "clone", "--quiet", "--depth=1", f"file://{CHECKOUT}", str(product))
    run("git", "-C", str(product), "remote", "remove", "origin")
    for name in _not_committed():
        _copy_or_remove(CHECKOUT / name, product / name)
    origin, site = disk / ORIGIN[1:], disk / SITE[1:]
    run("git", "clone", "--quiet", "--bare", str(site_copy.FOLDER), str(origin))
    run("git", "clone", "--quiet", str(origin), str(site))
    (site / "inventory.py").write_text(TEXT)
    shutil.copyfile(keys.KNOWN_HOSTS, site / "inventory" / "known_hosts")
    values = site / "inventory" / "site.py"
    values.write_text(with_keys_moved(values.read_text()))
    for words in (
        ("config", "user.name", CONTROL.login),
        ("config", "user.email", f"{CONTROL.login}@{CONTROL.name}"),
        ("config", "commit.gpgsign", "false"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "The site on its control node"),
        ("push", "--quiet"),
        ("remote", "set-url", "origin", ORIGIN),
    ):
        run("git", "-C", str(site), *words)


def with_keys_moved(text: str) -> str:
    """The text of site.py with the keys where the control node has them."""
    for before, after in MOVED.items():
        assert before in text
        text = text.replace(before, after)
    return text


def write_environment(system: Path) -> None:
    """Make the product's virtual environment, from what is installed in this one: no index is asked.

    :raises OperatorError: this Python is not of the version that the control node has.
    """
    if sys.version_info[:2] != PYTHON:
        found, expected = (".".join(map(str, each)) for each in (sys.version_info[:2], PYTHON))
        raise OperatorError(f"lab: found Python {found}, expected {expected}, Debian 12's; run script/setup with that")
    environment = f"{PRODUCT}/.venv"
    run("chroot", str(system), "python3", "-m", "venv", "--without-pip", environment, limit=120)
    for name in (*_locked(LOCK.read_text()), "sentinelcam-deploy"):
        _copy(_installed(name), system / environment[1:])


def _locked(text: str) -> list[str]:
    return re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)


def _installed(name: str) -> Distribution:
    """The package as it is in this environment; a build may have left another description of it in the checkout."""
    return next(iter(Distribution.discover(name=name, path=[sysconfig.get_path("purelib")])))


def _copy(package: Distribution, environment: Path) -> None:
    """Copy an installed package; what names this environment or this checkout then names that of the control node."""
    for name in package.files or ():
        source = Path(str(package.locate_file(name))).resolve()
        target = environment / source.relative_to(sys.prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        if target.parent.name == "bin" or (target.name.startswith("__editable__") and target.suffix == ".py"):
            text = target.read_text().replace(sys.prefix, f"{PRODUCT}/.venv").replace(str(CHECKOUT), PRODUCT)
            target.write_text(text)


def _not_committed() -> list[str]:
    """The paths that this checkout's working tree has otherwise than its last commit."""
    git = ("git", "-C", str(CHECKOUT))
    changed = run(*git, "diff", "HEAD", "--name-only", "-z")
    new = run(*git, "ls-files", "--others", "--exclude-standard", "-z")
    return [name for name in f"{changed}{new}".split("\0") if name]


def _copy_or_remove(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    else:
        target.unlink()
