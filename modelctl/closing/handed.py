"""What a deploy that modelctl has started tells it of the hosts that failed: a file that both know."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelctl.closing.host_end import Closing

VARIABLE = "SENTINELCAM_FAILURES"


class Failures:
    """What the last deploy has told: a line for each host that failed; of one that was killed nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def environment(self) -> dict[str, str]:
        """What the deploy must be started with."""
        return {**os.environ, VARIABLE: str(self._path)}

    def read(self) -> list[str]:
        """The lines."""
        text = self._path.read_text(encoding="utf-8")
        return [str(line) for line in json.loads(text)] if text else []


@contextmanager
def listening() -> Iterator[Failures]:
    """Have a place for what a deploy will tell."""
    with tempfile.NamedTemporaryFile(prefix="modelctl-", suffix=".json") as file:
        yield Failures(Path(file.name))


def over(closing: Closing) -> None:
    """Tell whoever has started this process what failed, if they asked."""
    path = os.environ.get(VARIABLE)
    if path is not None:
        told = [each.in_short for each in closing.hosts if each.is_failure]
        Path(path).write_text(json.dumps(told), encoding="utf-8")
