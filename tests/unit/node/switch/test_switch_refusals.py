"""What a switch refuses before it changes anything."""

import subprocess

import pytest

from node import layout, linked_files
from node.coral import trial
from node.errors import Unfit
from node.store import history, lock, pending_switch, sets
from node.store.service_set import Named, ServiceSet
from node.switch import switch
from node.switch.switch_result import Result
from tests.unit.node.places import Place, installed, request
from tests.unit.node.switches import chosen, run, stored

pytestmark = pytest.mark.usefixtures("told")


def test_a_set_that_is_not_whole_is_refused(told: list[str]) -> None:
    assert str(run("d1")).startswith(f"engine: {layout.sets('engine')}/d1: set cannot be read")
    assert (chosen(), told) == ((None, None), [])


def test_a_set_that_is_not_ready_is_refused_and_changes_nothing(place: Place, told: list[str]) -> None:
    stored(place, "d1", named_files=[Named(place.root / "absent", "ab", linked=False)])
    assert run("d1") == f"engine: {place.root}/absent: missing; run deploys/models.py"
    assert (chosen(), told, pending_switch.read("engine")) == ((None, None), [], None)
    assert not (place.root / "home").exists()


def test_a_stack_that_does_not_fit_is_refused_and_changes_nothing(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(wanted: ServiceSet) -> None:
        tried.append(wanted.digest)
        raise Unfit("python: found numpy 2.1.0")

    monkeypatch.setattr(trial, "refuse_unfit", refuse)
    stored(place, "d1")
    assert switch.run(request("d1")) == Result("unfit", "engine: python: found numpy 2.1.0")
    assert [entry.outcome for entry in history.entries()] == ["refused"]
    assert (chosen(), told, pending_switch.read("engine"), tried) == ((None, None), [], None, ["d1"])
    assert not (place.root / "home").exists()
    stored(place, "d1", state="stopped")  # it is not to run: nothing to try
    assert (run("d1"), tried) == (None, ["d1"])


def test_a_linked_file_held_open_is_refused_and_changes_nothing(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1")
    run("d1")
    told.clear()
    monkeypatch.setattr(linked_files, "writers", lambda _: ["facelist.csv (process 7)"])
    stored(place, "d2")
    assert str(run("d2")).startswith("engine: facelist.csv (process 7): open for writing for more than 0 s;")
    assert (chosen()[0], told, pending_switch.read("engine")) == ("d1", [], None)


def test_a_second_switch_is_refused_and_told_whose_the_first_is(
    place: Place, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0)
    stored(place, "d1")
    with lock.held(layout.switch_lock("engine"), "switch", "ben@shed", "pyinfra"):
        line = str(run("d1"))
    assert line.startswith("engine: another switch is running here: ben@shed, since 20")
    assert line.endswith(": pyinfra; wait for it and run again")
    assert (chosen(), told) == ((None, None), [])


def test_a_path_that_is_taken_is_refused_before_anything_is_changed(place: Place, told: list[str]) -> None:
    (place.root / "home" / "engine.yaml").mkdir(parents=True)
    stored(place, "d1")
    path = place.root / "home" / "engine.yaml"
    assert run("d1") == f"engine: {path}: a folder, expected a file; move it away and run again"
    assert (told, chosen()) == ([], (None, None))


def test_a_file_that_no_set_put_there_is_not_overwritten(place: Place, told: list[str]) -> None:
    wanted = stored(place, "d1")
    run("d1")
    told.clear()
    mine = place.root / "home" / "tasks.yaml"
    mine.write_text("mine")
    sets.put(wanted._replace(digest="d2", files=[*wanted.files, installed(mine, "theirs")]), "c0ffee")
    assert run("d2") == f"engine: {mine}: no deploy put it there; move it away and run again"
    assert (mine.read_text(), told, chosen()) == ("mine", [], ("d1", None))
    mine.unlink()
    assert run("d2") is None
    mine.write_text("by hand")
    assert run("d2") is None
    assert mine.read_text() == "theirs"


@pytest.mark.parametrize("name", ["home/engine.yaml", "units/engine.service"])
def test_what_cannot_be_replaced_is_refused_before_the_service_stops(place: Place, told: list[str], name: str) -> None:
    """H4."""
    stored(place, "d1")
    run("d1")
    told.clear()
    path = place.root / name
    path.write_text("by hand")
    stored(place, "d2", unit="engine.service")
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("this file system knows no such files")
    try:
        said = str(run("d2"))
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    assert said.startswith(f"engine: {path}: cannot be replaced (Operation not permitted); see lsattr")
    assert (chosen(), told, pending_switch.read("engine")) == (("d1", None), [], None)


def test_what_the_new_set_does_not_touch_need_not_be_replaceable(place: Place) -> None:
    stored(place, "d1")
    run("d1")
    path = place.root / "units" / "engine.service"
    stored(place, "d2")
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("this file system knows no such files")
    try:
        assert run("d2") is None
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def test_what_the_new_set_takes_away_must_be_removable(place: Place, told: list[str]) -> None:
    stored(place, "d1", files=[installed(place.root / "tasks" / "old.yaml", "old")])
    run("d1")
    told.clear()
    path = place.root / "tasks" / "old.yaml"
    stored(place, "d2")
    if subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("this file system knows no such files")
    try:
        assert str(run("d2")).startswith(f"engine: {path}: cannot be replaced")
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    assert told == []
