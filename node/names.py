"""Names that become a part of a path: none leads elsewhere, whoever sent it."""

from __future__ import annotations

import re

from node.errors import Refusal

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,126}", re.ASCII)


def plain(field: str, name: object) -> str:
    """Return the name. Raises Refusal, naming the field, for one that is more than a name."""
    if not isinstance(name, str) or not _PLAIN.fullmatch(name):
        raise Refusal(
            "%s: found %.80r; expected a name: a letter or digit, then A-Z, a-z, 0-9 and ._+-" % (field, name)
        )
    return name
