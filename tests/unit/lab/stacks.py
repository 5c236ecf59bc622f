"""Coral stacks of the lab, unpacked as a node has them."""

import io
import subprocess
import tempfile
import zipfile
from pathlib import Path

from lab import coral
from lab.site.registry import REGISTRY
from lab.wheels import numpy
from modelctl.inventory.coral import CoralStack

OLD, NEW = "2025-12-19", "2026-01-10"


def stack(version: str = OLD) -> CoralStack:
    """A stack of the lab's site."""
    assert REGISTRY.coral is not None
    return REGISTRY.coral.stacks[version]


def packages(of: CoralStack, fault: coral.Fault = coral.SOUND) -> tuple[bytes, bytes, bytes]:
    """The deb of the library, pycoral's wheel and that of tflite_runtime."""
    made = coral.build(of, fault)
    return made[of.libedgetpu.files[0]], made[of.pycoral.files[0]], made[of.tflite_runtime.files[0]]


def extract_deb(deb: bytes, folder: Path) -> None:
    """Unpack a deb with dpkg-deb."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".deb") as file:
        file.write(deb)
        file.flush()
        subprocess.run(["dpkg-deb", "--extract", file.name, folder], check=True)


def unpack(folder: Path, of: CoralStack, fault: coral.Fault = coral.SOUND, with_numpy: str = "1.24.4") -> None:
    """Make `python` (the wheels, and a numpy beside them) and `lib` in a folder."""
    deb, *wheels = packages(of, fault)
    extract_deb(deb, folder / "deb")
    (folder / "lib").mkdir()
    [library] = (folder / "deb").glob("usr/lib/*/libedgetpu.so.1.0")
    library.rename(folder / "lib" / "libedgetpu.so.1")
    for wheel in wheels:
        zipfile.ZipFile(io.BytesIO(wheel)).extractall(folder / "python")
    for name, content in numpy(with_numpy).items():
        (folder / "python" / name).parent.mkdir(exist_ok=True)
        (folder / "python" / name).write_bytes(content)


def environment(folder: Path) -> dict[str, str]:
    """What a service is given of an unpacked stack."""
    return {"PYTHONPATH": str(folder / "python"), "LD_LIBRARY_PATH": str(folder / "lib")}
