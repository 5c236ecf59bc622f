"""Typed tuples as plain JSON and back: what crosses a machine, and what is stored on a node.

A NamedTuple is an object, a Path a string, bytes are base64; a field that ends with an underscore has the name before
it. To read, fields that a type does not know are left out (a newer program may have written more), one that is absent
has its default, and everything else must be of its declared kind.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Tuple, Type, TypeVar, Union, get_type_hints

Value = TypeVar("Value")
Clean = Callable[[str], str]


class Text(str):
    """A text of several lines, such as a file, zero bytes and all. Every other string is a word or a line."""


if TYPE_CHECKING:
    Size = int
    Sha256 = str
else:

    class Size(int):
        """A number of bytes: not below zero, and none that no disk could hold."""

    class Sha256(str):
        """A digest, in hexadecimal."""


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


def decode(kind: Type[Value], data: Any, clean: Clean = str) -> Value:
    """Build a value of a kind from plain data; each line in it goes through `clean`.

    Raises TypeError or ValueError, which name the place, for what is not of that kind.
    """
    found: Value = _decode(kind, data, "the message", clean)
    return found


def _decode(kind: Any, data: Any, place: str, clean: Clean) -> Any:
    origin = getattr(kind, "__origin__", None)
    args: Any = getattr(kind, "__args__", ())
    if origin is Union:
        return None if data is None else _decode(args[0], data, place, clean)
    if origin is list:
        _require(data, list, place)
        return [_decode(args[0], each, "%s[%d]" % (place, at), clean) for at, each in enumerate(data)]
    if origin is dict:
        _require(data, dict, place)
        return {
            _string(str, name, place, clean): _decode(args[1], each, "%s.%.40s" % (place, name), clean)
            for name, each in data.items()
        }
    if hasattr(kind, "_fields"):
        return _tuple(kind, data, place, clean)
    return _leaf(kind, data, place, clean)


def _leaf(kind: Any, data: Any, place: str, clean: Clean) -> Any:
    if kind in (str, Path, Text):
        return _string(kind, data, place, clean)
    if kind in (bytes, Sha256):
        _require(data, str, place)
        if kind is bytes:
            return base64.b64decode(data, validate=True)
        if not _SHA256.fullmatch(data):
            raise ValueError("%s: found no SHA-256" % place)
        return data
    _require(data, (int, float) if kind is float else int if kind is Size else kind, place)
    if kind is Size and not 0 <= data < MOST:
        raise ValueError("%s: found no size" % place)
    return data


def _tuple(kind: Any, data: Any, place: str, clean: Clean) -> Any:
    _require(data, dict, place)
    found: Dict[str, Any] = {}
    for name, each in _hints(kind).items():
        key = name.rstrip("_")
        if key in data:
            found[name] = _decode(each, data[key], "%s.%s" % (place, key), clean)
        elif name not in kind._field_defaults:
            raise ValueError("%s: found no %s" % (place, key))
    return kind(**found)


def _string(kind: Any, data: Any, place: str, clean: Clean) -> Any:
    _require(data, str, place)
    text = data if kind is Text else clean(data)
    if b"\0" in text.encode() and kind is not Text:  # what cannot be encoded is no text
        raise ValueError("%s: found a zero byte" % place)
    return kind(text)


def _require(data: Any, kind: Union[type, Tuple[type, ...]], place: str) -> None:
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise TypeError("%s: found %.40r" % (place, data))


@lru_cache(maxsize=None)
def _hints(kind: Any) -> Dict[str, Any]:
    return get_type_hints(kind)
