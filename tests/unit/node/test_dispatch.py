"""The table names modules and functions by text, which no type checker sees."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

import node
from node import cli, codec, dispatch, protocol
from node.protocol import condition, packages, retention, versions

TOLD = {**{name: place for name, place in dispatch.COMMANDS.items() if name not in dispatch.WITH_WORDS},
        **dispatch.REGISTRY, **dispatch.RECEIVING}  # fmt: skip
STARTED = {"node.__main__", "node.coral.trial_probe", "node.registry.inert_pickle"}  # by themselves
FILES = sorted(Path(node.__file__).parent.rglob("*.py"))
PLACES = sorted({place.partition(":")[0] for place in {**dispatch.COMMANDS, **TOLD}.values()})


@pytest.mark.parametrize("name", dispatch.WITH_WORDS)
def test_a_command_of_words_takes_nothing_else(name: str) -> None:
    work = dispatch.load(dispatch.COMMANDS[name])
    hints, parameters = get_type_hints(work), inspect.signature(work).parameters.values()
    assert hints["return"] is type(None)
    assert {hints[each.name] for each in parameters if each.default is each.empty} <= {str}


@pytest.mark.parametrize("name", TOLD)
def test_a_command_that_is_told_takes_a_message(name: str) -> None:
    work = dispatch.load(TOLD[name])
    [told, *stream] = inspect.signature(work).parameters
    kind = dispatch.question_of(work)
    assert hasattr(kind, "_fields")
    assert get_type_hints(work)[told] is kind
    assert stream == (["stream"] if name in dispatch.RECEIVING else [])
    assert callable(codec._decoder(kind))


@pytest.mark.parametrize("command", [
    each for module in (versions, retention, packages, condition)
    for each in vars(module).values() if isinstance(each, protocol.Command)
], ids=lambda command: command.name)  # fmt: skip
def test_what_is_asked_is_answered(command: "protocol.Command[object, object]") -> None:
    work = dispatch.load(dispatch.COMMANDS[command.name])
    assert dispatch.question_of(work) is command.question
    assert get_type_hints(work)["return"] is command.reply


def test_the_names_that_have_a_time_limit_or_need_no_root_are_commands() -> None:
    known = {**dispatch.COMMANDS, **dispatch.REGISTRY, **dispatch.RECEIVING}
    assert len(known) == len(dispatch.COMMANDS) + len(dispatch.REGISTRY) + len(dispatch.RECEIVING)
    assert {*cli.LONG, *cli.WITHOUT_ROOT} <= set(known)


def test_each_module_can_be_the_first_that_is_loaded() -> None:
    """Each is, for a command of its own, and not from a module that it needs."""
    program = """
import importlib, sys
known = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module("node." + name)
    for loaded in set(sys.modules) - known:
        del sys.modules[loaded]
"""
    subprocess.run([sys.executable, "-c", program, *PLACES], cwd=Path(node.__file__).parents[1], check=True)


def test_no_module_is_dead() -> None:
    """All are loaded by a command, or by a module that is."""
    files = {".".join(path.relative_to(Path(node.__file__).parents[1]).with_suffix("").parts): path for path in FILES}
    left, live = {*STARTED, *("node." + place for place in PLACES)}, set[str]()
    while left:
        live |= left
        left = {found for name in left for found in _imported(files[name]) if found in files} - live
    assert {name for name in files if not name.endswith("__init__")} - live == set()


def _imported(path: Path) -> set[str]:
    parts = [part for part in ast.walk(ast.parse(path.read_text())) if isinstance(part, ast.ImportFrom)]
    return {f"{part.module}.{alias.name}" for part in parts for alias in part.names} | {
        str(part.module) for part in parts
    }
