"""What a shell offers for a word that is begun: hosts, models and versions of the site, from its files alone.

Where the site cannot be loaded nothing is offered, and nothing said: the command itself tells why.
"""

from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import click

from modelctl import hints
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import newest_first
from modelctl.inventory_file import load

Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def _offering(names: Callable[[Fleet, click.Context], Iterable[str]]) -> Offer:
    """Offer those of these names that begin as the word does; after a comma another one, without those before it."""

    def offer(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",")
        try:
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                found = list(names(load(context.params.get("site") or hints.DEFAULT_SITE).fleet, context))
        except (Exception, SystemExit):
            return []
        taken = before.split(",")
        return [f"{before}{comma}{name}" for name in found if name.startswith(begun) and name not in taken]

    return offer


def _hosts(fleet: Fleet, context: click.Context) -> Iterable[str]:
    named = context.params.get("hosts") or ()
    return [name for name in fleet.site.hosts if name not in named]


def _versions(fleet: Fleet, context: click.Context) -> Iterable[str]:
    """The named and the pinned versions of the model that was typed before, else of the Coral stacks."""
    model = context.params.get("model", CORAL)
    return newest_first({*fleet.referenced_versions(model), *fleet.pins.models.get(model, {})})


hosts = _offering(_hosts)
models = _offering(lambda fleet, _: fleet.registry.artefacts)
versions = _offering(_versions)
