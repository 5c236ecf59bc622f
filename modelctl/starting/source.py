"""Parts of a site, as Python that says them: as ruff formats it, whether lines have 88 columns or 120."""

import json
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from modelctl.inventory.values import Part

WIDTH = 88
Comments = Mapping[str, tuple[str, ...]]
"""The lines before a field, by TYPE.FIELD."""


def module(docstring: str, name: str, value: Part, comments: Comments) -> str:
    """A file that says `name = value`."""
    types = sorted({type(each).__name__ for each in _parts(value)})
    line = f"from modelctl.schema import {', '.join(types)}\n"
    if len(line) > WIDTH:
        line = "from modelctl.schema import (\n" + "".join(f"    {each},\n" for each in types) + ")\n"
    return f'"""{docstring}"""\n\n{line}\n{name} = {_written(value, 0, len(name) + 3, comments)}\n'


def _parts(value: object) -> Iterator[Part]:
    if isinstance(value, Part):
        yield value
        for _, each in _fields(value):
            yield from _parts(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _parts(each)


def _fields(part: Part) -> Iterator[tuple[str, object]]:
    return ((name, vars(part)[name]) for name in type(part).model_fields if name in part.model_fields_set)


def _written(value: object, indent: int, before: int, comments: Comments) -> str:
    """On one line where it fits behind what comes before it there, else an element on each."""
    if not _has_comments(value, comments):
        flat = _flat(value)
        if before + len(flat) + 1 <= WIDTH:  # and a comma
            return flat
    elements = list(_elements(value, comments))
    if not elements:
        return _flat(value)
    inner = " " * (indent + 4)
    lines = [
        "".join(f"{inner}# {line}\n" for line in said)
        + f"{inner}{start}{_written(each, indent + 4, indent + 4 + len(start), comments)},\n"
        for said, start, each in elements
    ]
    first, last = _brackets(value)
    return f"{first}\n{''.join(lines)}{' ' * indent}{last}"


def _elements(value: object, comments: Comments) -> Iterator[tuple[tuple[str, ...], str, object]]:
    """The elements of a value, with the comment and the text before each."""
    if isinstance(value, Part):
        kind = type(value).__name__
        yield from ((comments.get(f"{kind}.{name}", ()), f"{name}=", each) for name, each in _fields(value))
    elif isinstance(value, Mapping):
        yield from (((), f"{_flat(key)}: ", each) for key, each in value.items())
    elif isinstance(value, tuple):
        yield from (((), "", each) for each in value)


def _brackets(value: object) -> tuple[str, str]:
    if isinstance(value, Part):
        return f"{type(value).__name__}(", ")"
    return ("{", "}") if isinstance(value, Mapping) else ("(", ")")


def _has_comments(value: object, comments: Comments) -> bool:
    return any(f"{type(part).__name__}.{name}" in comments for part in _parts(value) for name, _ in _fields(part))


def _flat(value: object) -> str:
    if isinstance(value, Part):
        return f"{type(value).__name__}({', '.join(f'{name}={_flat(each)}' for name, each in _fields(value))})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_flat, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, frozenset):
        return "frozenset({" + ", ".join(map(_flat, sorted(value))) + "})"
    if isinstance(value, str | IPv4Address | IPv6Address):
        return json.dumps(str(value), ensure_ascii=False)
    return repr(value)
