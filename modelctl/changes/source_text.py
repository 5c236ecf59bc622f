"""A Python text, and where the parts of it stand that Python's own parser finds."""

import ast
import re
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from modelctl.errors import OperatorError
from modelctl.faults import one_line

MAX_TEXT = 1 << 20  # characters
_BOM = "\ufeff"
_NEWLINE = re.compile(rb"\r\n?|\n")  # nothing else ends a line for Python
_STRING = re.compile(rb"""[rRuU]?('''|\"""|'|")(.*)\1""")


class Span(NamedTuple):
    """Bytes of the text, from `start` up to `end`."""

    start: int
    end: int


class Splice(NamedTuple):
    """What comes in the place of the bytes from `start` up to `end`."""

    start: int
    end: int
    text: str


class SourceText:
    """A text as the bytes that Python counts in. Raises OperatorError for what is not Python."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise refusal("the text", f"{len(text)} characters", f"at most {MAX_TEXT}")
        self._module = _parsed(text.removeprefix(_BOM))
        self.raw = text.encode()
        first = len(_BOM.encode()) if text.startswith(_BOM) else 0
        self._lines = [first, *(end.end() for end in _NEWLINE.finditer(self.raw))]

    def span(self, node: ast.expr) -> Span:
        """Where a node stands, without parentheses around it."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = self._lines[node.lineno - 1], self._lines[node.end_lineno - 1]
        return Span(start + node.col_offset, end + node.end_col_offset)

    def between(self, start: int, end: int) -> str:
        """The text of these bytes."""
        return self.raw[start:end].decode()

    def shown(self, node: ast.expr) -> str:
        """The text of a node as an error shows it."""
        return shown(self.between(*self.span(node)))

    def quoted(self, node: ast.expr | None) -> Span | None:
        """What stands between the quotes of a string that says just that; None for anything else."""
        if not isinstance(node, ast.Constant):
            return None
        found = _STRING.fullmatch(self.raw, *self.span(node))
        return Span(*found.span(2)) if found and found[2].decode() == node.value else None

    def spliced(self, splices: Iterable[Splice]) -> str:
        """The text with these changes, of which none overlap."""
        parts, kept = [], 0
        for start, end, text in sorted(splices, key=attrgetter("start")):
            parts += [self.raw[kept:start], text.encode()]
            kept = end
        return b"".join([*parts, self.raw[kept:]]).decode()

    def assigned(self, name: str) -> ast.expr:
        """The one value of a name, which the rest of the text leaves alone."""
        expected = f"one line {name} = ... and no other use of that name"
        if (count := _uses(self._module, name)) != 1:
            raise refusal(name, f"the name {count} times", expected)
        for statement in self._module.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=found)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value)
                ) if found == name:
                    return value
        raise refusal(name, "no such line at the top level", expected)


def refusal(place: str, found: str, expected: str) -> OperatorError:
    """The error for a text that cannot be edited safely."""
    return OperatorError(f"{place}: found {found}; expected {expected}; edit it by hand")


def shown(code: str) -> str:
    """A part of a text as an error shows it."""
    return one_line(code, 60)


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise refusal(f"line {error.lineno}" if error.lineno else "the text", one_line(error.msg), "Python") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise refusal("the text", one_line(f"{type(error).__name__}: {error}"), "plain Python") from None


def _uses(tree: ast.AST, name: str) -> int:
    """How often a program, which may say the name in a string too, uses a name."""
    parts = (part for part in ast.walk(tree) if not isinstance(part, ast.Constant))
    values = (value for part in parts for _, value in ast.iter_fields(part))
    return sum(value == name or (isinstance(value, list) and name in value) for value in values)
