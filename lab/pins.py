"""The lab's pins: the committed ones, of which the Coral packages are amd64's; elsewhere those packages' own."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from lab import base, store
from lab.architecture import ARCHITECTURE
from modelctl.inventory.coral import CORAL
from modelctl.inventory.json_files import dump_pins, read, text_of

COMMITTED = Path(__file__).parent / "site" / "pins.json"
COMMITTED_FOR = "amd64"


def file(architecture: str = ARCHITECTURE) -> Path:
    """The file of pins of an architecture, which is made when it is missing: in the user's cache.

    Packages are the same on each machine of an architecture, so on amd64 the committed file is right.
    """
    if architecture == COMMITTED_FOR:
        return COMMITTED
    own = store.pins([each for each in store.VERSIONS if each.model == CORAL])
    text = text_of(read(COMMITTED, "the committed pins") | json.loads(dump_pins(own)))
    path = base.cache() / f"pins-{architecture}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    return path
