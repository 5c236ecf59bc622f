"""A switch and the linked files, which hold data that exists nowhere else."""

from pathlib import Path

import pytest

from node import layout, linked_files
from node.health import health
from node.machine import services
from node.store import sets
from node.store.service_set import Named
from tests.unit.node.places import Place, tree
from tests.unit.node.switches import run, stored

pytestmark = pytest.mark.usefixtures("told")


@pytest.fixture
def versions(place: Place) -> list[Path]:
    """The linked file of two versions."""
    paths = [place.models / "faces" / version / "list.csv" for version in ("2025-02-25", "2026-02-02")]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("rows of " + path.parent.name)
    return paths


@pytest.fixture(autouse=True)
def ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "not_ready", lambda _: None)


def kept() -> list[bytes]:
    return sorted(tree(layout.backups()).values())


def test_a_switch_to_another_version_keeps_a_copy_of_each(place: Place, versions: list[Path]) -> None:
    for digest, path in zip(("d1", "d2"), versions, strict=True):
        stored(place, digest, named_files=[Named(path, "ab", linked=True)])
        run(digest)
    assert kept() == [b"rows of 2025-02-25", b"rows of 2026-02-02"]


def test_a_switch_that_drops_the_model_keeps_a_copy_too(place: Place, versions: list[Path]) -> None:
    stored(place, "d1", named_files=[Named(versions[0], "ab", linked=True)])
    sets.choose("engine", "d1", None)
    stored(place, "d2")
    run("d2")
    assert len(kept()) == 2


def test_a_linked_file_of_the_old_set_alone_is_waited_for(
    place: Place, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1", named_files=[Named(versions[0], "ab", linked=True)])
    run("d1")
    monkeypatch.setattr(linked_files, "writers", lambda paths: sorted(map(str, paths)))
    stored(place, "d2")
    assert str(run("d2")).startswith(f"engine: {versions[0]}, {versions[1]}: open for writing for more than 0 s;")
    assert sets.digest_of("engine", sets.CHOSEN) == "d1"


def test_the_copies_are_made_before_the_service_stops(
    place: Place, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1", named_files=[Named(versions[0], "ab", linked=True)])
    run("d1")
    seen: list[tuple[int, set[Path]]] = []
    monkeypatch.setattr(services, "stop", lambda _, paths: seen.append((len(kept()), paths)))
    stored(place, "d2", named_files=[Named(versions[1], "ab", linked=True)])
    run("d2")
    assert seen == [(2, set(versions))]


def test_a_task_that_begins_to_write_while_the_copies_are_made_is_waited_for(
    place: Place, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1", named_files=[Named(versions[0], "ab", linked=True)])
    run("d1")
    writing = ["list.csv (process 7)"]
    monkeypatch.setattr(linked_files, "keep", lambda _: monkeypatch.setattr(linked_files, "writers", lambda _: writing))
    stored(place, "d2", named_files=[Named(versions[1], "ab", linked=True)])
    assert str(run("d2")).startswith("engine: list.csv (process 7): open for writing for more than 0 s;")
    assert sets.digest_of("engine", sets.CHOSEN) == "d1"


def test_a_switch_that_leaves_the_version_keeps_none(
    place: Place, versions: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(place, "d1", named_files=[Named(versions[0], "ab", linked=True)])
    run("d1")
    monkeypatch.delattr(linked_files, "keep")
    stored(place, "d2", named_files=[Named(versions[0], "ab", linked=True)])
    assert run("d2") is None
