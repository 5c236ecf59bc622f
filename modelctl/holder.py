"""Who holds a lock: its file says so, for whoever has to wait."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from modelctl.faults import one_line
from modelctl.operator import operator, purpose

MAX_HOLDER = 500  # characters
WRITING_SECONDS = 1.0  # for a holder that has just begun to say who it is


def claim(file: TextIO) -> None:
    """Write into the file of a lock, which this process holds, who that is."""
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    file.truncate(0)
    json.dump({"operator": operator(), "pid": os.getpid(), "since": since, "purpose": purpose()}, file)
    file.flush()
    if os.fstat(file.fileno()).st_uid == os.geteuid():
        os.fchmod(file.fileno(), 0o666)  # for the next operator, who may have another account


def named(path: Path) -> str:
    """Who holds a lock, since when and what for, in one line."""
    end = time.monotonic() + WRITING_SECONDS
    while time.monotonic() < end:
        try:
            said = "{operator}, since {since}, process {pid}: {purpose}".format(**json.loads(path.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.05)
        else:
            return one_line(said, MAX_HOLDER)
    return "it does not say whose"
