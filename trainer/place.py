"""Where things are on the trainer."""

from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """The folder that a training works in, and the home of its user."""

    root: Path
    home: Path

    @property
    def models(self) -> Path:
        """Where a training leaves its files."""
        return self.root / "models"

    @property
    def snapshots(self) -> Path:
        """What is published, as it was when the command was typed."""
        return self.models / ".publish"

    @property
    def log(self) -> Path:
        """What was shown of each run."""
        return self.root / "logs" / "model_publish.log"

    @property
    def known_hosts(self) -> Path:
        """The keys of the machines that are asked."""
        return self.root / ".sentinelcam" / "known_hosts"

    def key(self, name: str) -> Path:
        """Return where a private key is."""
        return self.home / ".ssh" / name
