"""Every message that crosses a machine: what is asked of this program, and what it replies.

A message is a line of JSON (node/codec.py) with the number of its format. The control node imports these types too.
Their annotations are types, not texts as `from __future__ import annotations` makes them: NamedTuple compiles a text.
"""

from __future__ import annotations

import json
from typing import Any, Generic, NamedTuple, Type, TypeVar

from node import codec
from node.codec import Size

# It goes up when an older program would take a message for what it is not. A new field needs no new number: who does
# not know it leaves it out, who misses it takes its default.
FORMAT = 1

# How the program ends: when it will not or cannot do what it was asked, its last line on standard error says why; when
# it is too old to know the command, with EX_USAGE, which neither sudo nor Python end with.
REFUSED = 1
UNKNOWN_COMMAND = 64

Message = TypeVar("Message")
Question = TypeVar("Question")
Reply = TypeVar("Reply")


class Newer(ValueError):
    """A message of a newer format, which would be taken for what it is not."""


def dumps(message: Any) -> str:
    """Return a typed tuple as a message."""
    return json.dumps({**codec.encode(message), "format": FORMAT})


def loads(kind: Type[Message], text: str, clean: codec.Clean = str) -> Message:
    """Read a message; each line of text in it goes through `clean`. Raises Newer, or ValueError which says why."""
    try:
        data = json.loads(text)
        number = codec.decode(Size, data.get("format", 0) if isinstance(data, dict) else data)
        if number > FORMAT:
            raise Newer("found format %d, expected %d or older; use a newer checkout" % (number, FORMAT))
        return codec.decode(kind, data, clean)
    except RecursionError:
        raise ValueError("too many brackets") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


class Command(Generic[Question, Reply]):
    """A command that is asked over SSH: what it reads and writes, and what its answer is called in an error."""

    def __init__(self, name: str, question: Type[Question], reply: Type[Reply], called: str) -> None:
        self.name, self.question, self.reply, self.called = name, question, reply, called


class Nothing(NamedTuple):
    """The reply of a command that only does something."""
