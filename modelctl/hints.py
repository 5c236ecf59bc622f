"""Commands as they have to be typed for the site that was loaded: a pasted hint must not act on another site."""

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

from modelctl.inventory.coral import CORAL
from modelctl.product import CHECKOUT

DEFAULT_SITE = Path("inventory.py")

SITE_VARIABLE = "MODELCTL_SITE"
"""Of the environment: the site of a command that names none."""

FROM_A_NODE = re.compile(r"\bmodelctl (prune registry|collect)\b")
"""Commands that a node's program names: it knows no site."""

_site = DEFAULT_SITE


def use(site: Path) -> None:
    """From here on hints are for this site, named as it was typed."""
    global _site
    _site = site


def modelctl(words: str) -> str:
    """A command of modelctl, as it has to be typed here."""
    return modelctl_on(_site, words)


def modelctl_on(site: Path, words: str) -> str:
    """A command of modelctl for another site."""
    is_taken_anyway = site.resolve() == DEFAULT_SITE.resolve() and not os.environ.get(SITE_VARIABLE)
    return f"modelctl {words}" if is_taken_anyway else f"modelctl {words} --site {shlex.quote(str(site))}"


def pinning(label: str) -> str:
    """What to do about a version, MODEL/VERSION, that no pin covers."""
    if label.startswith(f"{CORAL}/"):
        return f"download it: {modelctl('coral download')}, then pin it: {modelctl('coral pin')}"
    return f"pin it: {modelctl('pin')}"


def deploying(host: str) -> str:
    """The deploy that brings a host what it lacks."""
    return pyinfra(f"deploys/models.py --limit {host} -y")


def limits(hosts: Iterable[str]) -> str:
    """What limits a command of pyinfra to some hosts."""
    return " ".join(f"--limit {host}" for host in hosts)


def completed(said: str) -> str:
    """What a node has said, with its hints made for this site."""
    return FROM_A_NODE.sub(lambda found: modelctl(found.group(1)), said)


def pyinfra(words: str) -> str:
    """A command of pyinfra, which finds its settings and the deploys in the product's checkout only."""
    if Path.cwd() == CHECKOUT:
        return f"pyinfra {shlex.quote(str(_site))} {words}"
    return f"cd {shlex.quote(str(CHECKOUT))} && pyinfra {shlex.quote(str(_site.resolve()))} {words}"
