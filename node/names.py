"""Names that become a part of a path: none leads elsewhere. What the site may call models and versions, too."""

from __future__ import annotations

import re
from datetime import date
from typing import Tuple

from node.errors import Refusal

MODEL = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.(?!1$)[1-9]\d{0,3})?", re.ASCII)
PLAIN = "a name: a letter or digit, then A-Z, a-z, 0-9 and ._+-"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,126}", re.ASCII)


def is_version(name: str) -> bool:
    """Tell whether a folder's name is that of a version: a real date, with a number when it is a later one of a day."""
    match = VERSION.fullmatch(name)
    try:
        return match is not None and bool(date.fromisoformat(match.group(1)))
    except ValueError:
        return False


def age(version: str) -> Tuple[str, int]:
    """Return what sorts the versions of a model by their age."""
    day, _, number = version.partition(".")
    return day, int(number or 1)


def is_plain(name: str) -> bool:
    """Tell whether a text is a name, and no more."""
    return _PLAIN.fullmatch(name) is not None


def plain(field: str, name: object) -> str:
    """Return the name. Raises Refusal, naming the field, for one that is more than a name."""
    if not isinstance(name, str) or not is_plain(name):
        raise Refusal("%s: found %.80r; expected %s" % (field, name, PLAIN))
    return name
