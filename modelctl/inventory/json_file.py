"""Files of a site that commands write, in JSON."""

import json
from pathlib import Path
from typing import Any

from modelctl.errors import OperatorError
from modelctl.faults import dotted, one_line


def read(path: Path, expected: str, absent: object = None) -> Any:
    """What the file holds, which is `expected` in words; `absent`, if that is given, where there is none.

    Raises OperatorError when it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{path}: {one_line(str(error))}; expected JSON; restore it with git") from None
    except OSError as error:
        if absent is not None and isinstance(error, FileNotFoundError):
            return absent
        raise OperatorError(f"{path}: {error.strerror}; expected {expected}") from None


def text_of(data: object) -> str:
    """The text of such a file: sorted keys, two spaces, newline at the end."""
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """JSON would take the last of two, as a merge may leave them."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"found {dotted((key,))} twice")
        found[key] = value
    return found
