"""The lab's Coral packages: real debs and wheels with stand-ins in them, built for the lab's own architecture.

The same bytes on each machine of an architecture: what lab/site/pins.json has of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab import debs, edgetpu, wheels
from lab.architecture import ARCHITECTURE
from modelctl.inventory.coral import CoralStack

NUMPY = "1.24"
"""The least numpy that the wheels work with."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a stack; by itself nothing.

    :param library: one of edgetpu.SOURCES.
    :param library_tensorflow: the TensorFlow that the library alone was built for: a mixed stack, which imports cleanly
        and crashes when a delegate is loaded.
    :param pycoral_tag: a tag in pycoral's WHEEL that its name has not; tflite_runtime's likewise.
    :param deb_version: a version in the deb's control file that its name has not; deb_architecture likewise.
    :param numpy: the least numpy that tflite_runtime works with.
    :param asked_numpy: the least numpy that pycoral's metadata asks for, true or not.
    """

    library: str = "sound"
    library_tensorflow: str | None = None
    pycoral_tag: str | None = None
    tflite_runtime_tag: str | None = None
    deb_version: str | None = None
    deb_architecture: str | None = None
    numpy: str = NUMPY
    asked_numpy: str = NUMPY


SOUND = Fault()


@cache
def build(stack: CoralStack, fault: Fault = SOUND) -> Mapping[str, bytes]:
    """The packages of a stack: name to bytes.

    :param stack: what its files are called; what they hold follows from that, and from the fault.
    """
    made: dict[str, bytes] = {}
    for file in stack.libedgetpu.files:
        made[file] = _deb(file, stack, fault)
    for file in stack.pycoral.files:
        made[file] = wheels.pycoral(file, fault.asked_numpy, fault.pycoral_tag)
    for file in stack.tflite_runtime.files:
        made[file] = wheels.tflite_runtime(file, stack.tensorflow, fault.numpy, fault.tflite_runtime_tag)
    return made


def write(folder: Path, stack: CoralStack, fault: Fault = SOUND) -> None:
    """Put the packages of a stack into a folder, as somebody brought them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in build(stack, fault).items():
        (folder / name).write_bytes(content)


def releases(stack: CoralStack, fault: Fault = SOUND) -> dict[str, bytes]:
    """The packages as the release pages have them: path below the source to bytes."""
    made = build(stack, fault)
    return {f"{package.release}/{file}": made[file] for _, package in stack.packages() for file in package.files}


def _deb(file: str, stack: CoralStack, fault: Fault) -> bytes:
    package, _, architecture = file.removesuffix(".deb").split("_")
    version = fault.deb_version or stack.libedgetpu.version
    told = fault.deb_architecture or architecture
    if package == "libedgetpu-dev":
        return debs.edgetpu_dev(version, architecture)
    library = edgetpu.library(fault.library_tensorflow or stack.tensorflow, ARCHITECTURE, fault.library)
    return debs.edgetpu(library, version, told, debs.MULTIARCH[architecture])
