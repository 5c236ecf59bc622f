"""That a long work on a host goes on, and how far it is: on standard error, and on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rich.progress as bars
from rich.console import Console
from rich.table import Column

from modelctl import screen

Advance = Callable[[int], None]


@contextmanager
def reading(what: str, size: int) -> Iterator[Advance]:
    """Show a bar for `size` bytes while the block runs, which says how many more it has read."""
    with _progress(bars.BarColumn(), bars.DownloadColumn(), bars.TimeRemainingColumn()) as bar:
        task = bar.add_task(f"reading {what}", total=size)
        yield lambda more: bar.advance(task, more)


@contextmanager
def moving(what: str, size: int | None) -> Iterator[Advance]:
    """Show a bar while the block runs, which says how many bytes are there by now, of `size` if that is known."""
    with _progress(bars.BarColumn(), bars.DownloadColumn(), bars.TimeRemainingColumn()) as bar:
        task = bar.add_task(what, total=size)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show how long the block runs already, where nobody can say how long it will."""
    with _progress(bars.SpinnerColumn("line"), bars.TimeElapsedColumn()) as spinner:
        spinner.add_task(what, total=None)
        yield


def _progress(*columns: bars.ProgressColumn) -> bars.Progress:
    """What is done comes first, and is cut where the line is too short for all."""
    what = bars.TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True))
    console = Console(stderr=True)
    is_shown = screen.is_terminal(sys.stderr) and not console.is_dumb_terminal
    return bars.Progress(what, *columns, console=console, expand=True, transient=True, disable=not is_shown)
