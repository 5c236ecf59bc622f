"""The page of the commands: modelctl's, a node's, the lab's, and what a deploy takes, each as its own help says it."""

import ast
import inspect
from collections.abc import Iterator

import click

from docs.make.markdown import code, table
from lab.cli import main as lab
from modelctl.cli import main as modelctl
from modelctl.product import CHECKOUT
from node.help import COMMANDS as CONSOLE_COMMANDS
from operations.run import KEYS

INTRODUCTION = """\
# Commands

Typed in the checkout, after `. .venv/bin/activate`. Each command tells the same with `--help`.

"""
DEPLOYS = """\
## Deploys

    pyinfra INVENTORY deploys/NAME.py [--limit HOST] [--data KEY=VALUE] --dry
    pyinfra INVENTORY deploys/NAME.py [--limit HOST] [--data KEY=VALUE] -y

`--dry` shows what would change, with `--diff` the changed lines too; `-y` does it. `--limit` names a host or a group,
and can be given several times.

"""
CONSOLE = """\
## On a node

Typed on the node itself as `sudo sentinelcam-node COMMAND`. It needs no other machine.

"""
LAB = """\
## The lab

Typed as `python -m lab COMMAND`, as root. Another lab beside it: `LAB=NAME` before the command.

"""


def page() -> str:
    """The page's text."""
    parts = [INTRODUCTION, *_deploys(), *_modelctl(), *_console(), *_lab()]
    return "".join(parts).rstrip() + "\n"


def _deploys() -> Iterator[str]:
    yield DEPLOYS
    files = sorted((CHECKOUT / "deploys").glob("*.py"))
    texts = [ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in files]
    yield table(
        ("deploy", "what it brings"),
        [(code(f"deploys/{path.name}"), " ".join(text.split())) for path, text in zip(files, texts, strict=True)],
    )
    yield table(("`--data`", "what it says"), [(code(key), text) for key, text in KEYS.items()])


def _modelctl() -> Iterator[str]:
    yield "## modelctl\n\n"
    yield from _commands(modelctl, "modelctl")


def _console() -> Iterator[str]:
    yield CONSOLE
    rows = [
        (code(f"{name} {told.words}"), f"{told.line} {' '.join(told.more.split())}")
        for name, told in CONSOLE_COMMANDS.items()
    ]
    yield table(("command", "what it does"), rows)


def _lab() -> Iterator[str]:
    yield LAB
    context = click.Context(lab)
    found = [(name, lab.get_command(context, name)) for name in lab.list_commands(context)]
    yield table(
        ("command", "what it does"), [(code(name), " ".join(_help(each).split())) for name, each in found if each]
    )


def _commands(group: click.Group, path: str) -> Iterator[str]:
    """A section for each command of a group, those of its groups included."""
    context = click.Context(group, info_name=path)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield _section(command, f"{path} {name}")


def _section(command: click.Command, path: str) -> str:
    # click keeps the names of the help option with the command, for whoever runs it next.
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"])
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    options = [each.get_help_record(context) for each in command.params if isinstance(each, click.Option)]
    rows = [(code(record[0]), record[1]) for record in options if record]
    told = table(("option", "what it does"), rows) if rows else ""
    return f"### {path}\n\n    {usage}\n\n{_help(command)}\n\n{told}"


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "")
