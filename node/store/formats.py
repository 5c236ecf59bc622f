"""The numbers of the formats that are stored on a node.

A new field needs no new number: older programs ignore it, newer ones have a default. A number goes up when an older
program would misread what is stored.
"""

from __future__ import annotations

from typing import Any, Dict

from node.errors import Refusal

UNNUMBERED = 0  # as 1, but that entries of the checksum cache had fewer fields
SET = 1
PENDING_SWITCH = 1
HISTORY = 1
CHECKSUM = 1
STACK = 1


def require(known: int, data: Dict[str, Any]) -> None:
    """Raises Refusal for what a newer program wrote that this one would misread, TypeError for what is no number."""
    if data.get("format", UNNUMBERED) > known:
        raise Refusal(
            "format %s, expected %d or older; a newer checkout wrote it: deploy with that" % (data["format"], known)
        )
