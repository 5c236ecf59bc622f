"""Markdown as a forge and the site's builder read it alike."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, which ends with an empty line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n\n"


def code(text: str) -> str:
    """A text as code within a line."""
    return f"`{text}`"
