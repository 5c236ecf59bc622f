"""Whose turn it is among the hosts of a role: each waits for those before it to say whether they move.

Nobody looks again and again: whoever says so wakes those that it holds up.
"""

from collections.abc import Sequence

from gevent.event import Event


class Turns:
    """The hosts of a role by name, in the order of the run."""

    def __init__(self, names: Sequence[str]) -> None:
        self._place = {name: place for place, name in enumerate(names)}
        self._decided: set[int] = set()
        self._moving: set[int] = set()
        self._count = 0  # of hosts at the beginning that have all decided
        self._reached = [Event() for _ in range(len(names) + 1)]  # by that count
        self._reached[0].set()

    def decide(self, name: str, moves: bool) -> None:
        """Say whether a host is one that others of its role wait for; what was said before does not matter."""
        place = self._place[name]
        (self._moving.add if moves else self._moving.discard)(place)
        self._decided.add(place)
        while self._count in self._decided:
            self._count += 1
            self._reached[self._count].set()

    def leave(self, name: str) -> None:
        """Say that a host will say nothing more; what it has said stays."""
        if self._place[name] not in self._decided:
            self.decide(name, moves=False)

    def wait(self, name: str, seconds: float) -> bool:
        """Let other hosts go on until all before this one have decided; tells whether they have in time."""
        return bool(self._reached[self._place[name]].wait(seconds))

    def wait_for_all(self, seconds: float) -> bool:
        """The same, until all hosts have decided."""
        return bool(self._reached[-1].wait(seconds))

    def is_first(self, name: str) -> bool:
        """Whether no host before this one moves, as far as is known."""
        return min(self._moving, default=len(self._place)) >= self._place[name]
