"""Which versions the services of this node may yet start from: what its sets name."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Dict, Iterator, Optional, Set, Tuple

from node import layout
from node.errors import Refusal
from node.store import pending_switch, sets
from node.store.service_set import CORAL
from node.store.sets import StoredSet

Pair = Tuple[str, str]  # model, version

FACE_MODEL = "face_recognition"
_VERSION = r"(\d{4}-\d{2}-\d{2}(?:\.\d{1,4})?)"
_IN_MODELS = re.compile(r"/models/([a-z][a-z0-9_]{0,62})/" + _VERSION + r"(?![\w.-])", re.ASCII)
_IN_FACE_LISTS = re.compile("facelist_" + _VERSION + r"\.csv", re.ASCII)


def of_host() -> Optional[Dict[str, str]]:
    """Return all versions that sets here name, as MODEL/VERSION, and why; None when a set cannot be read."""
    with suppress(Refusal):
        return in_use()
    return None


def in_use() -> Dict[str, str]:
    """The same. Raises Refusal when a set cannot be read."""
    found: Dict[str, str] = {}
    for service in layout.services():
        try:
            named = {pair for digest in _digests(service) for pair in _of_set(sets.read(service, digest))}
        except (Refusal, OSError):
            raise Refusal(
                "%s: one of its sets cannot be read; a deploy stores it anew; nothing was removed" % service
            ) from None
        found.update(("%s/%s" % pair, "in a set of %s" % service) for pair in sorted(named))
    return found


def of_stacks(service: str) -> Dict[str, str]:
    """Return the digests of the stacks that these sets start from, with the versions by which they are called."""
    found = {}
    for digest in _digests(service):
        with suppress(Refusal, OSError):
            stack = sets.read(service, digest).content.stack
            if stack is not None:
                found[stack.digest] = stack.version
    return found


def _digests(service: str) -> Set[str]:
    """The sets that it starts from, was started from, or can return to."""
    linked = [sets.digest_of(service, name) for name in (sets.CHOSEN, sets.PREVIOUS)]
    pending = pending_switch.read(service)
    begun = [pending.request.digest, pending.old, pending.previous] if pending else []
    return {digest for digest in [*linked, *begun, sets.live(service)] if digest}


def _of_set(stored: StoredSet) -> Iterator[Pair]:
    if stored.content.stack is not None:
        yield CORAL, stored.content.stack.version
    if stored.commit != sets.ADOPTED:
        yield from stored.content.models.items()
        return
    texts = [sets.content(stored, file).decode(errors="replace") for file in stored.content.files]
    for text in [*texts, *(link.target for link in stored.content.links)]:
        yield from _IN_MODELS.findall(text)
        yield from ((FACE_MODEL, version) for version in _IN_FACE_LISTS.findall(text))
