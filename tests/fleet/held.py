"""Holding a host's node program at one of its changes to the disk, so that it can be killed there: lab/hold.py."""

import json
from contextlib import suppress
from dataclasses import dataclass

from lab import hold
from lab.machine import wait_until
from modelctl.errors import OperatorError
from tests.fleet.node import STATE, Node

LIMIT = 30.0  # seconds


@dataclass(frozen=True)
class Held:
    """The node program of one host."""

    node: Node

    def order(self, command: str, at: int, below: str = "") -> None:
        """Hold `command` at its moment number `at` of those whose path begins so; with 0 only note its moments."""
        order = {"command": command, "at": at, "below": below}
        self.node.shell(f"mkdir -p -m 1777 {hold.FOLDER}; rm -f {hold.MOMENTS} {hold.HELD} {hold.GO}")
        self.node.write(str(hold.ORDER), json.dumps(order))

    def wait(self) -> None:
        """Wait until it is held. What it runs from then on is not."""
        wait_until(self._is_held, LIMIT, f"{self.node.name}: node program held")
        self.forget()

    def _is_held(self) -> bool:
        with suppress(OperatorError):  # it is still booting
            return self.node.exists(str(hold.HELD))
        return False

    def forget(self) -> None:
        self.node.shell(f"rm {hold.ORDER}")

    def release(self) -> None:
        self.node.shell(f"touch {hold.GO}")

    def kill(self) -> None:
        """End the held program as SIGKILL does."""
        self.node.shell(f"kill -KILL $(cat {hold.HELD})")

    def has_ended(self) -> bool:
        """Tell whether the switch that is held has taken its note away."""
        return f"after unlink {STATE}/sets/{self.node.service}/pending" in self.moments()

    def moments(self) -> list[str]:
        """All that was noted since the order: "before rename PATH", "after rename PATH", ..."""
        return self.node.read(str(hold.MOMENTS)).splitlines()
