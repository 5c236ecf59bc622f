from pathlib import Path

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.inventory.json_files import dump_pins, load_pins
from tests.unit.modelctl.sites import fleet, pinned


def test_pins_survive_their_file(tmp_path: Path) -> None:
    pins = fleet(pins=pinned(("face_recognition", "2025-02-25"))).pins
    path = tmp_path / "pins.json"
    path.write_text(dump_pins(pins), encoding="utf-8")
    assert fleet(pins=load_pins(path)).pins == pins


def test_file_is_sorted_and_ends_with_a_newline() -> None:
    text = dump_pins(pinned())
    assert text.startswith('{\n  "coral_packages": {\n    "2025-12-19": {\n      "files": {\n        "libedgetpu')
    assert text.endswith("}\n")


def test_no_pins_are_an_empty_object(tmp_path: Path) -> None:
    (tmp_path / "pins.json").write_text("{}\n", encoding="utf-8")
    pins = load_pins(tmp_path / "pins.json")
    assert (pins.models, dump_pins(pins)) == ({}, "{}\n")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        load_pins(tmp_path / "pins.json")
    expected = "No such file or directory; expected a file of pins, {} when nothing is pinned"
    assert str(caught.value) == f"{tmp_path}/pins.json: {expected}"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"{'a': 1}"])
def test_no_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pins.json").write_bytes(content)
    with pytest.raises(OperatorError, match=r"pins\.json: .*; expected JSON; restore it with git$"):
        load_pins(tmp_path / "pins.json")


@pytest.mark.parametrize("content", ["[]", "1", '{"x": []}', '{"x": {"2026-02-30": {}}}', '{"../x": {}}'])
def test_other_json_is_the_fleets_to_refuse(tmp_path: Path, content: str) -> None:
    (tmp_path / "pins.json").write_text(content, encoding="utf-8")
    with pytest.raises(Faults, match=r"^pins\.models"):
        fleet(pins=load_pins(tmp_path / "pins.json"))
