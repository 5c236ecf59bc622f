"""The fields of a call and the entries of a mapping, with the space and the comments around each of them.

They are plain ones, nothing clever. What is written in any other way raises OperatorError: an operator reads it better
than this.
"""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from modelctl.changes.source_text import SourceText, Span, Splice, refusal, shown
from modelctl.errors import OperatorError
from modelctl.faults import choice, dotted, fault

_BLANKS = b" \t\f"
_END = rb"(?:\r\n?|\n)"
_SPACE = rb"(?:[ \t\f]|\\?%b|#[^\r\n]*+)*+" % _END
_GAP = re.compile(_SPACE)
_BRACKETS = re.compile(rb"(?:%b\))*+" % _SPACE)
_OPENING = re.compile(rb"(?:%b\))*+%b\(" % (_SPACE, _SPACE))
_COMMA = re.compile(rb"%b," % _SPACE)
_LINE = re.compile(rb"(?P<line>[ \t\f]*(?:#[^\r\n]*)?)(?P<end>%b)" % _END)  # the rest of one


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
        """One more item in this place, which is not the first: on a line of its own, as its neighbour is.

        A comment at the end of a line stays with the item that it follows.
        """
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
