"""Packages for a Coral stick, as small as they can be: wheels, a deb with a library of no code, their stack."""

import base64
import hashlib
import io
import shutil
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from node import layout
from node.coral import unpacking
from node.desired_state import File, Stack, Version
from node.store import files
from node.store.service_set import CORAL, LIBRARY
from tests.unit.node.places import installed, sha256

MACHINES = {"amd64": (2, 62), "arm64": (2, 183), "armhf": (1, 40)}
TAG = "cp311-cp311-linux_aarch64"
DEB = "libedgetpu1-std_16.0tf2.17.1-1.bookworm_arm64.deb"
PYCORAL = f"pycoral-2.0.3-{TAG}.whl"
TFLITE = f"tflite_runtime-2.17.1-{TAG}.whl"
DIGEST = "d1" * 32

FILE = "python/pycoral/utils/edgetpu.py"
NAMES = {
    "contents.json", LIBRARY,
    *(f"python/pycoral/{name}" for name in ("__init__.py", "utils/edgetpu.py", "_pywrap.so")),
    "python/tflite_runtime/interpreter.py",
    *(f"python/pycoral-2.0.3.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")),
    *(f"python/tflite_runtime-2.17.1.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")),
}  # fmt: skip
"""What a stack of these packages holds."""

Contents = Mapping[str, bytes]
Entry = tuple[str | zipfile.ZipInfo, bytes]


def record(name: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{name},sha256={digest},{len(content)}\n"


def entries(
    name: str, files: Contents, *, metadata: str | None = None, tags: Sequence[str] | None = None, listed: str = ""
) -> list[Entry]:
    """What a wheel of this name holds, RECORD at the end; `listed` are further lines of that."""
    distribution, version, *_ = name.removesuffix(".whl").split("-")
    folder = f"{distribution}-{version}.dist-info"
    said = (
        metadata or f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\nRequires-Dist: numpy>=1.24,<2\n"
    )
    lines = tags if tags is not None else ["-".join(name.removesuffix(".whl").split("-")[-3:])]
    about = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n" + "".join(f"Tag: {tag}\n" for tag in lines)
    whole = {**files, f"{folder}/METADATA": said.encode(), f"{folder}/WHEEL": about.encode()}
    text = "".join(record(each, content) for each, content in whole.items()) + listed + f"{folder}/RECORD,,\n"
    return [*whole.items(), (f"{folder}/RECORD", text.encode())]


def zipped(contents: Sequence[Entry]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    return found.getvalue()


def wheel(name: str, files: Contents) -> bytes:
    return zipped(entries(name, files))


def pycoral(files: Contents | None = None, name: str = PYCORAL) -> bytes:
    own = {"pycoral/__init__.py": b"", "pycoral/utils/edgetpu.py": b"def f(): ...\n", "pycoral/_pywrap.so": b"code"}
    return wheel(name, {**own, **(files or {})})


def tflite(files: Contents | None = None, name: str = TFLITE) -> bytes:
    return wheel(name, {"tflite_runtime/interpreter.py": b"class Interpreter: ...\n", **(files or {})})


def library(architecture: str = "arm64", more: bytes = b"code" * 50, *, kind: int = 3, segments: int = 1) -> bytes:
    """A shared library whose only segment is all of it, and whose table of sections is at its end."""
    bits, machine = MACHINES[architecture]
    header, each = (64, 56) if bits == 2 else (52, 32)
    whole = header + each + len(more) + 64
    table = (kind, machine, 1, 0, header, whole - 64, 0, header, each, segments, 64, 1)
    ident = b"\x7fELF" + bytes((bits, 1, 1)) + bytes(9)
    if bits == 2:
        return (
            ident
            + struct.pack("<HHIQQQIHHHHHH", *table, 0)
            + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, whole, whole, 0)
            + more
            + bytes(64)
        )
    return (
        ident
        + struct.pack("<HHIIIIIHHHHHH", *table, 0)
        + struct.pack("<IIIIIIII", 1, 0, 0, 0, whole, whole, 5, 0)
        + more
        + bytes(64)
    )


def deb(
    folder: Path, name: str = DEB, content: bytes | None = None, *, control: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None, files: Contents | None = None,
) -> Path:  # fmt: skip
    """Build a package in a folder, with dpkg-deb itself; its control file says what its name does."""
    package, version, architecture = name.removesuffix(".deb").split("_")
    fields = {
        "Package": package, "Version": version.removesuffix(".bookworm"), "Architecture": architecture,
        "Maintainer": "nobody <nobody@example.org>", "Description": "for tests", **(control or {}),
    }  # fmt: skip
    tree = folder / (name + ".tree")
    place = "usr/lib/aarch64-linux-gnu/"
    held = {place + "libedgetpu.so.1.0": library() if content is None else content} if files is None else files
    for each, data in {**held, "DEBIAN/control": "".join(f"{k}: {v}\n" for k, v in fields.items()).encode()}.items():
        (tree / each).parent.mkdir(parents=True, exist_ok=True)
        (tree / each).write_bytes(data)
        (tree / each).chmod(0o755)
    for each, target in ({place + "libedgetpu.so.1": "libedgetpu.so.1.0"} if links is None else links).items():
        (tree / each).parent.mkdir(parents=True, exist_ok=True)
        (tree / each).symlink_to(target)
    tree.chmod(0o755)
    (tree / "DEBIAN").chmod(0o755)
    words = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(folder / name)]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    shutil.rmtree(tree)
    return folder / name


@cache
def _deb(content: bytes | None) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        return deb(Path(name), content=content).read_bytes()


def packages(folder: Path, **contents: bytes) -> Stack:
    """Put the packages of a stack into a folder; `pycoral`, `tflite` and `library` take other contents."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PYCORAL).write_bytes(contents.get("pycoral", b"") or pycoral())
    (folder / TFLITE).write_bytes(contents.get("tflite", b"") or tflite())
    (folder / DEB).write_bytes(_deb(contents.get("library")))
    return stack(folder, PYCORAL, TFLITE, DEB)


def stack(folder: Path, *names: str, digest: str = DIGEST, version: str = "2026-01-10") -> Stack:
    """What an order says of the packages with these names."""
    contents = {name: (folder / name).read_bytes() for name in names}
    files = [File(name, sha256(content), len(content), linked=False) for name, content in contents.items()]
    pinned = Version(CORAL, version, "ab" * 32, layout.coral() / digest, files)
    rule = installed(folder / "coral.rules", "the rule", owner="root")
    return Stack(pinned, digest, "3.11", "bookworm", "arm64", "2.17.1", rule)


def put(stack: Stack, packages: Path) -> None:
    """Put a stack in place, from the folder of its packages."""
    staging = layout.coral() / layout.STAGING
    files.folder(layout.coral())
    if not staging.exists():
        files.private_folder(staging)
    unpacking.put(stack, packages, staging)
