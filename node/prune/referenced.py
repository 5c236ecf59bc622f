"""The versions that a service may yet start from: what must not be removed from the registry while it is so."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Dict, Iterator, List, Optional, Set, Tuple

from node import layout
from node.errors import Refusal
from node.store import pending_switch, sets
from node.store.service_set import CORAL
from node.store.sets import StoredSet

FACE_MODEL = "face_recognition"
_VERSION = r"(\d{4}-\d{2}-\d{2}(?:\.\d{1,4})?)"
_IN_MODELS = re.compile(r"/models/([a-z][a-z0-9_]{0,62})/" + _VERSION + r"(?![\w.-])", re.ASCII)
_IN_FACE_LISTS = re.compile("facelist_" + _VERSION + r"\.csv", re.ASCII)

Named = Tuple[str, str]  # model, version


def versions(service: str) -> Optional[Dict[str, List[str]]]:
    """Return the versions of each model that the sets of a service name; None when one of them cannot be read."""
    found = set()  # type: Set[Named]
    try:
        for digest in _digests(service):
            found.update(_of_set(sets.read(service, digest)))
    except (Refusal, OSError):
        return None
    return {model: sorted(version for each, version in found if each == model) for model in sorted(dict(found))}


def of_host() -> Optional[Dict[str, str]]:
    """Return all versions that sets here name, as MODEL/VERSION, and why; None when a set cannot be read."""
    found = {}  # type: Dict[str, str]
    for service in layout.services():
        named = versions(service)
        if named is None:
            return None
        labels = ["%s/%s" % (model, each) for model in named for each in named[model]]
        labels += ["%s/%s" % (CORAL, each) for each in stacks(service).values()]
        found.update((label, "in a set of %s" % service) for label in labels)
    return found


def stacks(service: str) -> Dict[str, str]:
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


def _of_set(stored: StoredSet) -> Iterator[Named]:
    if stored.commit != sets.ADOPTED:
        yield from stored.content.models.items()
        return
    texts = [sets.content(stored, file).decode(errors="replace") for file in stored.content.files]
    for text in [*texts, *(link.target for link in stored.content.links)]:
        yield from _IN_MODELS.findall(text)
        yield from ((FACE_MODEL, version) for version in _IN_FACE_LISTS.findall(text))
