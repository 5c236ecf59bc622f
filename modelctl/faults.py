"""Fault lines: the path to the bad value, what was found, what is allowed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from reprlib import Repr
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modelctl.errors import Faults
from modelctl.inventory.values import Part
from modelctl.nearest import nearest
from node.errors import printable

MAX_QUOTED = 160
Made = TypeVar("Made")
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlist = 20
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def fault(path: str, found: object, allowed: str) -> str:
    """One line about one bad value."""
    shown = "nothing" if found is None else _SHORT.repr(found)
    return f"{path}: found {shown}; allowed: {allowed}"


def choice(found: object, names: Iterable[str]) -> str:
    """The allowed names in words, with the nearest to what was found."""
    allowed = sorted(names)
    return (", ".join(allowed) or "none, there are none yet") + nearest(found, allowed)


def for_each(names: Iterable[str], make: Callable[[str], Made]) -> dict[str, Made]:
    """What is made for each name. Raises the Faults of all of them, each fault once."""
    made, faults = dict[str, Made](), dict[str, None]()
    for name in names:
        try:
            made[name] = make(name)
        except Faults as error:
            faults |= dict.fromkeys(error.faults)
    if faults:
        raise Faults(faults)
    return made


def fault_lines(error: ValidationError, tree: Mapping[str, object]) -> list[str]:
    """One line for each fault that pydantic found in a tree of parts."""
    return [_line(details, tree) for details in error.errors(include_url=False)]


def tree_path(location: Sequence[int | str]) -> tuple[str, ...]:
    """The path that an operator knows of a place in a tree: pydantic marks a key that is wrong itself."""
    return tuple(str(step) for step in location if step != "[key]")


def dotted(steps: Iterable[str]) -> str:
    """A path as one line of text, whatever its steps hold."""
    return ".".join(step if _PLAIN.fullmatch(step) else _SHORT.repr(step) for step in steps)


def one_line(text: str, limit: int = MAX_QUOTED) -> str:
    """What another program said, as one line that no terminal obeys, cut after `limit` characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else f"{line[:limit]}..."


def _child(holder: object, step: int | str) -> object:
    if isinstance(holder, Part):
        return vars(holder).get(str(step))
    if isinstance(holder, Mapping):
        return holder.get(step)
    if isinstance(holder, Sequence) and isinstance(step, int) and step < len(holder):
        return holder[step]
    return None


def _line(details: ErrorDetails, tree: object) -> str:
    steps = tree_path(details["loc"])
    path, found = dotted(steps), details["input"]
    match details["type"]:
        case "extra_forbidden":
            holder = reduce(_child, details["loc"][:-1], tree)
            line = f"{path}: found {_SHORT.repr(found)}; not a field"
            return (
                f"{line}; allowed: {choice(steps[-1], type(holder).model_fields)}" if isinstance(holder, Part) else line
            )
        case "missing":
            return fault(path, None, "a value; this field has no default")
        case "literal_error":
            return fault(path, found, choice(found, re.findall(r"'([^']*)'", details["ctx"]["expected"])))
        case _:
            return fault(path, found, details["msg"].removeprefix("Input should be "))
