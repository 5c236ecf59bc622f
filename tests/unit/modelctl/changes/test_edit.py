"""Edits of the inventory: the text, the fleet that comes of it, and what is refused."""

from pathlib import Path

import pytest

from modelctl.changes import edit
from modelctl.errors import OperatorError
from modelctl.inventory_file import Inventory, load
from tests.unit.modelctl.fake_changes import MODEL, NEW, OLD, TEXT, Stage, swapped


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é")


@pytest.fixture
def inventory(stage: Stage) -> Inventory:
    return load(stage.inventory)


def versions_refusal(inventory: Inventory, current: str = OLD) -> str:
    with pytest.raises(OperatorError) as caught:
        edit.versions(inventory, MODEL, current, NEW)
    return str(caught.value)


def override_refusal(inventory: Inventory, version: "str | None" = OLD) -> str:
    with pytest.raises(OperatorError) as caught:
        edit.override(inventory, ["sentinel"], MODEL, version)
    return str(caught.value)


def test_versions(stage: Stage, inventory: Inventory) -> None:
    made = edit.versions(inventory, MODEL, OLD, NEW)
    assert (made.file, made.old, made.new) == (stage.registry, TEXT, swapped(TEXT))
    entry = made.after.registry.models[MODEL]
    assert (entry.current_version, entry.previous_version) == (OLD, NEW)
    assert made.after.versions("sentinel")[MODEL] == OLD
    assert stage.registry.read_text() == TEXT
    stage.registry.write_text(made.new)
    assert load(stage.inventory).fleet.registry == made.after.registry


def test_override(stage: Stage, inventory: Inventory) -> None:
    made = edit.override(inventory, ["sentinel"], MODEL, OLD)
    assert (made.file, made.old) == (stage.site, stage.site.read_text())
    assert (made.after.versions("sentinel")[MODEL], made.after.versions("data1")[MODEL]) == (OLD, NEW)
    stage.site.write_text(made.new)
    again = load(stage.inventory)
    assert again.fleet.site == made.after.site
    cleared = edit.override(again, ["sentinel"], MODEL, None)
    assert (cleared.new, cleared.after.site) == (made.old, inventory.fleet.site)


def test_other_overrides_stay(stage: Stage) -> None:
    text = stage.site.read_text()
    own = 'accelerator="coral", model_version_overrides={"mobilenet_ssd": "2019-01-01"}),\n        "lab1"'
    stage.site.write_text(text.replace('accelerator="coral"),\n        "lab1"', own))
    made = edit.override(load(stage.inventory), ["sentinel"], MODEL, OLD)
    assert made.after.host("sentinel").model_version_overrides == {"mobilenet_ssd": "2019-01-01", MODEL: OLD}


def test_what_the_fleet_forbids(stage: Stage, inventory: Inventory) -> None:
    said = versions_refusal(inventory, "2025-02-30")
    assert said.startswith(f"{stage.registry}: current_version: found '2025-02-30'; allowed: ")


def test_values_that_come_from_elsewhere(stage: Stage, inventory: Inventory) -> None:
    stage.registry.write_text(TEXT.replace(f'"{OLD}"', '"2026-01-01"'))
    assert versions_refusal(inventory) == (
        f"{stage.registry}: {stage.inventory} takes the versions of {MODEL} from elsewhere; expected them here; "
        "edit it by hand"
    )
    text = stage.site.read_text()
    own = f'accelerator="coral", model_version_overrides={{"{MODEL}": "2026-01-01"}})'
    stage.site.write_text(text.replace('accelerator="coral"),\n        "lab1"', f'{own},\n        "lab1"'))
    expected = f"{stage.site}: {stage.inventory} takes the overrides of sentinel from elsewhere; expected them here; "
    assert override_refusal(inventory) == f"{expected}edit it by hand"


@pytest.mark.parametrize("value", ["{}", "None", "SITE"])
def test_what_is_no_registry(stage: Stage, inventory: Inventory, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    evaluate = edit.evaluate
    found: object = {"{}": {}, "None": None, "SITE": inventory.fleet.site}[value]
    monkeypatch.setattr(edit, "evaluate", lambda *_: found)
    kind = type(found).__name__
    assert versions_refusal(inventory) == f"{stage.registry}: found a {kind}; expected a Registry; edit it by hand"
    monkeypatch.setattr(edit, "evaluate", evaluate)


def test_an_edit_that_would_change_more(stage: Stage, inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = "the edit would change more than it should; nothing was written; edit it by hand"
    real = edit.set_versions
    for other in ('debian="bookworm"', '"coco_labels.txt"'):
        monkeypatch.setattr(
            edit,
            "set_versions",
            lambda *words, other=other: real(*words).replace(other, other.replace('"', '"x', 1)),
        )
        assert versions_refusal(inventory) == f"{stage.registry}: {expected}"
    monkeypatch.setattr(edit, "set_versions", lambda text, *_: text)
    assert versions_refusal(inventory) == f"{stage.registry}: {expected}"
    monkeypatch.setattr(edit, "set_override", lambda text, *_: text.replace("chandler", "other"))
    assert override_refusal(inventory) == f"{stage.site}: {expected}"
    assert (stage.registry.read_text(), stage.git("status", "--porcelain")) == (TEXT, "")


def test_a_file_that_is_no_text(stage: Stage, inventory: Inventory) -> None:
    stage.registry.write_bytes(b"\xff")
    assert versions_refusal(inventory).startswith(f"{stage.registry}: 'utf-8' codec can't decode byte 0xff")
    stage.registry.unlink()
    assert versions_refusal(inventory).endswith("; expected a text file in UTF-8")


def test_a_link_is_followed(stage: Stage, inventory: Inventory) -> None:
    for path in (stage.registry, stage.site):
        path.rename(stage.folder / path.name)
        path.symlink_to(f"../{path.name}")
    assert edit.versions(inventory, MODEL, OLD, NEW).file == stage.folder / "registry.py"
    assert edit.override(inventory, ["sentinel"], MODEL, OLD).file == stage.folder / "site.py"
