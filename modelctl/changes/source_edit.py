"""Edits of the text of registry.py and site.py: comments, order and layout of what is not changed stay as they are."""

import ast
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import format_exception_only, walk_tb
from typing import Any

from pydantic import TypeAdapter, ValidationError

from modelctl.changes.source_row import Row, entries, fields, member
from modelctl.changes.source_text import SourceText, Splice, refusal
from modelctl.errors import OperatorError
from modelctl.faults import dotted, fault, one_line
from modelctl.inventory.coral import CORAL
from modelctl.inventory.hosts import Datasink, Outpost, Sentinel, Trainer, Watchtower
from modelctl.inventory.values import ModelName, Version

CURRENT, PREVIOUS, OVERRIDES = "current_version", "previous_version", "model_version_overrides"
_HOSTS = frozenset(kind.__name__ for kind in (Datasink, Outpost, Sentinel, Trainer, Watchtower))
_VERSION = "a version as a string"


def set_versions(text: str, model: str, current: str, previous: str | None) -> str:
    """The text of registry.py with these two fields of a model, or of the Coral stacks.

    `previous_version` goes away when it is None.

    Raises OperatorError when the text is not written so that it can be edited safely.
    """
    _require(Version, CURRENT, current)
    if previous is not None:
        _require(Version, PREVIOUS, previous)
    source = SourceText(text)
    registry = fields(source, source.assigned("REGISTRY"), "REGISTRY", ("Registry",))
    if model == CORAL:
        coral = registry.items[registry.require("coral", "Coral(...)")].value
        row = fields(source, coral, "REGISTRY.coral", ("Coral",))
    else:
        row = fields(source, member(registry, "models", model), dotted(("REGISTRY", "models", model)), ("Model",))
    index = row.require(CURRENT, _VERSION)
    return source.spliced([Splice(*row.quoted(index, _VERSION), current), *_previous(row, index, previous)])


def set_override(text: str, host: str, model: str, version: str | None) -> str:
    """The text of site.py with a host's override of a model's version, or without it when `version` is None.

    A mapping of overrides that becomes empty goes away. Raises OperatorError when the text is not written so that it
    can be edited safely.
    """
    _require(ModelName, "MODEL", model)
    if version is not None:
        _require(Version, "VERSION", version)
    source = SourceText(text)
    site = fields(source, source.assigned("SITE"), "SITE", ("Site",))
    row = fields(source, member(site, "hosts", host), dotted(("SITE", "hosts", host)), _HOSTS)
    index = row.find(OVERRIDES)
    if index is not None:
        return source.spliced(_overrides(row, index, model, version))
    return source.spliced([] if version is None else _first_override(row, model, version))


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


def _previous(row: Row, current: int, version: str | None) -> list[Splice]:
    """The changes that write this previous version, or take the one away that is there."""
    index = row.find(PREVIOUS)
    if index is None:
        return [] if version is None else row.added(current + 1, f"{PREVIOUS}={_quoted(version, row, current)}")
    value = row.items[index].value
    if isinstance(value, ast.Constant) and value.value is None:
        return [] if version is None else [Splice(*row.source.span(value), _quoted(version, row, current))]
    old = row.quoted(index, f"{_VERSION}, or None")
    return row.without(index) if version is None else [Splice(*old, version)]


def _first_override(row: Row, model: str, version: str) -> list[Splice]:
    if not row.items:
        raise refusal(row.place, "no field", "address=...")
    return row.added(len(row.items), f"{OVERRIDES}={{{_entry(model, version, row, 0)}}}")


def _overrides(row: Row, index: int, model: str, version: str | None) -> list[Splice]:
    """The changes that write one of a host's overrides, or take it away."""
    mapping = entries(row, index)
    found, count = mapping.find(model), len(mapping.items)
    if version is None:
        if found is None:
            return []
        return row.without(index) if count == 1 else mapping.without(found)
    if found is not None:
        return [Splice(*mapping.quoted(found, _VERSION), version)]
    if not count:
        return [Splice(mapping.end, mapping.end, _entry(model, version, row, index))]
    return mapping.added(count, _entry(model, version, mapping, count - 1))


def _entry(model: str, version: str, row: Row, like: int) -> str:
    return f"{_quoted(model, row, like)}: {_quoted(version, row, like)}"


def _quoted(text: str, row: Row, like: int) -> str:
    """A text in the quotes of another item's value, when that is a string."""
    span = row.source.span(row.items[like].value)
    quote = "'" if row.source.between(*span).endswith("'") else '"'
    return f"{quote}{text}{quote}"
