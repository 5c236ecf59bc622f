"""Programs that travel to the primary datasink as source, and what they answer.

What they are told goes in as JSON on their input, so that no shell ever reads a name.
"""

import json
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.nodes import remote

MAX_FAULT = 400  # characters: a fault ends with what to do


class Said(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Outcome(Said):
    """What became of an order; `fault` is why it was not carried out."""

    fault: str | None


Kind = TypeVar("Kind", bound=Outcome)


def source(program: ModuleType) -> str:
    """The text of a program."""
    return Path(str(program.__file__)).read_text(encoding="utf-8")


def ask(fleet: Fleet, program: ModuleType, question: object, seconds: float) -> str:
    """What a program answers. Raises remote.NoAnswer when the datasink is away, or cannot run it."""
    host = fleet.site.primary_datasink
    done = remote.run(fleet, host, ["python3", "-I", "-c", source(program)], seconds, json.dumps(question))
    if done.returncode:
        said = f"python3 ended with {done.returncode}: {remote.last_line(done.stderr)}"
        raise remote.NoAnswer(f"{remote.place(fleet, host)}: {said}; expected Python 3.7 or newer there")
    return done.stdout


def outcome(fleet: Fleet, text: str, kind: type[Kind], expected: str) -> Kind:
    """The answer to an order. Raises OperatorError with its fault, remote.NoAnswer for what is no answer."""
    host = fleet.site.primary_datasink
    try:
        found = kind.model_validate_json(text)
    except ValidationError:
        raise remote.misunderstood(fleet, host, text, expected) from None
    if found.fault is not None:
        raise OperatorError(f"{host}: {one_line(found.fault, MAX_FAULT)}")
    return found


def require_space(fleet: Fleet, folder: str, needed: int, free: int) -> None:
    """Raises OperatorError, with the numbers in bytes, when the datasink's disk is too small for what is to come."""
    reserve = fleet.standards.limits.reserve_bytes
    left = max(0, free - reserve)
    if needed > left:
        raise OperatorError(
            f"{fleet.site.primary_datasink}: {folder}: too little space: {needed:,} bytes needed, "
            f"{left:,} free beside a reserve of {reserve:,}; remove something there and run it again"
        )
