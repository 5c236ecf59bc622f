"""Wheels, the same bytes each time: how one is packed, and what the lab's Coral wheels and its numpy hold."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping

from lab.contents import generated
from lab.wheel_texts import EDGETPU, INTERPRETER, NUMPY, PYBIND, WRAPPER

DATE = (2025, 12, 1, 0, 0, 0)
PYCORAL_WEIGHT, TFLITE_WEIGHT = 300_000, 2_000_000
"""Bytes that make them as large as the real ones."""
NUMPY_VERSION = "1.24.4"
"""Which the services' environment has."""


def wheel(file: str, files: Mapping[str, bytes], requires: Iterable[str] = (), tag: str | None = None) -> bytes:
    """A wheel's bytes, with its METADATA, WHEEL and RECORD.

    :param file: its name, which tells name, version and tag.
    :param tag: the tag that it holds, if not that of its name.
    """
    name, version, own_tag = parts(file)
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name.replace('_', '-')}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {each}" for each in requires]
    told = ["Wheel-Version: 1.0", "Generator: bdist_wheel (0.42.0)", "Root-Is-Purelib: false", f"Tag: {tag or own_tag}"]
    whole = {
        **files,
        f"{info}/METADATA": _lines(metadata),
        f"{info}/WHEEL": _lines(told),
        f"{info}/top_level.txt": _lines([name]),
    }
    return packed({**whole, f"{info}/RECORD": record(whole, f"{info}/RECORD")})


def parts(file: str) -> tuple[str, str, str]:
    """Name, version and tag that a wheel's file name tells."""
    name, version, tag = file.removesuffix(".whl").split("-", 2)
    return name, version, tag


def record(files: Mapping[str, bytes], itself: str) -> bytes:
    """The text of a RECORD: digest and size of each file, and itself without."""
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}")
    return _lines([*lines, f"{itself},,"])


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip archive. It is not compressed: no two releases of zlib write the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return made.getvalue()


def pycoral(file: str, numpy: str, tag: str | None = None) -> bytes:
    """The wheel pycoral.

    :param numpy: the least numpy that its metadata asks for.
    """
    _, version, _ = parts(file)
    files = {
        "pycoral/__init__.py": f'__version__ = "{version}"\n',
        "pycoral/pybind/__init__.py": "",
        "pycoral/pybind/_pywrap_coral.py": PYBIND,
        "pycoral/utils/__init__.py": "",
        "pycoral/utils/edgetpu.py": EDGETPU,
    }
    whole = {**_encoded(files), "pycoral/pybind/weight.bin": generated(PYCORAL_WEIGHT)(file)}
    return wheel(file, whole, (f"numpy>={numpy}", "Pillow>=4.0.0"), tag)


def tflite_runtime(file: str, tensorflow: str, numpy: str, tag: str | None = None) -> bytes:
    """The wheel tflite_runtime.

    :param numpy: the least numpy that it asks for, and that it can be imported with.
    """
    _, version, _ = parts(file)
    wrapper = WRAPPER % {"tensorflow": tensorflow, "numpy": numpy}
    files = {
        "tflite_runtime/__init__.py": f'__version__ = "{version}"\n__git_version__ = "v{version}"\n',
        "tflite_runtime/_pywrap_tensorflow_interpreter_wrapper.py": wrapper,
        "tflite_runtime/interpreter.py": INTERPRETER,
    }
    whole = {**_encoded(files), "tflite_runtime/weight.bin": generated(TFLITE_WEIGHT)(file)}
    return wheel(file, whole, (f"numpy>={numpy}",), tag)


def numpy(version: str = NUMPY_VERSION) -> dict[str, bytes]:
    """What an environment's site-packages holds of numpy."""
    info = f"numpy-{version}.dist-info"
    files = _encoded(
        {
            "numpy/__init__.py": NUMPY % version,
            "numpy/version.py": f'version = "{version}"\n',
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: numpy\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux\n",
            f"{info}/INSTALLER": "pip\n",
        }
    )
    return {**files, f"{info}/RECORD": record(files, f"{info}/RECORD")}


def _encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
