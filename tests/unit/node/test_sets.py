import os
from pathlib import Path

import pytest

from node import files, layout, sets
from node.errors import Refusal
from node.orders import ServiceSet
from tests.unit.node.places import USER, Place, installed, service_set, sha256, tree, uid


def choose(place: Place, digest: str, *names: str, text: str = "new") -> ServiceSet:
    """A set of task configs, stored and chosen."""
    wanted = service_set(digest, *(installed(place.root / "tasks" / name, f"{text} {name}") for name in names))
    sets.put(wanted, "c0ffee")
    sets.choose("engine", digest, None)
    return wanted


def test_a_set_is_stored_whole_and_read_back(place: Place) -> None:
    wanted = choose(place, "d1", "a", "b")
    stored = sets.load("engine", "d1")
    assert stored.content == wanted._replace(files=[file._replace(content=None) for file in wanted.files])
    assert (stored.absent, stored.commit) == ([], "c0ffee")
    assert tree(stored.folder / "files") == {sha256(b"new a"): b"new a", sha256(b"new b"): b"new b"}


def test_a_whole_set_is_not_written_again(place: Place) -> None:
    wanted = choose(place, "d1", "a")
    before = (layout.sets("engine") / "d1").stat()
    sets.put(wanted, "another commit")
    assert (layout.sets("engine") / "d1").stat() == before


def test_what_the_digest_leaves_out_is_brought_up_to_date(place: Place) -> None:
    wanted = choose(place, "d1", "a")
    now = wanted._replace(state="stopped", timers=["engine.timer"], control_port=5566)
    sets.put(now, "c0ffee")
    stored = sets.load("engine", "d1").content
    assert (stored.state, stored.timers, stored.control_port) == ("stopped", ["engine.timer"], 5566)
    assert stored.files == [file._replace(content=None) for file in wanted.files]


@pytest.mark.parametrize("damage", ["content", "missing", "description", "strange"])
def test_a_damaged_set_is_refused_and_can_be_stored_anew(place: Place, damage: str) -> None:
    wanted = choose(place, "d1", "a")
    folder = layout.sets("engine") / "d1"
    content = folder / "files" / sha256(b"new a")
    match damage:
        case "content":
            content.write_bytes(b"new A")
        case "missing":
            content.unlink()
        case "description":
            (folder / "set.json").write_bytes(b"")
        case "strange":
            (folder / "set.json").write_text('{"service": "engine"}')
    with pytest.raises(Refusal, match=r"run deploys/configs\.py"):
        sets.install("engine")
    assert not (place.root / "tasks").exists()
    sets.put(wanted, "c0ffee")
    sets.install("engine")
    assert tree(place.root / "tasks") == {"a": b"new a"}


def test_nothing_chosen_is_refused() -> None:
    with pytest.raises(Refusal, match="no set is chosen"):
        sets.install("engine")


def test_install_puts_files_with_mode_and_owner(place: Place) -> None:
    choose(place, "d1", "a")
    sets.install("engine")
    status = (place.root / "tasks" / "a").stat()
    assert (status.st_uid, status.st_mode & 0o7777) == (uid(), 0o644)
    assert (place.root / "tasks").stat().st_uid == uid()
    assert sets.digest_of("engine", sets.INSTALLED) == "d1"


def test_install_again_writes_nothing(place: Place) -> None:
    choose(place, "d1", "a", "b")
    sets.install("engine")
    before = {path: path.stat() for path in (place.root / "tasks").iterdir()}
    sets.install("engine")
    assert {path: path.stat() for path in (place.root / "tasks").iterdir()} == before


@pytest.mark.parametrize("drift", ["content", "mode", "owner", "group", "link"])
def test_drift_heals(place: Place, drift: str) -> None:
    wanted = choose(place, "d1", "a")
    sets.install("engine")
    path = place.root / "tasks" / "a"
    match drift:
        case "content":
            path.write_text("new A")
        case "mode":
            path.chmod(0o600)
        case "owner":
            os.chown(path, 0, -1)
        case "group":
            os.chown(path, -1, 4242)
        case "link":
            path.rename(place.root / "a")
            path.symlink_to(place.root / "a")
    assert not sets.is_installed(wanted.files[0])
    sets.install("engine")
    assert sets.is_installed(wanted.files[0])
    assert not path.is_symlink()


def test_leftovers_of_the_last_set_go_and_foreign_files_stay(place: Place) -> None:
    choose(place, "d1", "kept", "dropped")
    sets.install("engine")
    (place.root / "tasks" / "mine").write_text("mine")
    choose(place, "d2", "kept", text="newer")
    sets.install("engine")
    assert tree(place.root / "tasks") == {"kept": b"newer kept", "mine": b"mine"}


def test_leftovers_that_somebody_changed_stay(place: Place) -> None:
    choose(place, "d1", "kept", "dropped")
    sets.install("engine")
    (place.root / "tasks" / "dropped").write_text("changed by hand")
    choose(place, "d2", "kept")
    sets.install("engine")
    assert (place.root / "tasks" / "dropped").read_text() == "changed by hand"


def test_a_damaged_last_set_does_not_keep_the_chosen_one_from_starting(place: Place) -> None:
    choose(place, "d1", "kept", "dropped")
    sets.install("engine")
    (layout.sets("engine") / "d1" / "set.json").unlink()
    choose(place, "d2", "kept", text="newer")
    sets.install("engine")
    assert tree(place.root / "tasks") == {"kept": b"newer kept", "dropped": b"new dropped"}


def test_choose_keeps_the_set_before(place: Place) -> None:
    choose(place, "d1", "a")
    sets.choose("engine", "d2", "d1")
    assert (sets.digest_of("engine", sets.CHOSEN), sets.digest_of("engine", sets.PREVIOUS)) == ("d2", "d1")
    sets.choose("engine", "d2", "d2")
    assert sets.digest_of("engine", sets.PREVIOUS) == "d1"


def test_the_previous_set_is_linked_before_the_commit_point(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(place, "d1", "a")
    links: list[str] = []
    monkeypatch.setattr(files, "link", lambda path, target: links.append(f"{path.name} -> {target}"))
    sets.choose("engine", "d2", "d1")
    assert links == ["previous -> d1", "chosen -> d2"]


class TestAdopt:
    def wanted(self, place: Place) -> ServiceSet:
        return service_set("d1", *(installed(place.root / "tasks" / name, "new", "root") for name in ("a", "b")))

    def test_a_bare_node_has_nothing_to_adopt(self, place: Place) -> None:
        assert sets.adopt(self.wanted(place)) is None
        assert not layout.sets("engine").exists()

    def test_what_was_there_and_what_was_not_is_kept(self, place: Place) -> None:
        path = place.root / "tasks" / "a"
        path.parent.mkdir()
        path.write_bytes(b"old \xff")
        path.chmod(0o600)
        os.chown(path, uid(), 0)
        digest = sets.adopt(self.wanted(place))
        assert digest is not None
        stored = sets.load("engine", digest)
        [file] = stored.content.files
        assert (file.path, file.owner, file.mode, file.sha256) == (path, USER, 0o600, sha256(b"old \xff"))
        assert stored.absent == [place.root / "tasks" / "b"]
        assert stored.commit == "adopted"
        assert (stored.content.models, stored.content.named_files) == ({}, [])
        assert tree(place.root / "tasks") == {"a": b"old \xff"}

    def test_its_digest_is_stable_and_follows_the_content(self, place: Place) -> None:
        path = place.root / "tasks" / "a"
        path.parent.mkdir()
        path.write_text("old")
        first = sets.adopt(self.wanted(place))
        assert sets.adopt(self.wanted(place)) == first
        path.write_text("older")
        assert sets.adopt(self.wanted(place)) != first

    def test_a_file_without_a_known_owner_is_refused(self, place: Place) -> None:
        path = place.root / "tasks" / "a"
        path.parent.mkdir()
        path.write_text("old")
        os.chown(path, 987654, 0)
        with pytest.raises(Refusal, match=f"^{path}: its owner is no user of this node; chown it and run again$"):
            sets.adopt(self.wanted(place))


def test_a_set_of_an_unknown_user_is_refused(tmp_path: Path) -> None:
    wanted = service_set("d1", installed(tmp_path / "a", "new", owner="no-such-user"))
    sets.put(wanted, "c0ffee")
    sets.choose("engine", "d1", None)
    with pytest.raises(Refusal, match=r"^user no-such-user: not on this node"):
        sets.install("engine")
    assert not (tmp_path / "a").exists()


def test_old_sets_go_but_never_one_that_is_linked_or_adopted(place: Place) -> None:
    config = place.root / "engine.yaml"
    config.write_text("by hand")
    adopted = sets.adopt(service_set("d", installed(config, "x")))
    assert adopted is not None
    for number in range(sets.KEPT + 5):
        sets.put(service_set(f"d{number:02}", installed(config, f"text {number}")), "c0ffee")
        os.utime(layout.sets("engine") / f"d{number:02}", (number, number))
    sets.choose("engine", "d01", "d00")
    sets.prune("engine")
    left = {path.name for path in layout.sets("engine").iterdir() if not path.is_symlink()}
    newest = {f"d{number:02}" for number in range(5, sets.KEPT + 5)}
    assert left == newest | {adopted, "d00", "d01"}
