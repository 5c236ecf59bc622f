"""The items between two brackets of a Python text, with the space and the comments around each of them."""

from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

import libcst as cst

Space = cst.BaseParenthesizableWhitespace
Item = TypeVar("Item", bound=cst.Arg | cst.DictElement)
Either = TypeVar("Either", cst.Arg, cst.DictElement)
NO_SPACE = cst.SimpleWhitespace("")


@dataclass(frozen=True)
class Row(Generic[Item]):
    """`spaces` has one before each item and one after the last; `comma` says whether one follows the last."""

    items: tuple[Item, ...]
    spaces: tuple[Space, ...]
    comma: bool

    def replaced(self, index: int, item: Item) -> Self:
        """The row with another item in this place."""
        return replace(self, items=(*self.items[:index], item, *self.items[index + 1 :]))

    def added(self, index: int, item: Item) -> Self:
        """The row with one more item in this place, which is not the first: on a line of its own, as its neighbour is.

        A comment at the end of a line stays with the item that it follows.
        """
        before, after = self.spaces[index - 1], self.spaces[index]
        own_line = _lines(before) is not None and (index == len(self.items) or _lines(after) is not None)
        around: tuple[Space, Space] = _split(before, after) if own_line else (cst.SimpleWhitespace(" "), after)
        items = (*self.items[:index], item, *self.items[index:])
        return replace(self, items=items, spaces=(*self.spaces[:index], *around, *self.spaces[index + 1 :]))

    def without(self, index: int) -> Self:
        """The row without this item. Raises ValueError when a comment would go with it."""
        items = (*self.items[:index], *self.items[index + 1 :])
        is_last = index == len(items)
        goes: list[cst.CSTNode] = [self.items[index]]
        if is_last and index and not self.comma:
            goes.append(_before_comma(self.items[index - 1]))
        if any("#" in code(node) for node in goes):
            raise ValueError("a comment")
        before, after = self.spaces[index], self.spaces[index + 1]
        one_line = _lines(before) is None and _lines(after) is None
        space = before if one_line and not index and items else _joined(before, after, is_last)
        return replace(self, items=items, spaces=(*self.spaces[:index], space, *self.spaces[index + 2 :]))


def arguments(call: cst.Call) -> Row[cst.Arg]:
    """The arguments of a call."""
    comma = bool(call.args) and isinstance(call.args[-1].comma, cst.Comma)
    after = [_after_comma(arg) if isinstance(arg.comma, cst.Comma) else arg.whitespace_after_arg for arg in call.args]
    items = tuple(_alone(arg).with_changes(whitespace_after_arg=NO_SPACE) for arg in call.args)
    return Row(items, (call.whitespace_before_args, *after), comma)


def with_arguments(call: cst.Call, row: Row[cst.Arg]) -> cst.Call:
    """The call with these arguments."""
    args = [_with_comma(arg, space) for arg, space in zip(row.items, row.spaces[1:], strict=True)]
    if args and not row.comma:
        args[-1] = args[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=row.spaces[-1])
    return call.with_changes(args=args, whitespace_before_args=row.spaces[0])


def entries(mapping: cst.Dict) -> Row[cst.DictElement]:
    """The entries of a mapping that has one at least and takes in no other mapping."""
    elements = [each for each in mapping.elements if isinstance(each, cst.DictElement)]
    between = [_after_comma(each) for each in elements[:-1]]
    spaces = (mapping.lbrace.whitespace_after, *between, mapping.rbrace.whitespace_before)
    return Row(tuple(map(_alone, elements)), spaces, isinstance(elements[-1].comma, cst.Comma))


def with_entries(mapping: cst.Dict, row: Row[cst.DictElement]) -> cst.Dict:
    """The mapping with these entries, one at least."""
    elements = [_with_comma(each, space) for each, space in zip(row.items, (*row.spaces[1:-1], NO_SPACE), strict=True)]
    if not row.comma:
        elements[-1] = elements[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return mapping.with_changes(
        elements=elements,
        lbrace=mapping.lbrace.with_changes(whitespace_after=row.spaces[0]),
        rbrace=mapping.rbrace.with_changes(whitespace_before=row.spaces[-1]),
    )


def code(node: cst.CSTNode) -> str:
    """The text of a part of a module."""
    return cst.Module([]).code_for_node(node)


def _before_comma(item: cst.Arg | cst.DictElement) -> Space:
    return item.comma.whitespace_before if isinstance(item.comma, cst.Comma) else NO_SPACE


def _after_comma(item: cst.Arg | cst.DictElement) -> Space:
    return item.comma.whitespace_after if isinstance(item.comma, cst.Comma) else NO_SPACE


def _with_comma(item: Either, after: Space) -> Either:
    return item.with_changes(comma=cst.Comma(_before_comma(item), after))


def _alone(item: Either) -> Either:
    """The item without the space behind it; what is before its comma belongs to it."""
    return _with_comma(item, NO_SPACE) if isinstance(item.comma, cst.Comma) else item


def _lines(space: Space) -> cst.ParenthesizedWhitespace | None:
    """The space, when it ends a line."""
    return space if isinstance(space, cst.ParenthesizedWhitespace) else None


def _split(before: Space, after: Space) -> tuple[Space, Space]:
    """The spaces around an item that comes between: the line's end stays where it was, the empty lines go behind."""
    start, end = _lines(before), _lines(after)
    assert start is not None
    if end is None:
        return start.with_changes(first_line=_bare(start.first_line), empty_lines=()), after
    lead = start.with_changes(first_line=end.first_line, empty_lines=())
    return lead, end.with_changes(first_line=_bare(end.first_line))


def _joined(before: Space, after: Space, is_last: bool) -> Space:
    """What stays of the spaces around an item that goes; the reverse of `_split`. Raises ValueError for a comment."""
    start, end = _lines(before), _lines(after)
    if start is None:
        return after
    on_its_line = end is not None and end.first_line.comment
    homeless = is_last and end is None and start.first_line.comment
    if on_its_line or homeless or any(line.comment for line in start.empty_lines):
        raise ValueError("a comment")
    if end is None:
        return after if is_last else before
    return end.with_changes(first_line=start.first_line)


def _bare(line: cst.TrailingWhitespace) -> cst.TrailingWhitespace:
    return line.with_changes(whitespace=NO_SPACE, comment=None)
