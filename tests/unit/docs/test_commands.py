"""What the documentation tells a reader to type is there to be typed."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from lab.cli import main as lab
from modelctl.cli import main as modelctl
from modelctl.product import CHECKOUT
from node.dispatch import CONSOLE
from operations.run import KEYS
from tests.unit.docs.test_links import PAGES as ALL

PAGES = [page for page in ALL if page.name != "CONTRIBUTING.md"]
"""There a line of a list may begin as code does."""

CODE = re.compile(r"^```.*?^```|`[^`\n]+`|^ {4}[^\n]*$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
NEXT = re.compile(r"[;|&<>\n]|`|\)(?= |$)")
"""Where a command ends, and another may begin."""
NOT_BUILT = {"fetch"}
"""What docs/explanation/several-sites.md only thinks of."""


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """The words after each mention of a program in a page's code."""
    for found in CODE.findall(page.read_text(encoding="utf-8")):
        for part in re.split(rf"(?:^|(?<=[\s`(/]))(?:{program}) ", found)[1:]:
            yield NEXT.split(part)[0].split()


def named(group: click.Group, words: list[str]) -> tuple[click.Command | None, str]:
    """The command that words begin with, and its name."""
    name = words[0] if words else ""
    command = group.get_command(click.Context(group), name)
    if isinstance(command, click.Group) and words[1:]:
        return named(command, words[1:])
    return command, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_each_command_and_its_options_are_there(page: Path) -> None:
    for program, group in (("modelctl", modelctl), ("python -m lab", lab)):
        for words in commands(page, program):
            if not words or words[0] in NOT_BUILT or not re.fullmatch(r"[a-z][a-z-]*", words[0]):
                continue  # a placeholder, or an option alone
            command, name = named(group, words)
            assert command is not None, (program, words)
            known = {option for each in command.params for option in each.opts} | {"--help"}
            typed = set(OPTION.findall(" ".join(words).partition(" -- ")[0]))
            assert typed <= known, (program, name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_each_deploy_and_what_it_is_told_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"deploys/([a-z_]+)\.py", text):
        assert (CHECKOUT / "deploys" / f"{name}.py").exists(), name
    for key in re.findall(r"--data ([a-z_]+)", text):
        assert key in KEYS, key
    for words in commands(page, "sudo sentinelcam-node"):
        if words and re.fullmatch(r"[a-z-]+", words[0]):
            assert words[0] in CONSOLE, words
