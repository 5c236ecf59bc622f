"""The `modelctl` command: what can be said of a fleet and its models, and done about them, from the control node."""

from importlib import import_module
from typing import Any

import click

from modelctl.errors import OperatorError

COMMANDS = {
    "check": "site", "collect": "linked_files", "coral": "bring", "diff": "reports", "import": "bring",
    "list": "reports", "override": "moving", "pin": "pin", "promote": "moving", "prune": "prune",
    "receive": "receive", "render": "site", "restore": "linked_files", "revoke": "keys", "rollback": "moving",
    "show": "reports", "status": "reports", "trainer-shell": "receive", "trust": "keys", "undo": "moving",
    "verify": "reports",
}  # fmt: skip
"""The module of each command."""
OTHERWISE = {"import": "import_", "list": "list_", "trainer-shell": "trainer_shell"}
"""Commands whose function is not called like them, for Python has that word, or allows no such name."""


class _Commands(click.Group):
    """Loads the file of the command that was typed, and no other: all of them take twice as long as most.

    Prints an operator's error as lines on stderr and exits 1; a bug keeps its traceback.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"modelctl.commands.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, OTHERWISE.get(cmd_name, cmd_name))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look at a fleet and its models from a checkout, and change which versions it runs."""
