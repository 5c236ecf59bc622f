"""That a long work on a host goes on, and how far it is: on standard error, and on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Advance = Callable[[int], None]


@contextmanager
def reading(what: str, size: int) -> Iterator[Advance]:
    """Show a bar for `size` bytes while the block runs, which says how many more it has read."""
    with _progress(BarColumn(), DownloadColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(f"reading {what}", total=size)
        yield lambda more: bar.advance(task, more)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show how long the block runs already, where nobody can say how long it will."""
    with _progress(SpinnerColumn(), TimeElapsedColumn()) as spinner:
        spinner.add_task(what, total=None)
        yield


def _progress(*columns: ProgressColumn) -> Progress:
    what = TextColumn("{task.description}", markup=False)
    return Progress(what, *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
