"""A Coral stack that lies in place, made of small modules and a library that tcc builds, and a Python to try it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from node import layout
from node.store.service_set import CORAL, ServiceSet, SetStack
from tests.unit.node.places import installed, service_set

DIGEST = "cd" * 32
VERSION = "2026-01-10"
WORKS = "int edgetpu_version(void) { return 14; }"
FOREIGN_PYTHON = "/usr/bin/python3"
"""The machine's own, which the service's user may run; -S keeps what is installed for it out."""
EDGETPU = """
import ctypes
import numpy
from tflite_runtime import interpreter
_library = ctypes.CDLL("libedgetpu.so.1")
def get_runtime_version():
    return "RuntimeVersion(%d)" % _library.edgetpu_version()
"""


@dataclass(frozen=True)
class Node:
    """Below one folder: the stack in its place, the service's environment, the folder of its script."""

    root: Path

    @property
    def stack(self) -> Path:
        return layout.coral() / DIGEST

    @property
    def packages(self) -> Path:
        return self.stack / "python"

    @property
    def library(self) -> Path:
        return self.stack / "lib" / "libedgetpu.so.1"

    @property
    def site(self) -> Path:
        """What is installed in the environment."""
        return self.root / "env" / "lib" / "site-packages"

    @property
    def python(self) -> Path:
        return self.root / "env" / "bin" / "python"

    @property
    def folder(self) -> Path:
        return self.root / "engine"

    def lay(self) -> "Node":
        """Let all of it fit together."""
        for folder in (self.packages, self.library.parent, self.site, self.python.parent, self.folder):
            folder.mkdir(parents=True)
        self.module(self.packages, "tflite_runtime", interpreter="import numpy\n")
        self.module(self.packages, "pycoral", **{"utils/__init__": "", "utils/edgetpu": EDGETPU})
        tag = "cp3{}-cp3{}-linux_x86_64".format(*[minor()] * 2)
        self.describe(self.packages, "tflite_runtime", "2.17.1", tag, "numpy>=1.23.2")
        self.describe(self.packages, "pycoral", "2.0.3", tag, "numpy>=1.24", "Pillow>=9")
        self.numpy("1.24.4")
        self.run(f'PYTHONPATH="$PYTHONPATH:{self.site}" exec {FOREIGN_PYTHON} -S "$@"')
        build(self.library, WORKS)
        return self

    def module(self, where: Path, name: str, text: str = "", **parts: str) -> Path:
        """Put a package there; its parts by their paths."""
        for part, content in {"__init__": text, **parts}.items():
            path = where / name / f"{part}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return where / name / "__init__.py"

    def describe(self, where: Path, name: str, version: str, tag: str = "", *asked: str) -> None:
        """Put metadata there as a wheel has it."""
        for old in where.glob(f"{name}-*.dist-info"):
            shutil.rmtree(old)
        folder = where / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        needs = "".join(f"Requires-Dist: {each}\n" for each in asked)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
        (folder / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")

    def numpy(self, version: str, text: str = "") -> None:
        """Install a numpy in the environment."""
        self.module(self.site, "numpy", text)
        self.describe(self.site, "numpy", version)

    def run(self, *lines: str) -> None:
        """Let the environment's Python be a shell script of these lines."""
        self.python.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        self.python.chmod(0o755)

    def edgetpu(self, text: str) -> None:
        """Let this be the module that loads the library."""
        (self.packages / "pycoral" / "utils" / "edgetpu.py").write_text(text)

    def service(self, *path: str, **changes: object) -> ServiceSet:
        """A set that uses the stack."""
        wanted = service_set("d", installed(self.root / "engine.yaml", "config"))
        stack = SetStack(VERSION, "ab" * 32, DIGEST, self.python, self.folder, list(path))
        return wanted._replace(stack=stack, models={CORAL: VERSION})._replace(**changes)  # type: ignore[arg-type]


def build(path: Path, text: str) -> None:
    """Build a shared library."""
    source = path.with_name("source.c")
    source.write_text(text)
    new = path.with_name("new")
    subprocess.run(["tcc", "-shared", "-nostdlib", "-o", new, source], check=True)
    source.unlink()
    new.rename(path)  # another file, as a tool that replaces one makes it


def minor() -> str:
    """The number of the machine's own Python behind 3."""
    said = subprocess.run(
        [FOREIGN_PYTHON, "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True, check=True
    )
    return said.stdout.strip()
