"""Reports of tables and lines: in colour and as wide as the terminal, as aligned text for a pipe or a file.

Where a terminal has no room for a table, the columns that matter least are left out, and named below it. Prose goes on
in the next line between two words; nothing else is cut or folded. A pipe or a file gets every column.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap

import click

from modelctl import screen

WELL, ODD, BAD = "", "yellow", "red"
NONE, UNKNOWN, UNREADABLE = "none", "unknown", "unreadable"
_GAP = "  "
_LEAST_PROSE = 16  # letters of a line: with fewer, prose is hard to read


@dataclass(frozen=True)
class Row:
    """Cells in the order of their table's columns, and the colour that a terminal shows them in."""

    cells: tuple[str, ...]
    style: str = WELL


@dataclass(frozen=True)
class Table:
    """`numbers` are the columns that are aligned to the right, `prose` those whose text may go on in the next line,
    `spare` those that a narrow terminal can do without, the first of them first.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: frozenset[str] = frozenset()
    prose: frozenset[str] = frozenset()
    spare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Tables, and below them a line for each thing to know."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()

    def print(self) -> None:
        """Print it as standard output can show it."""
        if screen.is_terminal(sys.stdout):
            click.echo("\n\n".join("\n".join(lines) for lines in self._shown(screen.width()) if lines))
        else:
            click.echo(self.plain())

    def plain(self) -> str:
        """It as aligned text."""
        parts = [[line for line, _ in _laid_out(table, _natural_widths(table))] for table in self.tables]
        return "\n\n".join("\n".join(lines) for lines in (*parts, list(self.notes)) if lines)

    def _shown(self, columns: int) -> Iterator[list[str]]:
        for table in self.tables:
            yield list(_on_terminal(table, columns))
        yield [screen.fold(note, columns, _GAP) for note in self.notes]


def number(value: int) -> str:
    """A number as people read it."""
    return f"{value:,}"


def _on_terminal(table: Table, columns: int) -> Iterator[str]:
    fitting, left_out = _fitting(table, columns)
    is_plain = screen.is_plain()
    for count, (line, style) in enumerate(_laid_out(fitting, _widths(fitting, columns))):
        yield line if is_plain else click.style(line, fg=style or None, bold=count == 0 or None)
    if left_out:
        said = f"({len(left_out)} of {len(table.columns)} columns left out: {', '.join(left_out)})"
        yield screen.fold(said, columns, _GAP)


def _fitting(table: Table, columns: int) -> tuple[Table, list[str]]:
    """The table without the spare columns that there is no room for, and their names."""
    left_out: list[str] = []
    fitting = table
    for name in table.spare:
        if _length(_widths(fitting, columns)) <= columns:
            break
        left_out.append(name)
        fitting = _without(table, left_out)
    return fitting, left_out


def _without(table: Table, names: Sequence[str]) -> Table:
    places = [place for place, name in enumerate(table.columns) if name not in names]
    rows = tuple(Row(tuple(row.cells[place] for place in places), row.style) for row in table.rows)
    return Table(tuple(table.columns[place] for place in places), rows, table.numbers, table.prose)


def _natural_widths(table: Table) -> list[int]:
    return [max(map(len, cells)) for cells in _by_column(table)]


def _widths(table: Table, columns: int) -> list[int]:
    """Widths with which a table fits, if it can: columns of prose share what the others leave them."""
    widths = _natural_widths(table)
    prose = [place for place, name in enumerate(table.columns) if name in table.prose]
    spare = columns - _length(widths) + sum(widths[place] for place in prose)
    for count, place in enumerate(sorted(prose, key=lambda place: widths[place])):
        words = [word for cell in _by_column(table)[place] for word in cell.split()]
        least = max(min(_LEAST_PROSE, widths[place]), *map(len, words), 0)
        widths[place] = min(widths[place], max(least, spare // (len(prose) - count)))
        spare -= widths[place]
    return widths


def _length(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _by_column(table: Table) -> list[tuple[str, ...]]:
    return list(zip(table.columns, *(row.cells for row in table.rows), strict=True))


def _laid_out(table: Table, widths: Sequence[int]) -> Iterator[tuple[str, str]]:
    """The lines of a table with their colours, the names of its columns first."""
    for row in (Row(table.columns), *table.rows):
        cells = [_lines(cell, width) for cell, width in zip(row.cells, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            yield _GAP.join(_aligned(table, line, widths)).rstrip(), row.style


def _lines(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    return wrap(cell, width, break_on_hyphens=False)


def _aligned(table: Table, line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for name, cell, width in zip(table.columns, line, widths, strict=True):
        yield cell.rjust(width) if name in table.numbers else cell.ljust(width)
