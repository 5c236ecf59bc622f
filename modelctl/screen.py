"""The screen that an operator reads: whether there is one, how wide it is, and text folded between words to fit it."""

import os
import shutil
import sys
from typing import IO, Any

import click

COLUMNS = 80
"""Where there is no screen."""


def is_terminal(stream: IO[Any]) -> bool:
    """Whether somebody reads this stream on a screen."""
    return stream.isatty()


def is_plain() -> bool:
    """Whether nothing is to be shown in colour."""
    return "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"


def width() -> int:
    """How many columns there are."""
    return shutil.get_terminal_size((COLUMNS, 24)).columns


def fold(text: str, columns: int, indent: str = "") -> str:
    """A text, styled or not, whose lines go on in the next one between words, behind `indent` where there is room. Only
    a word that is longer than a line makes a longer one.
    """
    return "\n".join("\n".join(_fold_line(line, columns, indent)) for line in text.split("\n"))


def say(text: str) -> None:
    """Tell the operator something on standard output, folded where that is a screen."""
    click.echo(fold(text, width(), "  ") if is_terminal(sys.stdout) else text)


def complain(text: str) -> None:
    """The same on standard error."""
    click.echo(fold(text, width(), "  ") if is_terminal(sys.stderr) else text, err=True)


def _fold_line(line: str, columns: int, indent: str) -> list[str]:
    if _length(line) <= columns:
        return [line]
    first, *words = line.split(" ")
    lines = [first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if _length(longer) <= columns or not lines[-1].strip():
            lines[-1] = longer
        else:
            room = max(0, columns - _length(word))
            lines.append(f"{indent[:room]}{word}")
    return [each.rstrip() for each in lines]


def _length(text: str) -> int:
    return len(click.unstyle(text))
