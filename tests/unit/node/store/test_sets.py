import json
import os
from pathlib import Path

import pytest

from node import layout
from node.errors import Refusal
from node.store import files, sets
from node.store.service_set import NOTHING, Link, Named, ServiceSet, SetStack
from tests.unit.node.places import USER, Place, installed, service_set, sha256, tree, uid
from tests.unit.node.stacks import Node

WORK = NOTHING._replace(script=Path("/engine.py"), ports=[5566], asked=5566, workers=3)


def wanted(place: Place, digest: str = "d1", *names: str) -> ServiceSet:
    """A set of task configs."""
    return service_set(digest, *(installed(place.root / "tasks" / name, f"{digest} {name}") for name in names or ["a"]))


def test_a_set_is_stored_whole_and_read_back(place: Place) -> None:
    new = wanted(place, "d1", "a", "b")._replace(
        links=[Link(place.root / "current", "a")],
        named_files=[Named(place.root / "m", "ab", linked=True)],
        stack=Node(place.root).service("/own").stack,
    )
    sets.put(new, "c0ffee", "0.1.0 decade")
    stored = sets.load("engine", "d1")
    assert stored.content == new._replace(files=[file._replace(content=None) for file in new.files])
    assert (stored.absent, stored.commit, stored.product) == ([], "c0ffee", "0.1.0 decade")
    assert tree(stored.folder / "files") == {sha256(b"d1 a"): b"d1 a", sha256(b"d1 b"): b"d1 b"}


def test_a_set_with_a_stack_is_read_back(place: Place) -> None:
    own = SetStack("2026-01-10", "ab", "d1", Path("/python"), Path("/engine"), ["/engine/lib"])
    sets.put(wanted(place)._replace(stack=own), "c0ffee")
    assert sets.load("engine", "d1").content.stack == own
    path = layout.sets("engine") / "d1" / "set.json"
    path.write_text(path.read_text().replace('"/engine/lib"', "7"))
    with pytest.raises(Refusal, match="set cannot be read"):
        sets.load("engine", "d1")


def test_a_set_of_an_older_release_does_not_say_which(place: Place) -> None:
    sets.put(wanted(place), "c0ffee")
    path = layout.sets("engine") / "d1" / "set.json"
    data = json.loads(path.read_text())
    del data["product"]
    path.write_text(json.dumps(data))
    assert sets.load("engine", "d1").product == "unknown"


def test_what_is_stored_is_for_root_alone(place: Place) -> None:
    """Configs may hold what not everybody may read."""
    sets.put(wanted(place), "c0ffee")
    folder = layout.sets("engine") / "d1" / "files"
    assert (folder.stat().st_mode & 0o777, next(folder.iterdir()).stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_whole_set_is_not_written_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sets.put(wanted(place), "c0ffee")
    monkeypatch.delattr(files, "write")
    sets.put(wanted(place), "c0ffee")


def test_a_set_appears_whole(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[set[str]] = []
    folder = layout.sets("engine") / "d1"

    def watch(moment: str, path: Path) -> None:
        if (moment, path) == ("before rename", folder):
            assert not folder.exists()
        if (moment, path) == ("after rename", folder):
            names.append({each.name for each in folder.iterdir()})

    monkeypatch.setattr(files, "observer", watch)
    sets.put(wanted(place), "c0ffee")
    assert names == [{"files", "set.json"}]


def test_what_the_digest_leaves_out_is_brought_up_to_date(place: Place) -> None:
    sets.put(wanted(place), "c0ffee")
    now = wanted(place)._replace(state="stopped", timers=["engine.timer"], work=WORK)
    sets.put(now, "decade")
    stored = sets.load("engine", "d1")
    assert (stored.content.state, stored.content.timers, stored.content.work) == (
        "stopped", ["engine.timer"], WORK,
    )  # fmt: skip
    assert stored.commit == "decade"


@pytest.mark.parametrize("damage", ["content", "missing"])
def test_a_damaged_file_of_a_set_is_refused_and_can_be_stored_anew(place: Place, damage: str) -> None:
    sets.put(wanted(place), "c0ffee")
    content = layout.sets("engine") / "d1" / "files" / sha256(b"d1 a")
    if damage == "content":
        content.write_bytes(b"d1 A")
    else:
        content.unlink()
    with pytest.raises(Refusal) as caught:
        sets.load("engine", "d1")
    assert str(caught.value) == f"{content}: missing or damaged; run deploys/configs.py to store the set anew"
    sets.put(wanted(place), "c0ffee")
    sets.load("engine", "d1")


@pytest.mark.parametrize("description", ["", "[]", "null", '{"service": "engine"}'])
def test_a_description_that_is_none_is_refused_and_can_be_stored_anew(place: Place, description: str) -> None:
    sets.put(wanted(place), "c0ffee")
    (layout.sets("engine") / "d1" / "set.json").write_text(description)
    with pytest.raises(Refusal, match=r"/engine/d1: set cannot be read \(.+\); run deploys/configs\.py$"):
        sets.load("engine", "d1")
    sets.put(wanted(place), "c0ffee")
    sets.load("engine", "d1")


def test_a_set_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refusal, match=r"/engine/d1: set cannot be read \(.*No such file.*\); run deploys/configs\.py$"):
        sets.load("engine", "d1")


def test_all_whole_leaves_out_what_cannot_be_read(place: Place) -> None:
    for digest in ("d1", "d2"):
        sets.put(wanted(place, digest), "c0ffee")
    sets.choose("engine", "d1", "d2")
    assert {each.content.digest for each in sets.all_whole("engine")} == {"d1", "d2"}
    (layout.sets("engine") / "d2" / "set.json").write_text("")
    assert [each.content.digest for each in sets.all_whole("engine")] == ["d1"]


class TestChoose:
    def links(self) -> tuple[str | None, str | None]:
        return sets.digest_of("engine", sets.CHOSEN), sets.digest_of("engine", sets.PREVIOUS)

    def test_it_keeps_the_set_before(self, place: Place) -> None:
        sets.put(wanted(place), "c0ffee")
        sets.choose("engine", "d1", None)
        assert self.links() == ("d1", None)
        sets.choose("engine", "d2", "d1")
        assert self.links() == ("d2", "d1")

    def test_it_forgets_a_set_before_that_was_none(self, place: Place) -> None:
        sets.put(wanted(place), "c0ffee")
        sets.choose("engine", "d2", "d1")
        sets.choose("engine", "d1", None)
        assert self.links() == ("d1", None)

    def test_the_commit_point_is_one_rename_and_the_last_step(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sets.put(wanted(place), "c0ffee")
        sets.choose("engine", "d1", None)
        seen: list[tuple[str | None, str | None]] = []
        monkeypatch.setattr(files, "observer", lambda *_: seen.append(self.links()))
        sets.choose("engine", "d2", "d1")
        states = [each for each, following in zip(seen, [*seen[1:], None], strict=True) if each != following]
        assert states == [("d1", None), ("d1", "d1"), ("d2", "d1")]


class TestAdopt:
    def wanted(self, place: Place) -> ServiceSet:
        files = [installed(place.root / "tasks" / name, "new", "root") for name in ("a", "b")]
        timer = installed(place.root / "units" / "engine.timer", "new", "root")
        return service_set("d1", *files, timer, links=[Link(place.root / "current", "new")], timers=["engine.timer"])

    def a(self, place: Place, content: bytes = b"old \xff") -> Path:
        path = place.root / "tasks" / "a"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def test_a_bare_node_has_nothing_to_adopt(self, place: Place) -> None:
        assert sets.adopt(self.wanted(place), "running") is None
        assert not layout.sets("engine").exists()

    def test_no_stack_is_adopted(self, place: Place) -> None:
        """What was there starts without one."""
        self.a(place)
        new = self.wanted(place)._replace(stack=Node(place.root).service().stack)
        assert sets.load("engine", sets.adopt(new, "running") or "").content.stack is None

    def test_what_was_there_and_what_was_not_is_kept(self, place: Place) -> None:
        path = self.a(place)
        path.chmod(0o600)
        os.chown(path, uid(), 0)
        digest = sets.adopt(self.wanted(place), "stopped")
        assert digest is not None
        stored = sets.load("engine", digest)
        [file] = stored.content.files
        assert (file.path, file.owner, file.mode, file.sha256) == (path, USER, 0o600, sha256(b"old \xff"))
        assert stored.absent == [place.root / name for name in ("tasks/b", "units/engine.timer", "current")]
        assert stored.commit == "adopted"
        assert tree(place.root / "tasks") == {"a": b"old \xff"}

    def test_it_claims_nothing_of_the_new_set(self, place: Place) -> None:
        self.a(place)
        named = [Named(place.root / "m", "ab", linked=False)]
        wanted = self.wanted(place)._replace(work=WORK, named_files=named)
        content = sets.load("engine", sets.adopt(wanted, "stopped") or "").content
        assert (content.models, content.manifests, content.named_files) == ({}, {}, [])
        assert (content.work, content.timers, content.state) == (NOTHING, [], "stopped")

    def test_a_link_and_a_timer_that_were_there_are_part_of_it(self, place: Place) -> None:
        (place.root / "current").symlink_to("old")
        (place.root / "units").mkdir()
        (place.root / "units" / "engine.timer").write_text("old")
        content = sets.load("engine", sets.adopt(self.wanted(place), "running") or "").content
        assert content.links == [Link(place.root / "current", "old")]
        assert content.timers == ["engine.timer"]

    def test_a_link_alone_is_adopted_too(self, place: Place) -> None:
        (place.root / "current").symlink_to("old")
        assert sets.adopt(self.wanted(place), "running") is not None

    def test_its_digest_is_stable_and_follows_what_was_there(self, place: Place) -> None:
        path = self.a(place)
        first = sets.adopt(self.wanted(place), "running")
        assert sets.adopt(self.wanted(place), "running") == first
        path.chmod(0o600)
        second = sets.adopt(self.wanted(place), "running")
        (place.root / "current").symlink_to("old")
        third = sets.adopt(self.wanted(place), "running")
        assert len({first, second, third}) == 3

    def test_a_file_without_a_known_owner_is_refused(self, place: Place) -> None:
        path = self.a(place)
        os.chown(path, 987654, 0)
        with pytest.raises(Refusal, match=f"^{path}: its owner is no user of this node; chown it and run again$"):
            sets.adopt(self.wanted(place), "running")


def test_named_files_of_several_sets(place: Place) -> None:
    for digest in ("d1", "d2"):
        sets.put(wanted(place, digest)._replace(named_files=[Named(place.root / digest, "ab", linked=True)]), "c0ffee")
    assert {each.path.name for each in sets.named("engine", "d1", "d2")} == {"d1", "d2"}
    assert sets.named("engine", None, "of no set") == []


def test_old_sets_go_but_never_one_that_is_linked_or_adopted(place: Place) -> None:
    config = place.root / "engine.yaml"
    config.write_text("by hand")
    adopted = sets.adopt(service_set("d", installed(config, "x")), "running")
    assert adopted is not None
    for number in range(sets.KEPT + 5):
        sets.put(service_set(f"d{number:02}", installed(config, f"text {number}")), "c0ffee")
        os.utime(layout.sets("engine") / f"d{number:02}", (number, number))
    sets.choose("engine", "d01", "d00")
    files.link(layout.sets("engine") / sets.INSTALLED, "d02")
    sets.prune("engine")
    left = {path.name for path in layout.sets("engine").iterdir() if not path.is_symlink()}
    newest = {f"d{number:02}" for number in range(5, sets.KEPT + 5)}
    assert left == newest | {adopted, "d00", "d01", "d02"}
