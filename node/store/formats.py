"""The numbers of the formats that are stored on a node: what an older or a newer program left there is read too.

A new field needs no new number: to who does not know it it is no field, and to who misses it it has a default. A number
goes up when an older program would take something for what it is not.
"""

from __future__ import annotations

from typing import Any, Dict

from node.errors import Refusal

SET = 1
PENDING_SWITCH = 1
HISTORY = 1
CHECKSUM = 1
STACK = 1
UNNUMBERED = 0
"""What was written before there were numbers; the fields are those of 1, but for the checksum cache's:
they had fewer.
"""


def require(known: int, data: Dict[str, Any]) -> None:
    """Raises Refusal for what a newer program wrote that this one would misread, TypeError for what is no number."""
    if data.get("format", UNNUMBERED) > known:
        raise Refusal(
            "format %s, expected %d or older; a newer checkout wrote it: deploy with that" % (data["format"], known)
        )
