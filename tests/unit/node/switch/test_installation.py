import os
from pathlib import Path

import pytest

from node import layout
from node.errors import Refusal
from node.store import disk, files, sets
from node.store.rights import Owner
from node.store.service_set import Link, ServiceSet
from node.switch import installation
from tests.unit.node.places import Place, installed, service_set, sha256, tree, uid


def choose(
    place: Place, digest: str, *names: str, text: str = "new", links: dict[str, str] | None = None
) -> ServiceSet:
    """A set of task configs, stored and chosen."""
    wanted = service_set(
        digest,
        *(installed(place.root / "tasks" / name, f"{text} {name}") for name in names),
        links=[Link(place.root / name, target) for name, target in (links or {}).items()],
    )
    sets.put(wanted, "c0ffee")
    sets.choose("engine", digest, None)
    return wanted


def refusal() -> str:
    with pytest.raises(Refusal) as caught:
        installation.install("engine")
    return str(caught.value)


def test_nothing_chosen_is_refused() -> None:
    assert refusal() == f"{layout.sets('engine')}: no set is chosen; run deploys/configs.py"


def test_files_get_mode_and_owner_and_links_their_targets(place: Place) -> None:
    choose(place, "d1", "a", links={"lists/current": "list_1"})
    assert installation.install("engine").content.digest == "d1"
    status = (place.root / "tasks" / "a").stat()
    assert (status.st_uid, status.st_mode & 0o7777) == (uid(), 0o644)
    assert (place.root / "tasks").stat().st_uid == uid()
    assert disk.target(place.root / "lists" / "current") == "list_1"
    assert sets.digest_of("engine", sets.INSTALLED) == "d1"


def test_a_set_that_is_not_whole_changes_nothing(place: Place) -> None:
    choose(place, "d1", "a", "b")
    (layout.sets("engine") / "d1" / "files" / sha256(b"new b")).unlink()
    assert "missing or damaged; run deploys/configs.py" in refusal()
    assert not (place.root / "tasks").exists()


def test_what_is_right_is_not_written_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(place, "d1", "a", "b", links={"current": "x"})
    installation.install("engine")
    monkeypatch.setattr(files, "observer", lambda moment, path: pytest.fail(f"{moment} {path}"))
    installation.install("engine")


@pytest.mark.parametrize("drift", ["content", "mode", "owner", "group", "link", "absent"])
def test_drift_of_a_file_heals(place: Place, drift: str) -> None:
    wanted = choose(place, "d1", "a")
    installation.install("engine")
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
        case "absent":
            path.unlink()
    assert not installation.is_installed(wanted.files[0])
    installation.install("engine")
    assert installation.is_installed(wanted.files[0])
    assert not path.is_symlink()


@pytest.mark.parametrize("drift", ["another", None])
def test_drift_of_a_link_heals(place: Place, drift: str | None) -> None:
    wanted = choose(place, "d1", links={"current": "x"})
    installation.install("engine")
    (place.root / "current").unlink()
    if drift:
        (place.root / "current").symlink_to(drift)
    assert not installation.is_installed(wanted.links[0])
    installation.install("engine")
    assert installation.is_installed(wanted.links[0])


def test_leftovers_of_the_last_set_go_and_foreign_files_stay(place: Place) -> None:
    choose(place, "d1", "kept", "dropped", links={"current": "x", "gone": "y"})
    installation.install("engine")
    (place.root / "tasks" / "mine").write_text("mine")
    choose(place, "d2", "kept", text="newer", links={"current": "z"})
    installation.install("engine")
    assert tree(place.root / "tasks") == {"kept": b"newer kept", "mine": b"mine"}
    assert disk.target(place.root / "current") == "z"
    assert not (place.root / "gone").is_symlink()


def test_leftovers_that_somebody_changed_stay(place: Place) -> None:
    choose(place, "d1", "kept", "dropped", links={"gone": "y"})
    installation.install("engine")
    (place.root / "tasks" / "dropped").write_text("changed by hand")
    (place.root / "gone").unlink()
    (place.root / "gone").symlink_to("mine")
    choose(place, "d2", "kept")
    installation.install("engine")
    assert (place.root / "tasks" / "dropped").read_text() == "changed by hand"
    assert disk.target(place.root / "gone") == "mine"


def test_leftovers_of_a_set_that_was_never_finished_go_too(place: Place) -> None:
    """d2 was being installed when the power went; then the set before it is chosen again."""
    choose(place, "d1", "a")
    installation.install("engine")
    choose(place, "d2", "b")
    files.unlink(layout.sets("engine") / sets.INSTALLED)
    files.write(place.root / "tasks" / "b", b"new b", owner=Owner(uid(), (place.root / "tasks").stat().st_gid))
    sets.choose("engine", "d1", None)
    installation.install("engine")
    assert tree(place.root / "tasks") == {"a": b"new a"}


def test_leftovers_go_before_the_set_counts_as_installed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(place, "d1", "kept", "dropped")
    installation.install("engine")
    choose(place, "d2", "kept", text="newer")
    changed: list[str] = []
    monkeypatch.setattr(
        files, "observer", lambda moment, path: changed.append(path.name) if moment.startswith("before") else None
    )
    installation.install("engine")
    desired = [changed.index(name) for name in ("installed", ".kept.new", "dropped", ".installed.new")]
    assert desired == sorted(desired)


def test_a_damaged_last_set_does_not_keep_the_chosen_one_from_starting(place: Place) -> None:
    choose(place, "d1", "kept", "dropped")
    installation.install("engine")
    (layout.sets("engine") / "d1" / "set.json").unlink()
    choose(place, "d2", "kept", text="newer")
    installation.install("engine")
    assert tree(place.root / "tasks") == {"kept": b"newer kept", "dropped": b"new dropped"}


def test_a_folder_where_a_file_should_be_is_refused(place: Place) -> None:
    choose(place, "d1", "a")
    (place.root / "tasks" / "a").mkdir(parents=True)
    assert refusal() == f"{place.root}/tasks/a: a folder, expected a file; move it away and run again"


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_file_where_a_link_should_be_stays_and_is_refused(place: Place, is_folder: bool) -> None:
    choose(place, "d1", links={"current": "x"})
    path = place.root / "current"
    if is_folder:
        path.mkdir()
    else:
        path.write_text("mine")
    assert refusal() == f"{path}: a file, expected a link; move it away and run again"
    assert path.exists()


def test_a_set_of_an_unknown_user_is_refused(tmp_path: Path) -> None:
    wanted = service_set("d1", installed(tmp_path / "a", "new", owner="no-such-user"))
    sets.put(wanted, "c0ffee")
    sets.choose("engine", "d1", None)
    assert refusal().startswith("user no-such-user: not on this node")
    assert not (tmp_path / "a").exists()
