"""Coral stacks: what a node with a Coral stick loads, built for one TensorFlow, Python, Debian and architecture.

What its files are called says what they were built for: that must agree within a stack.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from modelctl.faults import choice, dotted, fault
from modelctl.inventory.values import FileName, Part, Version, Word
from node.store.service_set import CORAL as CORAL

Architecture = Literal["amd64", "arm64", "armhf"]
"""As dpkg has it."""
MACHINES: Mapping[str, str] = {"amd64": "x86_64", "arm64": "aarch64", "armhf": "armv7l"}
"""Architectures as dpkg has them, and as the platform tags of wheels end."""
LIBRARIES = ("libedgetpu1-std", "libedgetpu1-max")
"""The packages that have the library: at the clock that USB's power is meant for, and above it."""
_TENSORFLOW = re.compile(r"tf(\d+\.\d+\.\d+)", re.IGNORECASE)


class CoralPackage(Part):
    """A package of a stack."""

    version: Word
    """As its release is called."""
    release: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=200)
    ]
    """Path of its release below the site's `coral_source`."""
    files: Annotated[tuple[FileName, ...], Field(min_length=1)]
    """Names of its files on the release page."""


class CoralStack(Part):
    """Three packages that match: one alone, or of another TensorFlow, crashes the services."""

    tensorflow: Word
    """Version of TensorFlow that all three are built for."""
    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")]
    """Version of Python, as 3.11."""
    debian: Word
    """Code name of the release, as bookworm."""
    architecture: Architecture
    """As dpkg has it."""
    libedgetpu: CoralPackage
    """The library of the stick."""
    pycoral: CoralPackage
    """The Python package."""
    tflite_runtime: CoralPackage
    """The interpreter of models."""
    extra: frozenset[FileName] = frozenset()
    """Files that are stored on the primary datasink and brought to no node."""

    def packages(self) -> Iterator[tuple[str, CoralPackage]]:
        """Each package with its name."""
        yield "libedgetpu", self.libedgetpu
        yield "pycoral", self.pycoral
        yield "tflite_runtime", self.tflite_runtime

    @property
    def files(self) -> frozenset[str]:
        """Every file of the stack."""
        return frozenset(file for _, package in self.packages() for file in package.files)

    @property
    def node_files(self) -> list[str]:
        """Those that a node gets, sorted."""
        return sorted(self.files - self.extra)


class Coral(Part):
    """The Coral stacks by version: the date on which each was put together. All hosts with a stick get the current one.

    A host can have another one, as of a model: `model_version_overrides={"coral_packages": VERSION}`.
    """

    framework: ClassVar[str] = "Coral EdgeTPU"
    linked: ClassVar[frozenset[str]] = frozenset()
    """None of its files belongs to a node."""
    linked_names: ClassVar[frozenset[str]] = frozenset()

    current_version: Version
    """The stack that hosts with a stick get."""
    previous_version: Version | None = None
    """The one before, for `modelctl rollback`."""
    stacks: Annotated[dict[Version, CoralStack], Field(min_length=1)]
    """Every stack, by version."""

    def names_of(self, version: str) -> frozenset[str]:
        """The files that a stored version must have."""
        return self.stacks[version].files if version in self.stacks else frozenset()


def coral_faults(coral: Coral) -> Iterator[str]:
    """Everything that does not agree among the stacks, a line each."""
    for field in ("current_version", "previous_version"):
        version = getattr(coral, field)
        if version is not None and version not in coral.stacks:
            yield fault(f"registry.coral.{field}", version, f"a version in stacks: {choice(version, coral.stacks)}")
    if coral.previous_version == coral.current_version:
        allowed = "another version than current_version, or None"
        yield fault("registry.coral.previous_version", coral.previous_version, allowed)
    for version, stack in coral.stacks.items():
        yield from _stack(f"{dotted(('registry', 'coral', 'stacks', version))}", stack)


def _stack(path: str, stack: CoralStack) -> Iterator[str]:
    for name in sorted(stack.extra - stack.files):
        yield fault(f"{path}.extra", name, f"a file of one of its packages: {choice(name, stack.files)}")
    if len(stack.files) < sum(len(package.files) for _, package in stack.packages()):
        yield fault(path, "a file that two packages name", "each file in one package")
    for name, package in stack.packages():
        place = f"{path}.{name}"
        brought = [file for file in package.files if file not in stack.extra]
        if len(brought) != 1:
            yield fault(f"{place}.files", brought, "one file that is not in extra: what a node gets of it")
        elif name == "libedgetpu":
            yield from _deb(f"{place}.files", brought[0], package, stack)
        else:
            yield from _wheel(f"{place}.files", brought[0], name, package, stack)
        yield from _tensorflow(f"{place}.release", package.release, stack)
    yield from _tensorflow(f"{path}.libedgetpu.version", stack.libedgetpu.version, stack)
    if stack.tflite_runtime.version != stack.tensorflow:
        yield fault(
            f"{path}.tflite_runtime.version", stack.tflite_runtime.version, f"{stack.tensorflow}, its TensorFlow"
        )


def _deb(path: str, file: str, package: CoralPackage, stack: CoralStack) -> Iterator[str]:
    """PACKAGE_VERSION_ARCHITECTURE.deb; the community's builds have .DEBIAN after the version."""
    versions = (f"{package.version}.{stack.debian}", package.version)
    right = [f"{name}_{version}_{stack.architecture}.deb" for name in LIBRARIES for version in versions]
    if file not in right:
        yield fault(path, file, f"{right[0]} or {right[1]}, as the stack says")


def _wheel(path: str, file: str, name: str, package: CoralPackage, stack: CoralStack) -> Iterator[str]:
    """NAME-VERSION-PYTHON-ABI-PLATFORM.whl, as PEP 427 has it."""
    tag, machine = f"cp{stack.python.replace('.', '')}", MACHINES[stack.architecture]
    abi = f"{tag}m" if stack.python in ("3.6", "3.7") else tag
    wanted = f"{name}-{package.version}-{tag}-{abi}-"
    platforms = file.removeprefix(wanted).removesuffix(".whl").split(".")
    is_right = file.startswith(wanted) and file.endswith(".whl")
    if not is_right or not all(re.fullmatch(rf"(many)?linux\w*_{machine}", each) for each in platforms):
        yield fault(path, file, f"{wanted}linux_{machine}.whl, as the stack says")


def _tensorflow(path: str, text: str, stack: CoralStack) -> Iterator[str]:
    if (said := _TENSORFLOW.search(text)) and said[1] != stack.tensorflow:
        yield fault(path, text, f"one for TensorFlow {stack.tensorflow}, as the stack says")
