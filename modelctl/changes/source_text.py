"""A Python text, and where its parts stand: the fields of a call, the entries of a mapping, and what is around them.

What is written in any but the plain way raises OperatorError: an operator reads it better than this.
"""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from modelctl.errors import OperatorError
from modelctl.faults import choice, dotted, fault, one_line

MAX_TEXT = 1 << 20  # characters
_BOM = "\ufeff"
_NEWLINE = re.compile(rb"\r\n?|\n")  # nothing else ends a line for Python
_STRING = re.compile(rb"""[rRuU]?('''|\"""|'|")(.*)\1""")
_BLANKS = b" \t\f"
_END = rb"(?:\r\n?|\n)"
_SPACE = rb"(?:[ \t\f]|\\?%b|#[^\r\n]*+)*+" % _END
_GAP = re.compile(_SPACE)
_BRACKETS = re.compile(rb"(?:%b\))*+" % _SPACE)
_OPENING = re.compile(rb"(?:%b\))*+%b\(" % (_SPACE, _SPACE))
_COMMA = re.compile(rb"%b," % _SPACE)
_LINE = re.compile(rb"(?P<line>[ \t\f]*(?:#[^\r\n]*)?)(?P<end>%b)" % _END)  # the rest of one


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


class Item(NamedTuple):
    """A field or an entry, from `start` up to `end`. The space behind it begins `after` its comma, if it has one."""

    name: str
    value: ast.expr
    start: int
    end: int
    after: int


@dataclass(frozen=True)
class Row:
    """The items between two brackets, which stand at the bytes before `start` and at `end`."""

    source: SourceText
    place: str
    items: tuple[Item, ...]
    start: int
    end: int

    def find(self, name: str) -> int | None:
        """Where the item of this name stands, None when there is none."""
        found = [index for index, item in enumerate(self.items) if item.name == name]
        if len(found) > 1:
            raise refusal(f"{self.place}.{name}", f"it {len(found)} times", "it once")
        return found[0] if found else None

    def require(self, name: str, expected: str) -> int:
        """Where the item of this name stands."""
        index = self.find(name)
        if index is None:
            raise refusal(f"{self.place}.{name}", "nothing", expected)
        return index

    def quoted(self, index: int, expected: str) -> Span:
        """What stands between the quotes of an item's value, a plain string."""
        item = self.items[index]
        found = self.source.quoted(item.value)
        if found is None:
            raise refusal(f"{self.place}.{item.name}", self.source.shown(item.value), expected)
        return found

    def added(self, index: int, text: str) -> list[Splice]:
        """One more item behind another, on a line of its own if that is; a comment at the end of a line stays there."""
        beside = self.items[index - 1]
        before, after = self._gap(index - 1), self._gap(index)
        line, rest = _LINE.match(before), _LINE.match(after)
        at, space, comma = beside.after, " ", beside.after > beside.end
        if line and (rest or index == len(self.items)):
            at += len(rest["line"]) if rest else 0
            indent = before.removeprefix(before.rstrip(_BLANKS))
            space = ((rest or line)["end"] + indent).decode()
        item = Splice(at, at, f"{space}{text}{',' if comma else ''}")
        return [item] if comma else [Splice(beside.end, beside.end, ","), item]

    def without(self, index: int) -> list[Splice]:
        """One item less; the reverse of `added`. Raises OperatorError when a comment would go with it."""
        item, is_last = self.items[index], index == len(self.items) - 1
        before, after = self._gap(index), self._gap(index + 1)
        line, rest = _LINE.match(before), _LINE.match(after)
        first = comma = item.start - len(before)
        kept = first + len(line[0] if line else b"")
        if line and rest:
            cut = Span(kept, item.after + len(rest[0]))
        elif rest or is_last or (index and not line):
            cut = Span(first, item.after)
        else:
            cut = Span(item.start, self.items[index + 1].start)
        if is_last and index and item.after == item.end:
            comma = self.items[index - 1].end
        if b"#" in self.source.raw[comma:first] + self.source.raw[min(kept, cut.start) : cut.end]:
            raise refusal(f"{self.place}.{item.name}", "a comment that would go with it", "none")
        return [Splice(comma, first, ""), Splice(*cut, "")]

    def _gap(self, index: int) -> bytes:
        """The space before an item, or after the last one."""
        start = self.items[index - 1].after if index else self.start
        end = self.items[index].start if index < len(self.items) else self.end
        return self.source.raw[start:end]


def fields(source: SourceText, node: ast.expr, place: str, names: Collection[str]) -> Row:
    """The fields of a call of one of these names."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in names:
            expected = "fields as name=value"
            if node.args:
                raise refusal(place, source.shown(node.args[0]), expected)
            end = source.span(node).end - 1
            start = _past(_OPENING, source.raw, source.span(node.func).end, end)
            parts = ((each.arg, each.value) for each in node.keywords)
            return _row(source, place, Span(start, end), parts, expected)
    raise refusal(place, source.shown(node), f"{' or '.join(sorted(names))}(...)")


def entries(row: Row, index: int) -> Row:
    """The entries of the mapping that a field holds."""
    source, node, place = row.source, row.items[index].value, f"{row.place}.{row.items[index].name}"
    if not isinstance(node, ast.Dict):
        raise refusal(place, source.shown(node), "a mapping { }")
    keys = (source.quoted(key) for key in node.keys)
    names = (source.between(*key) if key else None for key in keys)
    start, end = source.span(node)
    found = _row(source, place, Span(start + 1, end - 1), zip(names, node.values, strict=True), 'keys as "name"')
    for name, count in Counter(item.name for item in found.items).items():
        if count > 1:
            raise refusal(f"{place}.{dotted((name,))}", "it twice", "it once")
    return found


def member(row: Row, name: str, key: str) -> ast.expr:
    """The value of a key in the mapping that a field holds."""
    found = entries(row, row.require(name, "a mapping { }"))
    index = found.find(key)
    if index is None:
        raise OperatorError(fault(found.place, key, choice(key, (item.name for item in found.items))))
    return found.items[index].value


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


def _row(
    source: SourceText, place: str, span: Span, parts: Iterable[tuple[str | None, ast.expr]], expected: str
) -> Row:
    items, after = list[Item](), span.start
    for name, value in parts:
        start = _past(_GAP, source.raw, after, span.end)
        end = _past(_BRACKETS, source.raw, source.span(value).end, span.end)
        if name is None:
            raise refusal(place, shown(source.between(start, end)), expected)
        after = _past(_COMMA, source.raw, end, span.end)
        items.append(Item(name, value, start, end, after))
    return Row(source, place, tuple(items), *span)


def _past(pattern: re.Pattern[bytes], text: bytes, start: int, end: int) -> int:
    """Where a pattern that may begin at `start` ends."""
    found = pattern.match(text, start, end)
    return found.end() if found else start
