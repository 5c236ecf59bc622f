"""What must agree within a Coral stack: the registry's real names pass, and everything mixed is refused."""

from typing import Any

import pytest

from modelctl.errors import Faults
from modelctl.inventory.coral import Coral, CoralPackage, CoralStack, coral_faults
from modelctl.inventory.fleet import Fleet
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.cases import each
from tests.unit.modelctl.sites import fleet

VERSION = "2025-12-19"
CORAL = REGISTRY.coral or pytest.fail("the site of the tests has Coral packages")
STACK = CORAL.stacks[VERSION]
PATH = f"registry.coral.stacks.{VERSION}"
DEB, DEV = STACK.libedgetpu.files
[PYCORAL], [TFLITE] = STACK.pycoral.files, STACK.tflite_runtime.files
"""What the registry ships: the real names of the community's arm64 builds."""


def of(**changes: Any) -> Coral:
    return CORAL.model_copy(update={"stacks": {VERSION: STACK.model_copy(update=changes)}})


def package(name: str, **changes: Any) -> dict[str, Any]:
    found: CoralPackage = getattr(STACK, name)
    return {name: found.model_copy(update=changes)}


def test_the_registrys_real_names_pass() -> None:
    assert (DEB, PYCORAL) == (
        "libedgetpu1-std_16.0tf2.17.1-1.bookworm_arm64.deb", "pycoral-2.0.3-cp311-cp311-linux_aarch64.whl",
    )  # fmt: skip
    assert list(coral_faults(CORAL)) == []
    assert STACK.node_files == [DEB, PYCORAL, TFLITE]
    assert STACK.files == {DEB, DEV, PYCORAL, TFLITE}


AMD64 = CoralStack(
    tensorflow="2.17.1",
    python="3.12",
    debian="bookworm",
    architecture="amd64",
    libedgetpu=CoralPackage(version="1-1", release="l", files=("libedgetpu1-std_1-1_amd64.deb",)),
    pycoral=CoralPackage(version="2.0.3", release="p", files=("pycoral-2.0.3-cp312-cp312-manylinux_2_17_x86_64.whl",)),
    tflite_runtime=CoralPackage(
        version="2.17.1", release="t", files=("tflite_runtime-2.17.1-cp312-cp312-linux_x86_64.whl",)
    ),
)


def test_of_another_architecture_and_python() -> None:
    assert list(coral_faults(Coral(current_version=VERSION, stacks={VERSION: AMD64}))) == []


def test_a_wheel_of_an_older_python_and_of_several_platforms() -> None:
    older = AMD64.model_copy(
        update={
            "python": "3.7",
            "pycoral": CoralPackage(version="2.0.3", release="p", files=("pycoral-2.0.3-cp37-cp37m-linux_x86_64.whl",)),
            "tflite_runtime": CoralPackage(
                version="2.17.1",
                release="t",
                files=("tflite_runtime-2.17.1-cp37-cp37m-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",),
            ),
        }
    )
    assert list(coral_faults(Coral(current_version=VERSION, stacks={VERSION: older}))) == []


def test_the_headers_are_not_the_library() -> None:
    swapped = of(extra=frozenset({DEB}))
    [line] = coral_faults(swapped)
    assert line.startswith(f"{PATH}.libedgetpu.files: found '{DEV}'; allowed: {DEB} or ")


ARM = "as the stack says"
CASES: dict[str, tuple[Coral, str]] = {
    "a current version that is none of them": (
        CORAL.model_copy(update={"current_version": "2026-01-01"}),
        f"registry.coral.current_version: found '2026-01-01'; allowed: a version in stacks: {VERSION}",
    ),
    "a previous one": (
        CORAL.model_copy(update={"previous_version": "2024-01-01"}),
        f"registry.coral.previous_version: found '2024-01-01'; allowed: a version in stacks: {VERSION}",
    ),
    "the same twice": (
        CORAL.model_copy(update={"previous_version": VERSION}),
        f"registry.coral.previous_version: found '{VERSION}'; allowed: another version than current_version, or None",
    ),
    "a wheel of another machine": (
        of(**package("pycoral", files=("pycoral-2.0.3-cp311-cp311-linux_x86_64.whl",))),
        f"{PATH}.pycoral.files: found 'pycoral-2.0.3-cp311-cp311-linux_x86_64.whl'; "
        f"allowed: pycoral-2.0.3-cp311-cp311-linux_aarch64.whl, {ARM}",
    ),
    "a wheel of another Python": (
        of(**package("tflite_runtime", files=("tflite_runtime-2.17.1-cp39-cp39-linux_aarch64.whl",))),
        f"{PATH}.tflite_runtime.files: found 'tflite_runtime-2.17.1-cp39-cp39-linux_aarch64.whl'; "
        f"allowed: tflite_runtime-2.17.1-cp311-cp311-linux_aarch64.whl, {ARM}",
    ),
    "a wheel of another version": (
        of(**package("pycoral", version="2.0.4")),
        f"{PATH}.pycoral.files: found '{PYCORAL}'; allowed: pycoral-2.0.4-cp311-cp311-linux_aarch64.whl, {ARM}",
    ),
    "a deb of another Debian": (
        of(debian="trixie"),
        f"{PATH}.libedgetpu.files: found '{DEB}'; allowed: libedgetpu1-std_16.0tf2.17.1-1.trixie_arm64.deb or "
        f"libedgetpu1-std_16.0tf2.17.1-1_arm64.deb, {ARM}",
    ),
    "a deb of another architecture": (
        of(**package("libedgetpu", files=(DEB.replace("arm64", "amd64"), DEV))),
        f"{PATH}.libedgetpu.files: found '{DEB.replace('arm64', 'amd64')}'; allowed: {DEB} or "
        f"{DEB.replace('.bookworm', '')}, {ARM}",
    ),
    "a release for another TensorFlow": (
        of(**package("pycoral", release="pycoral/releases/download/2.0.3TF2.18.1")),
        f"{PATH}.pycoral.release: found 'pycoral/releases/download/2.0.3TF2.18.1'; allowed: one for TensorFlow 2.17.1, "
        f"{ARM}",
    ),
    "an interpreter of another TensorFlow": (
        of(
            tensorflow="2.18.1", **package("pycoral", release="x"), **package("libedgetpu", release="x", version="16.0")
        ),
        f"{PATH}.tflite_runtime.version: found '2.17.1'; allowed: 2.18.1, its TensorFlow",
    ),
    "an extra file of no package": (
        of(extra=frozenset({DEV, "other.deb"})),
        f"{PATH}.extra: found 'other.deb'; allowed: a file of one of its packages: {DEV}, {DEB}, {PYCORAL}, {TFLITE}",
    ),
    "two files for a node": (
        of(extra=frozenset()),
        f"{PATH}.libedgetpu.files: found ['{DEB}', '{DEV}']; allowed: one file that is not in extra: what a node gets "
        "of it",
    ),
}


@each("name", CASES)
def test_what_does_not_agree(name: str) -> None:
    coral, line = CASES[name]
    assert line in list(coral_faults(coral))
    with pytest.raises(Faults) as caught:
        fleet(registry=REGISTRY.model_copy(update={"coral": coral}))
    assert line in caught.value.faults


def test_a_file_of_two_packages() -> None:
    assert f"{PATH}: found 'a file that two packages name'; allowed: each file in one package" in list(
        coral_faults(of(**package("pycoral", files=(TFLITE,))))
    )


def test_a_model_of_that_name() -> None:
    models = {**REGISTRY.models, "coral_packages": REGISTRY.models["haarcascades"]}
    with pytest.raises(Faults) as caught:
        fleet(registry=REGISTRY.model_copy(update={"models": models}))
    assert caught.value.faults[0].startswith("registry.models: found 'coral_packages'; allowed: another name")


def test_a_fleet_knows_the_stack_of_each_host() -> None:
    found: Fleet = fleet()
    assert {name for name in found.site.hosts if found.stack(name)} == {"sentinel", "alpha5"}
    assert found.stack("sentinel") == (VERSION, STACK)
