"""Reports of tables and lines: in colour on a terminal, as aligned text for a pipe or a file."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column
from rich.table import Table as Grid

WELL, ODD, BAD = "", "yellow", "red"
NONE, UNKNOWN, UNREADABLE = "none", "unknown", "unreadable"
_GAP = "  "


@dataclass(frozen=True)
class Row:
    """Cells in the order of their table's columns, and the colour that a terminal shows them in."""

    cells: tuple[str, ...]
    style: str = WELL


@dataclass(frozen=True)
class Table:
    """`numbers` are the columns that are aligned to the right."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """Tables, and below them a line for each thing to know."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()

    def print(self) -> None:
        """Print it as standard output can show it."""
        if sys.stdout.isatty():
            self._show()
        else:
            click.echo(self.plain())

    def plain(self) -> str:
        """It as aligned text."""
        return "\n\n".join("\n".join(lines) for lines in (*map(_aligned, self.tables), list(self.notes)) if lines)

    def _show(self) -> None:
        console = Console(markup=False, emoji=False, highlight=False)
        for table in self.tables:
            console.print(_grid(table))
            console.line()
        for note in self.notes:
            console.print(note, soft_wrap=True)  # a command in it can then be copied


def number(value: int) -> str:
    """A number as people read it."""
    return f"{value:,}"


def _grid(table: Table) -> Grid:
    columns = [
        Column(name, overflow="fold", justify="right" if name in table.numbers else "left") for name in table.columns
    ]
    grid = Grid(*columns, box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for row in table.rows:
        grid.add_row(*row.cells, style=row.style)
    return grid


def _aligned(table: Table) -> list[str]:
    lines = [table.columns, *(row.cells for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [_GAP.join(_cells(table, line, widths)).rstrip() for line in lines]


def _cells(table: Table, line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    for name, cell, width in zip(table.columns, line, widths, strict=True):
        yield cell.rjust(width) if name in table.numbers else cell.ljust(width)
