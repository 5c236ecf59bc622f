"""A Python text as LibCST's tree, and the parts of an inventory found in it: plain calls and literals, nothing clever.

What is written in any other way raises OperatorError: an operator reads it better than this.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TypeVar

import libcst as cst

from modelctl.changes.source_row import Row, arguments, code
from modelctl.errors import OperatorError
from modelctl.faults import choice, dotted, fault, one_line

MAX_TEXT = 1 << 20  # characters
MAX_DEPTH = 60  # of Python's syntax tree; LibCST crashes far beyond it
Elements = Mapping[str, cst.BaseExpression]
Node = TypeVar("Node", ast.AST, cst.CSTNode)
_BOM = "\ufeff"


class SourceText:
    """A text that comes back from its tree byte for byte. Raises OperatorError when it would not."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise refusal("the text", f"{len(text)} characters", f"at most {MAX_TEXT}")
        self._bom = _BOM if text.startswith(_BOM) else ""
        self.module = _parsed(text.removeprefix(_BOM))
        if self._bom + self.module.code != text:
            raise refusal("the text", "what an edit would change", "plain Python")

    def replaced(self, old: cst.Call, new: cst.Call) -> str:
        """The text with another call in one's place."""
        changed = self.module.deep_replace(old, new)
        assert isinstance(changed, cst.Module)
        return self._bom + changed.code

    def assigned(self, name: str) -> cst.BaseExpression:
        """The one value of a name, which the rest of the text leaves alone."""
        expected = f"one line {name} = ... and no other use of that name"
        if (count := sum(isinstance(each, cst.Name) and each.value == name for each in _nodes(self.module))) != 1:
            raise refusal(name, f"the name {count} times", expected)
        for line in self.module.body:
            for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
                match statement:
                    case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=found))], value=value):
                        pass
                    case cst.AnnAssign(target=cst.Name(value=found), value=cst.BaseExpression() as value):
                        pass
                    case _:
                        continue
                if found == name:
                    return value
        raise refusal(name, "no such line at the top level", expected)


def refusal(place: str, found: cst.CSTNode | str, expected: str) -> OperatorError:
    """The error for a text that cannot be edited safely."""
    said = found if isinstance(found, str) else one_line(code(found), 60)
    return OperatorError(f"{place}: found {said}; expected {expected}; edit it by hand")


def call_of(node: cst.BaseExpression, place: str, names: Collection[str]) -> cst.Call:
    """The node, a call of one of these names."""
    match node:
        case cst.Call(func=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name))) if name in names:
            return node
    raise refusal(place, node, f"{' or '.join(sorted(names))}(...)")


def field(row: Row[cst.Arg], path: str, name: str) -> int | None:
    """Where the argument of this name stands, None when there is none."""
    for arg in row.items:
        if arg.keyword is None:
            raise refusal(path, arg.with_changes(comma=cst.MaybeSentinel.DEFAULT), "fields as name=value")
    found = [index for index, arg in enumerate(row.items) if arg.keyword and arg.keyword.value == name]
    if len(found) > 1:
        raise refusal(f"{path}.{name}", f"it {len(found)} times", "it once")
    return found[0] if found else None


def value_of(call: cst.Call, path: str, name: str, expected: str) -> cst.BaseExpression:
    """The value of a field."""
    row = arguments(call)
    index = field(row, path, name)
    if index is None:
        raise refusal(f"{path}.{name}", "nothing", expected)
    return row.items[index].value


def member(call: cst.Call, path: str, name: str, key: str) -> cst.BaseExpression:
    """The value of a key in the mapping that a field holds."""
    place = f"{path}.{name}"
    _, elements = elements_of(value_of(call, path, name, "a mapping { }"), place)
    if key not in elements:
        raise OperatorError(fault(place, key, choice(key, elements)))
    return elements[key]


def elements_of(node: cst.BaseExpression, place: str) -> tuple[cst.Dict, Elements]:
    """The node, a mapping with plain keys, and its values by their keys, in their order."""
    if not isinstance(node, cst.Dict):
        raise refusal(place, node, "a mapping { }")
    found: dict[str, cst.BaseExpression] = {}
    for element in node.elements:
        key = plain(element.key) if isinstance(element, cst.DictElement) else None
        if key is None:
            raise refusal(place, element.with_changes(comma=cst.MaybeSentinel.DEFAULT), 'keys as "name"')
        if key in found:
            raise refusal(f"{place}.{dotted((key,))}", "it twice", "it once")
        found[key] = element.value
    return node, found


def plain(node: cst.BaseExpression) -> str | None:
    """The text of a string that says just what stands between its quotes; None for anything else."""
    if not isinstance(node, cst.SimpleString) or node.evaluated_value != node.raw_value:
        return None
    return node.raw_value


def _parsed(text: str) -> cst.Module:
    """Python looks first: its parser ends with an error where LibCST's would end the process."""
    try:
        if not _is_deep(ast.parse(text), ast.iter_child_nodes, MAX_DEPTH):
            module = cst.parse_module(text)
            # A string in many pieces is one node for Python.
            if not _is_deep(module, _children, 3 * MAX_DEPTH):
                return module
    except SyntaxError as error:
        raise refusal(f"line {error.lineno}" if error.lineno else "the text", one_line(error.msg), "Python") from None
    except (ValueError, RecursionError, MemoryError, cst.ParserSyntaxError) as error:
        raise refusal("the text", one_line(f"{type(error).__name__}: {error}"), "plain Python") from None
    raise refusal("the text", f"nesting over {MAX_DEPTH} deep", "plain calls and literals")


def _nodes(root: cst.CSTNode) -> Iterator[cst.CSTNode]:
    left = [root]
    while left:
        node = left.pop()
        yield node
        left += node.children


def _children(node: cst.CSTNode) -> Iterable[cst.CSTNode]:
    return node.children


def _is_deep(root: Node, children: Callable[[Node], Iterable[Node]], limit: int) -> bool:
    """Whether a tree has more levels than `limit`; looked at without recursion, which is what depth would exhaust."""
    level = [root]
    for _ in range(limit):
        level = [child for node in level for child in children(node)]
    return bool(level)
