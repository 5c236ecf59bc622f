"""Whether what was read from JSON is of the types that this program declares: the file may have been damaged."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Tuple, TypeVar, Union, get_type_hints

Value = TypeVar("Value")


def checked(value: Value, kind: Any) -> Value:
    """Return the value, if it is of a kind. Raises as `require` does."""
    require(value, kind, "")
    return value


def require(value: Any, kind: Any, place: str) -> None:
    """Raises TypeError, which names the place, for what is not of a kind; ValueError for what is no plain text."""
    origin = getattr(kind, "__origin__", None)
    args: Tuple[Any, ...] = getattr(kind, "__args__", ())
    if origin is Union:
        if value is not None:
            require(value, args[0], place)
    elif origin in (list, dict):
        _require_kind(value, origin, place)
        texts, each_kind = (value, args[1]) if origin is dict else ((), args[0])
        for text in texts:
            require(text, str, place)
        for each in value.values() if origin is dict else value:
            require(each, each_kind, place)
    elif hasattr(kind, "_fields"):
        for name, each in _hints(kind).items():
            require(getattr(value, name), each, name)
    else:
        _require_kind(value, (int, float) if kind is float else kind, place)
        if isinstance(value, (str, Path)) and b"\0" in str(value).encode():  # what cannot be encoded is no text
            raise ValueError("%s: found a zero byte" % place)


def _require_kind(value: Any, kind: Any, place: str) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError("%s: found %.40r" % (place, value))


@lru_cache(maxsize=None)
def _hints(kind: Any) -> Dict[str, Any]:
    return get_type_hints(kind)
