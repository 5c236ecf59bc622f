"""The lab's model registry: which versions data1 holds, their manifests, and the pins that follow from them.

`python -m lab.store > lab/site/pins.json` writes those pins.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab import coral
from lab.contents import Contents, face_list, generated, truncated
from lab.site.registry import REGISTRY
from lab.site.site import SITE
from lab.site.standards import STANDARDS
from modelctl.errors import OperatorError
from modelctl.inventory.coral import CORAL, Coral, CoralStack
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Pin, PinnedFile, Pins, dump_pins
from modelctl.registry import coral_stacks
from node.protocol.registry import Measured

MANIFEST = "manifest.yaml"
EYE = "haarcascade_eye.xml"
EYE_SOURCE = "usr/share/opencv4/haarcascades/haarcascade_eye.xml"
EYE_PIN = Measured(sha256="71cc64fc305a355dc60067880f6fbbd43dd155bd63ee3844661a1bda34b2fd8c", size=341406)
"""The one real file: Debian's opencv-data brings it, so its digest is known before the base system is built."""


@dataclass(frozen=True)
class StoredVersion:
    """One version folder of the registry.

    :param files: name to contents; None stands for the real haarcascade_eye.xml.
    :param old_style: written as older manifests are, with a YAML directive and without sizes.
    """

    model: str
    version: str
    framework: str
    files: Mapping[str, Contents | None]
    previous: str | None = None
    old_style: bool = False
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Its folder below the registry."""
        return f"{self.model}/{self.version}"

    def contents(self) -> dict[str, bytes]:
        """Name to bytes of the generated files."""
        return {name: make(f"{self.path}/{name}") for name, make in self.files.items() if make is not None}

    def table(self) -> dict[str, Measured]:
        """Name to digest and size of all files."""
        made = self.contents()
        return {name: _measure(made[name]) if name in made else EYE_PIN for name in self.files}

    def manifest(self, table: Mapping[str, Measured]) -> bytes:
        """The text of its manifest.yaml."""
        return "\n".join(self._manifest_lines(table)).encode() + b"\n"

    def _manifest_lines(self, table: Mapping[str, Measured]) -> Iterator[str]:
        quote = "" if self.old_style else '"'
        if self.old_style:
            yield from ("%YAML 1.0", "---")
        yield f"name: {self.model}"
        yield f"version: {quote}{self.version}{quote}"
        yield f"framework: {self.framework}"
        yield "source: generated for the lab"
        yield f"date_deployed: {quote}{self.version[:10]}{quote}"
        yield "training_metrics:" if self.metrics else "training_metrics: {}"
        yield from (f"  {name}: {value}" for name, value in self.metrics.items())
        yield "files:"
        for name, file in table.items():
            yield f"  - name: {name}"
            yield f"    sha256: {file.sha256}"
            if not self.old_style:
                yield f"    size: {file.size}"
        yield f"previous_version: {quote}{self.previous}{quote}" if self.previous else "previous_version: null"


def _face_recognition(
    version: str, previous: str | None, events: int, accuracy: float, model_size: int
) -> StoredVersion:
    return StoredVersion(
        "face_recognition", version, "pickle",
        {
            "facemodel.pickle": generated(model_size),
            "baselines.hdf5": generated(180_000),
            "facelist.csv": face_list(events),
            "facedata.hdf5": generated(2_400_000),
        },
        previous=previous,
        metrics={"accuracy": accuracy, "events": events},
    )  # fmt: skip


@dataclass(frozen=True)
class StoredStack(StoredVersion):
    """A Coral stack, with the manifest that a download writes.

    :param stack: None is none; the base class has defaults.
    """

    stack: CoralStack | None = None

    def manifest(self, table: Mapping[str, Measured]) -> bytes:
        assert self.stack is not None
        coral_with = _coral().model_copy(update={"stacks": {**_coral().stacks, self.version: self.stack}})
        fleet = Fleet(SITE, REGISTRY.model_copy(update={"coral": coral_with}), STANDARDS, Pins())
        return coral_stacks.manifest(fleet, self.version, table).encode()


def _coral() -> Coral:
    assert REGISTRY.coral is not None
    return REGISTRY.coral


def stored_stack(version: str, stack: CoralStack, fault: coral.Fault = coral.SOUND) -> StoredVersion:
    """A Coral stack as the registry holds it.

    :param fault: what is wrong with it, all the same.
    """

    def made(name: str) -> Contents:
        return lambda _: coral.build(stack, fault)[name]

    files = {name: made(name) for name in sorted(stack.files)}
    return StoredStack(CORAL, version, _coral().framework, files, stack=stack)


def _stacks() -> Iterator[StoredVersion]:
    return (stored_stack(version, stack) for version, stack in _coral().stacks.items())


def coral_list() -> str:
    """The text of the file that lists all stored stacks, as a download leaves it."""
    text = "# The Coral stacks that are stored here, for people. Written anew with each.\nstacks:\n"
    for version, stack in sorted(_coral().stacks.items()):
        said = {"version": version, **coral_stacks.target(stack)}
        text += "- " + "  ".join(f"{name}: '{value}'\n" for name, value in said.items())
    return text


CAFFE_SSD = ("MobileNetSSD_deploy.prototxt", "MobileNetSSD_deploy.caffemodel")
EDGETPU_SSD = "ssd_mobilenet_v2_coco_quant_postprocess_edgetpu.tflite"
EDGETPU_FACE = "ssd_mobilenet_v2_face_quant_postprocess_edgetpu.tflite"
CAFFE_FACE = "res10_300x300_ssd_iter_140000.caffemodel"

VERSIONS = (
    StoredVersion(
        "mobilenet_ssd", "2020-12-06", "caffe",
        {CAFFE_SSD[0]: generated(44_665), CAFFE_SSD[1]: generated(23_147_564)}, old_style=True,
    ),
    StoredVersion(
        "mobilenet_ssd", "2026-05-01", "caffe",
        {CAFFE_SSD[0]: generated(44_665), CAFFE_SSD[1]: generated(1_000_000)}, previous="2020-12-06",
    ),
    StoredVersion(
        "mobilenet_ssd", "2026-06-01", "caffe",  # pinned as it is: no detector can load it
        {CAFFE_SSD[0]: generated(44_665), CAFFE_SSD[1]: truncated(1_000_000, 600_000)}, previous="2026-05-01",
    ),
    StoredVersion(
        "mobilenet_ssd_depthai", "2022-04-02", "openvino",
        {"mobilenet-ssd_openvino_2021.4_6shave.blob": generated(14_510_848)},
    ),
    StoredVersion(
        "mobilenet_ssd_edgetpu", "2025-12-19", "tflite",
        {EDGETPU_SSD: generated(6_998_000), "coco_labels.txt": generated(1_029)},
    ),
    StoredVersion(
        "face_detection", "2020-03-25", "caffe",
        {"deploy.prototxt": generated(28_104), CAFFE_FACE: generated(10_666_211)}, old_style=True,
    ),
    StoredVersion("face_detection_edgetpu", "2025-12-19", "tflite", {EDGETPU_FACE: generated(6_984_000)}),
    StoredVersion(
        "face_detection_blazeface", "2026-01-02", "tflite", {"face_detection_short_range.tflite": generated(229_746)},
    ),
    _face_recognition("2025-02-25", None, events=80, accuracy=0.941, model_size=310_000),
    _face_recognition("2026-02-02", "2025-02-25", events=140, accuracy=0.957, model_size=420_000),
    _face_recognition("2026-03-03", "2026-02-02", events=170, accuracy=0.962, model_size=450_000),
    StoredVersion("haarcascades", "2020-03-25", "opencv", {EYE: None}, old_style=True),
    StoredVersion("haarcascades", "2026-05-01", "opencv", {EYE: generated(1_000_000)}, previous="2020-03-25"),
    StoredVersion(
        "openface_torch", "2020-03-25", "torch7", {"openface_nn4.small2.v1.t7": generated(31_510_785)}, old_style=True,
    ),
    *_stacks(),
)  # fmt: skip


def pins(versions: Iterable[StoredVersion] = VERSIONS) -> Pins:
    """What the site of the lab pins: every version that the registry holds, or some of them."""
    models: dict[str, dict[str, Pin]] = {}
    for stored in versions:
        table = stored.table()
        manifest = hashlib.sha256(stored.manifest(table)).hexdigest()
        files = {name: PinnedFile(**file._asdict()) for name, file in table.items()}
        models.setdefault(stored.model, {})[stored.version] = Pin(manifest=manifest, files=files)
    return Pins(models=models)


def write(registry: Path, system: Path) -> None:
    """Fill a registry's folder.

    :param system: the unpacked base system, which holds the real file.
    :raises OperatorError: Debian's file is not the pinned one.
    """
    eye = (system / EYE_SOURCE).read_bytes()
    if _measure(eye) != EYE_PIN:
        raise OperatorError(f"/{EYE_SOURCE}: not the pinned file; put its digest and size in lab/store.py")
    for stored in VERSIONS:
        folder = registry / stored.path
        folder.mkdir(parents=True)
        made = stored.contents()
        for name in stored.files:
            (folder / name).write_bytes(made.get(name, eye))
        (folder / MANIFEST).write_bytes(stored.manifest(stored.table()))
    (registry / CORAL / MANIFEST).write_text(coral_list())


def _measure(content: bytes) -> Measured:
    return Measured(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


if __name__ == "__main__":
    sys.stdout.write(dump_pins(pins()))
