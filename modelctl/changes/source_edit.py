"""Edits of the text of registry.py and site.py: comments, order and layout of all that is not changed stay as they are.

LibCST keeps them; it is imported here, in source_tree and in source_row only.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import format_exception_only, walk_tb
from typing import Any

import libcst as cst
from pydantic import TypeAdapter, ValidationError

from modelctl.changes.source_row import Item, Row, arguments, entries, with_arguments, with_entries
from modelctl.changes.source_tree import (
    Elements,
    SourceText,
    call_of,
    elements_of,
    field,
    member,
    plain,
    refusal,
    value_of,
)
from modelctl.errors import OperatorError
from modelctl.faults import dotted, fault, one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.hosts import Datasink, Outpost, Sentinel, Trainer, Watchtower
from modelctl.values import ModelName, Version

CURRENT, PREVIOUS, OVERRIDES = "current_version", "previous_version", "model_version_overrides"
_HOSTS = frozenset(kind.__name__ for kind in (Datasink, Outpost, Sentinel, Trainer, Watchtower))


def set_versions(text: str, model: str, current: str, previous: str | None) -> str:
    """The text of registry.py with these two fields of a model, or of the Coral stacks.

    `previous_version` goes away when it is None.

    Raises OperatorError when the text is not written so that it can be edited safely.
    """
    _require(Version, CURRENT, current)
    if previous is not None:
        _require(Version, PREVIOUS, previous)
    source = SourceText(text)
    registry = call_of(source.assigned("REGISTRY"), "REGISTRY", ("Registry",))
    if model == CORAL:
        path = "REGISTRY.coral"
        old = call_of(value_of(registry, "REGISTRY", "coral", "Coral(...)"), path, ("Coral",))
    else:
        path = dotted(("REGISTRY", "models", model))
        old = call_of(member(registry, "REGISTRY", "models", model), path, ("Model",))
    row = arguments(old)
    index = field(row, path, CURRENT)
    if index is None:
        raise refusal(f"{path}.{CURRENT}", "nothing", "a version as a string")
    value = _with_text(row.items[index].value, f"{path}.{CURRENT}", current)
    row = row.replaced(index, row.items[index].with_changes(value=value))
    return source.replaced(old, with_arguments(old, _with_previous(row, index, path, previous)))


def set_override(text: str, host: str, model: str, version: str | None) -> str:
    """The text of site.py with a host's override of a model's version, or without it when `version` is None.

    A mapping of overrides that becomes empty goes away. Raises OperatorError when the text is not written so that it
    can be edited safely.
    """
    _require(ModelName, "MODEL", model)
    if version is not None:
        _require(Version, "VERSION", version)
    source = SourceText(text)
    site = call_of(source.assigned("SITE"), "SITE", ("Site",))
    path = dotted(("SITE", "hosts", host))
    old = call_of(member(site, "SITE", "hosts", host), path, _HOSTS)
    row = arguments(old)
    index = field(row, path, OVERRIDES)
    if index is not None:
        row = _with_override(row, index, f"{path}.{OVERRIDES}", model, version)
    elif version is not None:
        row = _with_first_override(row, path, model, version)
    return source.replaced(old, with_arguments(old, row))


def evaluate(text: str, path: Path, name: str) -> object:
    """What an inventory's module at `path` would hold as `name` with this text; the module itself is left alone.

    Raises OperatorError when the text fails, or holds no such name.
    """
    package = path.parent.name
    values: dict[str, Any] = {"__name__": f"{package}.{path.stem}", "__package__": package, "__file__": str(path)}
    try:
        with _importing_nothing_for_good():
            exec(compile(text.encode(), str(path), "exec", dont_inherit=True), values)  # noqa: S102  the operator's own
    except SyntaxError as error:
        raise OperatorError(f"{_place(path, [error.lineno])}: {one_line(error.msg)}; expected Python") from None
    except (Exception, SystemExit) as error:
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
        raise OperatorError(f"{_place(path, lines)}: {one_line(''.join(format_exception_only(error)))}") from None
    if name not in values:
        raise OperatorError(f"{path}: found no {name}; expected {name} = ...")
    return values[name]


@contextmanager
def _importing_nothing_for_good() -> Iterator[None]:
    """What is imported in between is imported anew later on: the files may be others by then."""
    known, wrote = set(sys.modules), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote
        for name in set(sys.modules) - known:
            del sys.modules[name]


def _place(path: Path, lines: Sequence[int | None]) -> str:
    """FILE:LINE, with the last of these lines, or FILE when there is none."""
    return f"{path}:{lines[-1]}" if lines and lines[-1] else str(path)


def _require(kind: Any, name: str, text: str) -> None:
    """What is written into a program is a name or a version, and never more of a program."""
    try:
        TypeAdapter(kind).validate_python(text, strict=True)
    except ValidationError as error:
        raise OperatorError(fault(name, text, error.errors()[0]["msg"])) from None


def _with_previous(row: Row[cst.Arg], current: int, path: str, version: str | None) -> Row[cst.Arg]:
    index, place = field(row, path, PREVIOUS), f"{path}.{PREVIOUS}"
    beside = row.items[current].value
    if index is None:
        return row if version is None else row.added(current + 1, _argument(PREVIOUS, _quoted(version, beside)))
    arg = row.items[index]
    is_none = isinstance(arg.value, cst.Name) and arg.value.value == "None"
    if not is_none and plain(arg.value) is None:
        raise refusal(place, arg.value, "a version as a string, or None")
    if version is None:
        return row if is_none else _without(row, index, place)
    value = _quoted(version, beside) if is_none else _with_text(arg.value, place, version)
    return row.replaced(index, arg.with_changes(value=value))


def _with_first_override(row: Row[cst.Arg], path: str, model: str, version: str) -> Row[cst.Arg]:
    if not row.items:
        raise refusal(path, "no field", "address=...")
    mapping = cst.Dict([_entry(model, version, row.items[0].value)])
    return row.added(len(row.items), _argument(OVERRIDES, mapping))


def _with_override(row: Row[cst.Arg], index: int, place: str, model: str, version: str | None) -> Row[cst.Arg]:
    """The host's fields with one of its overrides written, changed or taken away."""
    arg = row.items[index]
    mapping, elements = elements_of(arg.value, place)
    if version is not None:
        mapping = _with_entry(mapping, elements, place, model, version)
    elif list(elements) == [model]:
        return _without(row, index, place)
    elif model in elements:
        rest = _without(entries(mapping), list(elements).index(model), f"{place}.{model}")
        mapping = with_entries(mapping, rest)
    return row.replaced(index, arg.with_changes(value=mapping))


def _with_entry(mapping: cst.Dict, elements: Elements, place: str, model: str, version: str) -> cst.Dict:
    if not elements:
        return mapping.with_changes(elements=[_entry(model, version, mapping)])
    row = entries(mapping)
    if model not in elements:
        return with_entries(mapping, row.added(len(elements), _entry(model, version, row.items[-1].key)))
    index = list(elements).index(model)
    value = _with_text(elements[model], f"{place}.{model}", version)
    return with_entries(mapping, row.replaced(index, row.items[index].with_changes(value=value)))


def _entry(model: str, version: str, like: cst.BaseExpression) -> cst.DictElement:
    return cst.DictElement(_quoted(model, like), _quoted(version, like))


def _with_text(node: cst.BaseExpression, place: str, text: str) -> cst.BaseExpression:
    """A string with another text between its quotes."""
    if not isinstance(node, cst.SimpleString) or plain(node) is None:
        raise refusal(place, node, "a version as a string")
    return node.with_changes(value=f"{node.prefix}{node.quote}{text}{node.quote}")


def _quoted(text: str, like: cst.BaseExpression) -> cst.SimpleString:
    """A text in the quotes of another string."""
    quote = like.quote[0] if isinstance(like, cst.SimpleString) else '"'
    return cst.SimpleString(f"{quote}{text}{quote}")


def _argument(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.SimpleWhitespace("")
    return cst.Arg(value, keyword=cst.Name(name), equal=cst.AssignEqual(tight, tight))


def _without(row: Row[Item], index: int, place: str) -> Row[Item]:
    try:
        return row.without(index)
    except ValueError as error:
        raise refusal(place, f"{error} that would go with it", "none") from None
