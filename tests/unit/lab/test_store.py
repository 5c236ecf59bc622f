"""The registry that the lab generates: the committed pins, true sizes, readable manifests, face lists that nest."""

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import store
from lab.fleet import PINS
from lab.standins.standin import check_whole
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL
from modelctl.inventory.json_files import Pins, dump_pins
from modelctl.inventory.values import version_key
from node.protocol.registry import Measured
from node.registry import stacks

TRUE_SIZES = {
    "mobilenet_ssd/2020-12-06/MobileNetSSD_deploy.caffemodel": 23,
    "mobilenet_ssd_depthai/2022-04-02/mobilenet-ssd_openvino_2021.4_6shave.blob": 14,
    "mobilenet_ssd_edgetpu/2025-12-19/ssd_mobilenet_v2_coco_quant_postprocess_edgetpu.tflite": 7,
    "face_detection/2020-03-25/res10_300x300_ssd_iter_140000.caffemodel": 10.7,
    "face_detection_edgetpu/2025-12-19/ssd_mobilenet_v2_face_quant_postprocess_edgetpu.tflite": 7,
    "openface_torch/2020-03-25/openface_nn4.small2.v1.t7": 31.5,
}
"""In megabytes, as the specification rounds them."""


@pytest.fixture(scope="module", autouse=True)
def _made_once() -> Iterator[None]:
    """All of it is a hundred megabytes."""
    made: dict[str, dict[str, bytes]] = {}
    make = store.StoredVersion.contents

    def contents(version: store.StoredVersion) -> dict[str, bytes]:
        if version.path not in made:
            made[version.path] = make(version)
        return made[version.path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.StoredVersion, "contents", contents)
        yield


@pytest.fixture(scope="module")
def pins(_made_once: None) -> Pins:
    return store.pins()


def stored(model: str, version: str) -> store.StoredVersion:
    """One version by name."""
    [found] = [each for each in store.VERSIONS if (each.model, each.version) == (model, version)]
    return found


def sha256(path: Path) -> str:
    """A file's digest."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def events(version: str) -> set[tuple[str, str]]:
    """The events that a face list locks."""
    text = stored("face_recognition", version).contents()["facelist.csv"].decode()
    return {(row["date"], row["event"]) for row in csv.DictReader(io.StringIO(text))}


def test_committed_pins_are_those_of_the_generated_registry(pins: Pins) -> None:
    assert PINS.read_text() == dump_pins(pins), "run: python -m lab.store > lab/site/pins.json"


def test_large_files_have_their_true_size(pins: Pins) -> None:
    for path, megabytes in TRUE_SIZES.items():
        model, version, name = path.split("/")
        assert pins.models[model][version].files[name].size == pytest.approx(megabytes * 1e6, rel=0.04), path


def test_no_two_generated_files_are_alike(pins: Pins) -> None:
    all_pins = [pin for versions in pins.models.values() for pin in versions.values()]
    digests = [file.sha256 for pin in all_pins for file in pin.files.values()]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("version", store.VERSIONS, ids=lambda version: version.path)
def test_manifest_says_what_the_folder_holds(version: store.StoredVersion) -> None:
    table = version.table()
    manifest = yaml.safe_load(version.manifest(table))
    assert manifest["name"] == version.model
    assert str(manifest["version"]) == version.version
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: file.sha256 for name, file in table.items()
    }
    assert all(("size" in file) is not version.old_style for file in manifest["files"])
    assert {"framework", "source", "date_deployed", "training_metrics", "previous_version"} < set(manifest)


def test_what_a_download_would_write_of_the_coral_stacks_is_there(tmp_path: Path) -> None:
    """Of the list; that of a manifest is made by the same function."""
    for version in store.VERSIONS:
        if version.model == CORAL:
            (tmp_path / version.version).mkdir()
            (tmp_path / version.version / "manifest.yaml").write_bytes(version.manifest(version.table()))
    assert stacks.list_of(tmp_path) == store.coral_list()
    assert "- version: '2026-01-10'\n  tensorflow: '2.18.1'\n" in store.coral_list()


def test_both_styles_of_manifest_occur() -> None:
    assert {version.manifest({})[:9] == b"%YAML 1.0" for version in store.VERSIONS} == {True, False}


def test_the_truncated_model_is_pinned_as_it_is(pins: Pins) -> None:
    name = "MobileNetSSD_deploy.caffemodel"
    content = stored("mobilenet_ssd", "2026-06-01").contents()[name]
    assert len(content) == pins.models["mobilenet_ssd"]["2026-06-01"].files[name].size == 600_000
    with pytest.raises(ValueError, match="truncated: 600000 of 1000000 bytes"):
        check_whole(name, content, len(content))


def test_face_lists_grow_from_version_to_version(pins: Pins) -> None:
    versions = sorted(pins.models["face_recognition"], key=version_key)
    assert versions == ["2025-02-25", "2026-02-02", "2026-03-03"]
    assert events(versions[0]) < events(versions[1]) < events(versions[2])


def test_registry_on_disk_holds_every_pinned_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eye = tmp_path / "system" / store.EYE_SOURCE
    eye.parent.mkdir(parents=True)
    eye.write_bytes(b"<opencv_storage/>")
    monkeypatch.setattr(store, "EYE_PIN", Measured(sha256=hashlib.sha256(eye.read_bytes()).hexdigest(), size=17))
    store.write(tmp_path / "registry", tmp_path / "system")
    for model, versions in store.pins().models.items():
        for version, pin in versions.items():
            folder = tmp_path / "registry" / model / version
            assert sha256(folder / "manifest.yaml") == pin.manifest
            assert {path.name: sha256(path) for path in folder.iterdir() if path.name != "manifest.yaml"} == {
                name: file.sha256 for name, file in pin.files.items()
            }


def test_another_eye_cascade_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    eye = tmp_path / store.EYE_SOURCE
    eye.parent.mkdir(parents=True)
    eye.write_bytes(b"another")
    with pytest.raises(OperatorError, match=r"haarcascade_eye\.xml: not the pinned file"):
        store.write(tmp_path / "registry", tmp_path)
