"""Typed tuples as plain JSON and back: what crosses a machine, and what is stored on a node.

A NamedTuple is an object, a Path a string, bytes are base64; a field that ends with an underscore has the name before
it. A field that a type does not know is left out (a newer program may write more), one that is absent has its default.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple, Type, TypeVar, Union, get_type_hints

from node import names
from node.errors import Refusal

Value = TypeVar("Value")
Clean = Callable[[str], str]
Decoder = Callable[[Any, str, Clean], Any]  # what it reads, the place that an error names, for each line in it


class Text(str):
    """A text of several lines, such as a file, zero bytes and all. Every other string is a word or a line."""


if TYPE_CHECKING:
    Size = int
    Sha256 = str
    Name = str
else:

    class Size(int):
        """A number of bytes: not below zero, and none that no disk could hold."""

    class Sha256(str):
        """A digest, in hexadecimal."""

    class Name(str):
        """A text that becomes a part of a path, and leads nowhere else."""


UNNUMBERED = 0  # the format of what was stored before there were numbers
MOST = 10**15
_SHA256 = re.compile("[0-9a-f]{64}")


def encode(value: Any) -> Any:
    """Return a value as plain data for JSON."""
    if hasattr(value, "_fields"):
        return {name.rstrip("_"): encode(each) for name, each in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [encode(each) for each in value]
    if isinstance(value, dict):
        return {name: encode(each) for name, each in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, Path) else value


def require_format(known: int, data: Dict[str, Any]) -> None:
    """Raises Refusal for what a newer program stored that this one would misread, TypeError for what is no number.

    A number goes up only then: a new field is ignored by older programs, and has a default for newer ones.
    """
    if data.get("format", UNNUMBERED) > known:
        raise Refusal(
            "format %s, expected %d or older; a newer checkout wrote it: deploy with that" % (data["format"], known)
        )


def decode(kind: Type[Value], data: Any, clean: Clean = str) -> Value:
    """Build a value of a kind from plain data; each line goes through `clean`. Raises TypeError, ValueError."""
    found: Value = _decoder(kind)(data, "the message", clean)  # type: ignore[arg-type]  # a class is hashable
    return found


@lru_cache(maxsize=None)
def _decoder(kind: Any) -> Decoder:
    origin = getattr(kind, "__origin__", None)
    if origin is Union:
        some = _decoder(kind.__args__[0])
        return lambda data, place, clean: None if data is None else some(data, place, clean)
    if origin is list:
        return partial(_list, _decoder(kind.__args__[0]))
    if origin is dict:
        return partial(_dict, _decoder(kind.__args__[1]))
    if hasattr(kind, "_fields"):
        fields = [(name, name.rstrip("_"), _decoder(each)) for name, each in get_type_hints(kind).items()]
        return partial(_tuple, kind, fields)
    if kind in (str, Path, Text):
        return partial(_string, kind)
    return _LEAVES.get(kind) or (lambda data, place, _: _require(data, kind, place))


def _list(each: Decoder, data: Any, place: str, clean: Clean) -> Any:
    return [each(one, "%s[%d]" % (place, at), clean) for at, one in enumerate(_require(data, list, place))]


def _dict(each: Decoder, data: Any, place: str, clean: Clean) -> Any:
    return {
        _string(str, name, place, clean): each(one, "%s.%.40s" % (place, name), clean)
        for name, one in _require(data, dict, place).items()
    }


def _tuple(kind: Any, fields: List[Tuple[str, str, Decoder]], data: Any, place: str, clean: Clean) -> Any:
    _require(data, dict, place)
    found: Dict[str, Any] = {}
    for name, key, each in fields:
        if key in data:
            found[name] = each(data[key], "%s.%s" % (place, key), clean)
        elif name not in kind._field_defaults:
            raise ValueError("%s: found no %s" % (place, key))
    return kind(**found)


def _string(kind: Any, data: Any, place: str, clean: Clean) -> Any:
    _require(data, str, place)
    text = data if kind is Text else clean(data)
    if b"\0" in text.encode() and kind is not Text:  # what cannot be encoded is no text
        raise ValueError("%s: found a zero byte" % place)
    return kind(text)


def _sha256(data: Any, place: str, _: Clean) -> Any:
    if not _SHA256.fullmatch(_require(data, str, place)):
        raise ValueError("%s: found no SHA-256" % place)
    return data


def _name(data: Any, place: str, _: Clean) -> Any:
    if not names.is_plain(_require(data, str, place)):
        raise ValueError("%s: found %.80r; expected %s" % (place, data, names.PLAIN))
    return data


def _size(data: Any, place: str, _: Clean) -> Any:
    if not 0 <= _require(data, int, place) < MOST:
        raise ValueError("%s: found no size" % place)
    return data


def _require(data: Any, kind: Union[type, Tuple[type, ...]], place: str) -> Any:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise TypeError("%s: found %.40r" % (place, data))
    return data


_LEAVES: Dict[Any, Decoder] = {
    bytes: lambda data, place, _: base64.b64decode(_require(data, str, place), validate=True),
    float: lambda data, place, _: _require(data, (int, float), place),
    Sha256: _sha256,
    Size: _size,
    Name: _name,
}
