"""A sample of the generated histories, with the node program itself on a disk."""

import itertools
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from node.registry.prune_registry import Place

from modelctl.prune.prune_registry import Plan
from modelctl.prune.retention import Pair
from node import layout
from node.protocol.registry import Listing, ListRegistry
from node.protocol.versions import DeleteList, RenewDeleteList
from node.registry import delete_list, prune_registry
from node.registry.listing import list_registry
from node.store import history
from tests.unit.modelctl.histories import MODELS, World, manifest, size
from tests.unit.modelctl.told import tell


class RealDepot:
    """A datasink of folders; `shared` is where every third version has a second link of its file."""

    def __init__(self, root: Path) -> None:
        self.place, self.shared = Place(root / "registry", root / "model_cleanup.log"), root / "shared"
        self.place.registry.mkdir()
        self.shared.mkdir()

    def store(self, pair: Pair, content: int) -> None:
        folder = self.place.registry.joinpath(*pair)
        if folder.exists():
            return
        folder.mkdir(parents=True)
        (folder / "m").write_bytes(b"x" * size(pair, content))
        (folder / "manifest.yaml").write_bytes(manifest(pair, content))
        if content == 2:
            (self.shared / f"{len(list(self.shared.iterdir()))}").hardlink_to(folder / "m")

    def lose(self, pair: Pair) -> None:
        shutil.rmtree(self.place.registry.joinpath(*pair), ignore_errors=True)

    def listing(self) -> Listing:
        return list_registry(ListRegistry(self.place.registry, list(MODELS)))._replace(free=0, total=0)

    def state(self, now: str) -> DeleteList:
        return delete_list.show(self.place.log)._replace(now=now)

    def write(self, plan: Plan) -> None:
        delete_list.renew(RenewDeleteList(plan.old.digest, plan.entries, dict(plan.seen)))

    def spare(self, pairs: Iterable[Pair], hosts: Mapping[str, Iterable[Pair]]) -> None:
        delete_list.keep_referenced(
            ["/".join(pair) for pair in pairs], {host: ["/".join(p) for p in hosts[host]] for host in hosts}
        )

    def retire(self, now: str) -> int:
        before = len(self._lines())
        prune_registry.clean(self.place, now)
        return sum(int(number) for line in self._lines()[before:] for number in re.findall(r", (\d+) bytes;", line))

    def _lines(self) -> list[str]:
        return self.place.log.read_text().splitlines() if self.place.log.exists() else []


@pytest.mark.parametrize("count", [50, pytest.param(600, marks=pytest.mark.long)])
def test_histories_on_a_disk(memory: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(history, "now", lambda: "2026-01-01T00:00:00Z")
    numbers = itertools.count()

    def begin() -> World:
        root = memory / str(next(numbers))
        root.mkdir()
        monkeypatch.setattr(layout, "STATE", root / "state")
        return World(RealDepot(root))

    assert tell(count, begin) > count / 30, "else they prove little"
