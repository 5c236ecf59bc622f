"""`modelctl prune`."""

import click

from modelctl.commands.prune_nodes import nodes
from modelctl.commands.prune_registry import registry


@click.group()
def prune() -> None:
    """Remove old versions: from the primary datasink's registry, and from the nodes."""


prune.add_command(registry)
prune.add_command(nodes)
