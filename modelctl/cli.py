"""The `modelctl` command: what can be said of a fleet and its models, and done about them, from the control node."""

from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from modelctl import for_programs, screen
from modelctl.errors import OperatorError
from modelctl.nearest import nearest

_WANTS_JSON = "modelctl.wants_json"


class _Where(NamedTuple):
    """The module of a command, and what it does, in a line of a terminal of 60 columns."""

    module: str
    help: str


COMMANDS = {
    "check": _Where("site", "Check site, pins and configs, offline."),
    "collect": _Where("linked_files", "Copy linked files to the datasink."),
    "coral": _Where("bring", "Bring Coral stacks, and pin them."),
    "diff": _Where("reports", "Compare two stored versions of a model."),
    "doctor": _Where("doctor", "Tell what hosts lack, and what mends it."),
    "import": _Where("bring", "Store a folder as a version, and pin it."),
    "init": _Where("init", "Begin a site in a folder of its own."),
    "list": _Where("reports", "Show every model and what is stored."),
    "override": _Where("moving", "Try a version on some hosts only."),
    "pin": _Where("pin", "Pin versions that the datasink holds."),
    "promote": _Where("moving", "Give all hosts a newer version."),
    "prune": _Where("prune", "Remove old versions."),
    "receive": _Where("receive", "Take over what a trainer uploaded."),
    "render": _Where("site", "Show the files that a host gets."),
    "restore": _Where("linked_files", "Put a linked file back from a backup."),
    "revoke": _Where("keys", "Shut a stolen host out of the registry."),
    "rollback": _Where("moving", "Take all hosts back to another version."),
    "show": _Where("reports", "Show a model's versions, or one of them."),
    "status": _Where("reports", "Show what runs, and if it is as wanted."),
    "trainer-shell": _Where("receive", "Answer a trainer; nothing to type."),
    "trust": _Where("keys", "Take hosts' SSH keys for known."),
    "undo": _Where("moving", "End a change that was killed."),
    "verify": _Where("reports", "Read every stored byte again."),
}
OTHERWISE = {"import": "import_", "list": "list_", "trainer-shell": "trainer_shell"}
"""Commands whose function is not called like them, for Python has that word, or allows no such name."""


class _Commands(click.Group):
    """Loads the file of the command that was typed, and no other: all of them take twice as long as most.

    Prints an operator's error as lines on stderr, for programs as JSON on stdout besides, and exits 1; a bug keeps its
    traceback.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            return _load(cmd_name)
        if not ctx.resilient_parsing and not cmd_name.startswith("-"):
            ctx.fail(f"No such command {cmd_name!r}{nearest(cmd_name, COMMANDS)}; the commands: {ctx.info_name} --help")
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, where.help) for name, where in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [CompletionItem(name, help=COMMANDS[name].help) for name in COMMANDS if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_WANTS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as error:
            _tell_programs(ctx, str(error))
            screen.complain(str(error))
            ctx.exit(1)
        except click.UsageError as error:  # which click shows, and exits 2
            _tell_programs(ctx, error.format_message())
            raise


def _load(name: str) -> click.Command:
    module = import_module(f"modelctl.commands.{COMMANDS[name].module}")
    command: click.Command = getattr(module, OTHERWISE.get(name, name))
    return command


def _tell_programs(ctx: click.Context, error: str) -> None:
    if ctx.meta[_WANTS_JSON]:
        click.echo(for_programs.error(error))


def _show_release(ctx: click.Context, _option: click.Parameter, is_asked: bool) -> None:
    if is_asked and not ctx.resilient_parsing:
        from modelctl.product import release  # no other command pays for it

        click.echo(f"modelctl {release()}")
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_release,
    help="Show the release, with the commit of its checkout, and exit.",
)
def main() -> None:
    """Look at a fleet and its models from a checkout, and change which versions it runs."""
