"""Debian packages that dpkg-deb builds, the same bytes each time, and an apt repository of some of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.contents import generated
from modelctl.errors import OperatorError

EPOCH = "1764547200"
"""2025-12-01: when everything was packed."""
MULTIARCH = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu", "armhf": "arm-linux-gnueabihf"}
WEIGHT = 400_000
"""Bytes that make a deb as large as the real one."""
UDEV_RULE = """\
SUBSYSTEM=="usb",ATTRS{idVendor}=="1a6e",GROUP="plugdev"
SUBSYSTEM=="usb",ATTRS{idVendor}=="18d1",GROUP="plugdev"
"""


@dataclass(frozen=True)
class Link:
    """A symbolic link within a package."""

    to: str


@dataclass(frozen=True)
class Program:
    """A file that can be run."""

    content: bytes


Files = Mapping[str, bytes | Link | Program]
"""Path below / to content."""


def build(control: Mapping[str, str], files: Files) -> bytes:
    """A package's bytes.

    :param control: field to value, in the order of the control file.
    :raises OperatorError: dpkg-deb refuses it.
    """
    with tempfile.TemporaryDirectory(prefix="deb-") as folder:
        tree, made = Path(folder, "tree"), Path(folder, "made.deb")
        _write(tree / "DEBIAN" / "control", "".join(f"{name}: {value}\n" for name, value in control.items()).encode())
        for name, content in files.items():
            _write(tree / name, content)
        for parent, _, _ in os.walk(tree):
            Path(parent).chmod(0o755)
        # One thread: the number of threads shows in what xz writes.
        packing = ("--root-owner-group", "-Zxz", "-z1", "--threads-max=1", "--build", str(tree), str(made))
        done = subprocess.run(
            ["dpkg-deb", *packing], env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "LC_ALL": "C"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise OperatorError(f"dpkg-deb: exit {done.returncode}: {done.stderr.strip()}")
        return made.read_bytes()


def _write(path: Path, content: bytes | Link | Program) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Link):
        path.symlink_to(content.to)
        return
    path.write_bytes(content.content if isinstance(content, Program) else content)
    path.chmod(0o755 if isinstance(content, Program) else 0o644)
    os.utime(path, (int(EPOCH), int(EPOCH)))


def control(name: str, version: str, architecture: str, depends: str = "", about: str = "") -> dict[str, str]:
    """The fields of a control file."""
    return {
        "Package": name,
        "Version": version,
        "Architecture": architecture,
        "Maintainer": "The lab <lab@localhost>",
        **({"Depends": depends} if depends else {}),
        "Section": "libs",
        "Priority": "optional",
        "Description": about or f"{name}, as the lab has it",
    }


def edgetpu(library: bytes, version: str, architecture: str, folder: str | None = None) -> bytes:
    """The package libedgetpu1-std.

    :param folder: of the library, below usr/lib; as a rule that of the architecture.
    """
    place = f"usr/lib/{folder or MULTIARCH[architecture]}"
    return build(
        control(
            "libedgetpu1-std", version, architecture,
            "libc6 (>= 2.34), libgcc-s1 (>= 3.0), libstdc++6 (>= 12), libusb-1.0-0 (>= 2:1.0.22)",
            "Support library for Edge TPU",
        ),
        {
            f"{place}/libedgetpu.so.1.0": library,
            f"{place}/libedgetpu.so.1": Link("libedgetpu.so.1.0"),
            "lib/udev/rules.d/60-libedgetpu1-std.rules": UDEV_RULE.encode(),
            "usr/share/doc/libedgetpu1-std/changelog": generated(WEIGHT)(version),
            "usr/share/doc/libedgetpu1-std/copyright": b"Generated for the lab.\n",
        },
    )  # fmt: skip


def edgetpu_dev(version: str, architecture: str) -> bytes:
    """The package libedgetpu-dev, which no node gets."""
    return build(
        control("libedgetpu-dev", version, architecture, "libedgetpu1-std | libedgetpu1-max", "Development files"),
        {
            "usr/include/edgetpu.h": b"const char *edgetpu_version(void);\n",
            f"usr/lib/{MULTIARCH[architecture]}/libedgetpu.so": Link("libedgetpu.so.1"),
        },
    )


def usb(architecture: str) -> bytes:
    """A package libusb-1.0-0 that holds nothing of it."""
    return build(
        control("libusb-1.0-0", "2:1.0.26-1", architecture, about="userspace USB programming library"),
        {"usr/share/doc/libusb-1.0-0/copyright": b"Generated for the lab.\n"},
    )


def repository(packages: Mapping[str, tuple[Mapping[str, str], bytes]]) -> dict[str, bytes]:
    """The files of a flat apt repository.

    :param packages: file name to control fields and bytes.
    """
    stanzas = []
    for file, (fields, content) in packages.items():
        shown = {
            **fields,
            "Filename": f"./{file}",
            "Size": str(len(content)),
            "SHA256": hashlib.sha256(content).hexdigest(),
        }
        stanzas.append("".join(f"{name}: {value}\n" for name, value in shown.items()))
    listing = "\n".join(stanzas).encode()
    release = (
        "Origin: lab\nLabel: lab\nSuite: lab\nCodename: lab\nDate: Mon, 01 Dec 2025 00:00:00 UTC\nSHA256:\n"
        f" {hashlib.sha256(listing).hexdigest()} {len(listing)} Packages\n"
    )
    files = {file: content for file, (_, content) in packages.items()}
    return {**files, "Packages": listing, "Release": release.encode()}


def usb_repository(architecture: str) -> dict[str, bytes]:
    """An apt repository that has libusb-1.0-0 alone."""
    fields = control("libusb-1.0-0", "2:1.0.26-1", architecture, about="userspace USB programming library")
    return repository({f"libusb-1.0-0_1.0.26-1_{architecture}.deb": (fields, usb(architecture))})
