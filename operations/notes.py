"""What a run learns of its hosts beside their answers: for the closing word, which comes when all else is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from pyinfra.api import Host

from operations.node_command import Refusal


@dataclass
class Notes:
    """`failure` is what the last command that failed said, or why there was no answer."""

    refusal: Refusal | None = None
    failure: str | None = None

    def failed(self, said: Sequence[str]) -> None:
        """A command has failed; its last words say why."""
        self.failure = next((line for line in reversed(said) if line.strip()), self.failure)


_notes: WeakKeyDictionary[Host, Notes] = WeakKeyDictionary()


def notes_of(host: Host) -> Notes:
    """What was noted of a host, where more can be noted."""
    return _notes.setdefault(host, Notes())
