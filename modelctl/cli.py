"""The `modelctl` command: what can be said of a fleet and its models, and done about them, from the control node."""

from typing import Any

import click

from modelctl.commands.check import check
from modelctl.commands.cleanup import cleanup
from modelctl.commands.collect import collect
from modelctl.commands.import_ import import_
from modelctl.commands.list import list_models
from modelctl.commands.override import override
from modelctl.commands.pin import pin
from modelctl.commands.render import render
from modelctl.commands.restore import restore
from modelctl.commands.revoke import revoke
from modelctl.commands.rollback import rollback
from modelctl.commands.show import show
from modelctl.commands.status import status
from modelctl.commands.trust import trust
from modelctl.commands.undo import undo
from modelctl.commands.verify import verify
from modelctl.errors import OperatorError


class _Commands(click.Group):
    """Prints an operator's error as lines on stderr and exits 1; a bug keeps its traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look at a fleet and its models from a checkout, and change which versions it runs."""


for command in (
    check,
    render,
    trust,
    pin,
    import_,
    collect,
    restore,
    rollback,
    override,
    undo,
    revoke,
    status,
    list_models,
    show,
    verify,
    cleanup,
):
    main.add_command(command)
