"""What became of each key: taken, or left, with a reason. None is in neither list."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from modelctl.faults import one_line
from modelctl.starting.ansible.reading import Document, Key

UNKNOWN = "nothing here is like it"


@dataclass
class Ledger:
    """The keys of all files. What nobody takes, nor leaves with a reason of its own, is left as unknown."""

    documents: tuple[Document, ...]
    _taken: dict[Key, list[str]] = field(default_factory=dict)
    _left: dict[Key, str] = field(default_factory=dict)
    _added: list[str] = field(default_factory=list)

    def take(self, key: Key, what: str) -> None:
        """It became `what`."""
        self._taken.setdefault(key, []).append(what)

    def leave(self, key: Key, why: str) -> None:
        """The first reason stands, unless somebody else takes it."""
        self._left.setdefault(key, why)

    def add(self, what: str, why: str) -> None:
        """A value that the inventory does not say, and that a site must."""
        self._added.append(f"{what}: {why}")

    def taken(self) -> list[str]:
        """A line for each key that became something here."""
        return [f"{key}: {one_line(_said(self._taken[key]))}" for key in self._keys() if key in self._taken]

    def left(self) -> list[str]:
        """A line for each other key, and for each file that is not read."""
        files = [f"{one_line(each.file)}: {each.fault}" for each in self.documents if each.fault]
        keys = [key for key in self._keys() if key not in self._taken]
        return files + [f"{key}: {one_line(self._left.get(key) or key.fault or UNKNOWN)}" for key in keys]

    def added(self) -> list[str]:
        """A line for each value that the site has, and the inventory has not."""
        return self._added

    def _keys(self) -> Iterable[Key]:
        return (key for document in self.documents for key in document.keys)


def _said(places: list[str]) -> str:
    """A variable of a group is taken for each of its hosts."""
    others = len(set(places)) - 1
    return f"{places[0]}, and {others} more" if others else places[0]
