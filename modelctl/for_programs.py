"""What `--json` prints: one object, with the number of its format. docs/reference/json.md describes each."""

import json
from collections.abc import Mapping

FORMAT = 1
"""It grows when a field goes or changes its meaning; who reads an object passes over fields that it does not know."""


def text(data: Mapping[str, object]) -> str:
    """An object as it is printed."""
    return json.dumps({"format": FORMAT, **data}, indent=2)


def error(line: str) -> str:
    """What stands in an object's place when there is none."""
    return text({"error": line})
