"""Which versions a service may yet start from."""

from pathlib import Path

import pytest

from node import layout
from node.store import files, pending_switch, references, sets
from node.store.service_set import Installed, Link, ServiceSet
from tests.unit.node.places import Place, begun, installed, service_set, sha256


def store(digest: str, commit: str = "c0ffee", **models: str) -> None:
    sets.put(service_set(digest)._replace(models=models), commit)


def named() -> list[str]:
    found = references.of_host()
    assert found is not None
    assert set(found.values()) <= {"in a set of engine"}
    return list(found)


def test_the_chosen_the_previous_and_the_live_set() -> None:
    store("d1", cats="2026-01-01", dogs="2025-01-01")
    store("d2", cats="2025-12-31.2")
    store("d3", cats="2025-12-31")
    store("d4", cats="2019-01-01")
    sets.choose("engine", "d1", "d2")
    files.folder(layout.RUNTIME)
    layout.started("engine").write_text("d3")
    assert named() == ["cats/2025-12-31", "cats/2025-12-31.2", "cats/2026-01-01", "dogs/2025-01-01"]


def test_the_sets_of_a_switch_that_has_not_ended() -> None:
    for number in range(1, 6):
        store(f"d{number}", cats=f"2026-01-0{number}")
    sets.choose("engine", "d1", None)
    pending_switch.put(begun("d2", old="d3", previous="d4"))
    assert named() == [f"cats/2026-01-0{number}" for number in range(1, 5)]


def test_nothing_is_named_where_nothing_is_chosen() -> None:
    store("d1", cats="2026-01-01")
    assert named() == []


@pytest.mark.parametrize("broken", ["d1/set.json", "d2/set.json", "pending"])
def test_what_cannot_be_read_is_unknown(broken: str) -> None:
    store("d1", cats="2026-01-01")
    store("d2", cats="2025-01-01")
    sets.choose("engine", "d1", "d2")
    assert references.of_host() is not None
    (layout.sets("engine") / broken).write_text("{")
    assert references.of_host() is None


def adopted(place: Place, text: str, *links: Link) -> ServiceSet:
    path = place.root / "engine.yaml"
    path.write_text(text)
    for link in links:
        link.path.symlink_to(link.target)
    wanted = service_set("wanted", installed(path, "ours"), links=links)
    digest = sets.adopt(wanted, "running")
    assert digest is not None
    sets.choose("engine", digest, None)
    return sets.read("engine", digest).content


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("model: /home/ops/sentinel/models/cats/2026-01-01/cats.bin", ["cats/2026-01-01"]),
        (
            "a: '/x/models/cats/2026-01-01'\nb: /x/models/cats/2026-01-01.12/c",
            ["cats/2026-01-01", "cats/2026-01-01.12"],
        ),
        ("facefile: /data/face_recognition/facelist_2025-02-25.csv", ["face_recognition/2025-02-25"]),
        ("a: /models/cats/2026-01-01-old/cats.bin, /models/Cats/2026-01-01/c, /models/cats/latest/c", []),
    ],
)
def test_an_adopted_set_names_what_its_files_say(place: Place, text: str, found: list[str]) -> None:
    adopted(place, text)
    assert named() == found


def test_an_adopted_link_names_a_face_list(place: Place) -> None:
    adopted(place, "", Link(place.root / "facelist_current.csv", "facelist_2025-02-25.csv"))
    assert named() == ["face_recognition/2025-02-25"]


def test_an_adopted_file_that_is_damaged_is_unknown(place: Place) -> None:
    content = adopted(place, "/models/cats/2026-01-01/")
    stored: Installed = content.files[0]
    assert stored.sha256 == sha256(b"/models/cats/2026-01-01/")
    Path(layout.sets("engine"), content.digest, "files", stored.sha256).write_text("/models/cats/2026-01-02/")
    assert references.of_host() is None
