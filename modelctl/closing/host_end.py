"""How a run ended for its hosts, as far as that was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Standing(Enum):
    """What became of a host in a run, as the operator reads it; the worst comes last."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    CANARY = "canary"
    WOULD_CHANGE = "would change"
    NOT_PREDICTED = "not predicted"
    NOT_FINISHED = "not finished"
    NOT_TOUCHED = "not touched"
    REFUSED = "refused"
    NOT_REACHED = "not reached"
    UNKNOWN = "unknown"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"


FAILURES = (
    Standing.NOT_TOUCHED, Standing.REFUSED, Standing.NOT_REACHED, Standing.UNKNOWN, Standing.FAILED,
    Standing.ROLLED_BACK,
)  # fmt: skip


@dataclass(frozen=True)
class HostEnd:
    """A host at the end of a run. `runs` says whether its services were seen to run what the checkout wants since the
    last change there; None where it has no service.
    """

    name: str
    standing: Standing
    reason: str
    runs: bool | None

    @property
    def is_failure(self) -> bool:
        return self.standing in FAILURES

    @property
    def in_short(self) -> str:
        return f"{self.name} {self.standing.value}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True)
class Closing:
    """All hosts of a run. `commit` is the site's; `dirty` are the checkouts with changes that no commit has.

    `is_real` says whether the run was more than a prediction, `is_whole` whether it came to its end.
    """

    hosts: Sequence[HostEnd]
    commit: str
    dirty: Sequence[str]
    is_real: bool
    is_whole: bool
