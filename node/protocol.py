"""Every message that crosses a machine: what is asked of this program, and what it replies.

The control node imports these types too. A message is a line of JSON (node/codec.py) with the number of its format.
"""

from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple, Type, TypeVar

from node import codec

FORMAT = 1
"""A new field needs no new number: who does not know it leaves it out, who misses it takes its default.

The number goes up when an older program would take a message for what it is not.
"""

Message = TypeVar("Message")


def dumps(message: Any) -> str:
    """Return a message, a typed tuple, as a line of JSON."""
    return json.dumps({**codec.encode(message), "format": FORMAT})


def loads(kind: Type[Message], text: str, clean: codec.Clean = str) -> Message:
    """Read a message. Each line of text in it goes through `clean`. Raises ValueError, which says what was found."""
    try:
        data = json.loads(text)
        number = codec.decode(int, data.get("format", 0) if isinstance(data, dict) else data)
        if number > FORMAT:
            raise ValueError("found format %d, expected %d or older; use a newer checkout" % (number, FORMAT))
        return codec.decode(kind, data, clean)
    except RecursionError:
        raise ValueError("too many brackets") from None
    except TypeError as error:
        raise ValueError(str(error)) from None


class SwitchResult(NamedTuple):
    """How the switches of an order ended, by service.

    A service that is absent was not reached, or nobody knows yet how its switch ends.
    """

    ended: Dict[str, str]  # chosen, returned, failed or refused (node/history.py), or unfit (node/outcomes.py)
