"""The lab's Coral packages are as the real ones, the same each time, and as broken as they are ordered to be."""

import base64
import csv
import hashlib
import io
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from lab import coral, debs, edgetpu
from lab.architecture import ARCHITECTURE, MACHINE
from lab.coral import Fault
from tests.unit.cases import each
from tests.unit.lab.stacks import NEW, OLD, environment, extract_deb, packages, stack, unpack

CALLS = """\
import pycoral
print("imported")
import tflite_runtime.interpreter as interpreter
from pycoral.utils import edgetpu
print(edgetpu.get_runtime_version())
interpreter.load_delegate("libedgetpu.so.1")
print("delegate")
"""
ANSWER = "BuildLabel(COMPILER=tcc,TF=2.17.1), RuntimeVersion(14)"


def fields(deb: bytes) -> dict[str, str]:
    """What dpkg-deb says of a deb."""
    with tempfile.NamedTemporaryFile(suffix=".deb") as file:
        file.write(deb)
        file.flush()
        told = subprocess.run(["dpkg-deb", "--field", file.name], capture_output=True, text=True, check=True).stdout
    return dict(line.split(": ", 1) for line in told.splitlines())


def run(folder: Path, code: str = CALLS) -> "subprocess.CompletedProcess[str]":
    """Run code with an unpacked stack, as a service does."""
    return subprocess.run(
        [sys.executable, "-I", "-B", "-u", "-c", f"import sys; sys.path[:0] = {[str(folder / 'python')]}\n{code}"],
        env=environment(folder), capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("version", [OLD, NEW])
def test_two_builds_have_the_same_bytes(version: str) -> None:
    first = dict(coral.build(stack(version)))
    coral.build.cache_clear()
    assert dict(coral.build(stack(version))) == first
    assert set(first) == stack(version).files


def test_no_file_of_one_stack_is_one_of_the_other() -> None:
    digests = [
        hashlib.sha256(content).digest() for version in (OLD, NEW) for content in coral.build(stack(version)).values()
    ]
    assert len(set(digests)) == 8


def test_the_deb_holds_a_library_a_relative_link_and_a_rule(tmp_path: Path) -> None:
    deb, _, _ = packages(stack())
    told = fields(deb)
    assert (told["Package"], told["Version"], told["Architecture"]) == (
        "libedgetpu1-std",
        "16.0tf2.17.1-1",
        ARCHITECTURE,
    )
    assert "libusb-1.0-0" in told["Depends"]
    extract_deb(deb, tmp_path)
    folder = tmp_path / "usr/lib" / debs.MULTIARCH[ARCHITECTURE]
    assert {path.name for path in folder.iterdir()} == {"libedgetpu.so.1", "libedgetpu.so.1.0"}
    assert str((folder / "libedgetpu.so.1").readlink()) == "libedgetpu.so.1.0"
    shown = subprocess.run(["readelf", "-hd", folder / "libedgetpu.so.1.0"], capture_output=True, text=True, check=True)
    assert {"x86_64": "X86-64", "aarch64": "AArch64", "armv7l": "ARM"}[MACHINE] in shown.stdout
    assert "soname: [libedgetpu.so.1]" in shown.stdout
    assert 'GROUP="plugdev"' in (tmp_path / "lib/udev/rules.d/60-libedgetpu1-std.rules").read_text()


def test_the_deb_s_files_are_root_s() -> None:
    deb, _, _ = packages(stack())
    with tempfile.NamedTemporaryFile(suffix=".deb") as file:
        file.write(deb)
        file.flush()
        listed = subprocess.run(["dpkg-deb", "-c", file.name], capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    assert {line.split()[0] for line in listed.splitlines()} == {"drwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"}


@pytest.mark.parametrize("name", ["pycoral", "tflite_runtime"])
def test_a_wheel_s_record_has_the_digest_and_size_of_each_file(name: str) -> None:
    package = getattr(stack(), name)
    archive = zipfile.ZipFile(io.BytesIO(coral.build(stack())[package.files[0]]))
    info = f"{name}-{package.version}.dist-info"
    rows = list(csv.reader(archive.read(f"{info}/RECORD").decode().splitlines()))
    assert sorted(row[0] for row in rows) == sorted(archive.namelist())
    for path, digest, size in rows:
        if path == f"{info}/RECORD":
            assert (digest, size) == ("", "")
            continue
        content = archive.read(path)
        told = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={told}", str(len(content)))
    assert f"Tag: cp311-cp311-linux_{MACHINE}\n" in archive.read(f"{info}/WHEEL").decode()
    metadata = archive.read(f"{info}/METADATA").decode()
    assert f"Version: {package.version}\nRequires-Dist: numpy>=1.24\n" in metadata
    assert ("Pillow" in metadata) == (name == "pycoral")


def test_a_sound_stack_answers(tmp_path: Path) -> None:
    unpack(tmp_path, stack())
    done = run(tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (f"imported\n{ANSWER}\ndelegate\n", "", 0)


def test_pycoral_alone_needs_no_library(tmp_path: Path) -> None:
    unpack(tmp_path, stack())
    (tmp_path / "lib" / "libedgetpu.so.1").unlink()
    done = run(tmp_path)
    assert done.stdout == "imported\n"
    assert "OSError: libedgetpu.so.1: cannot open shared object file" in done.stderr


def test_a_mixed_stack_imports_cleanly_and_crashes_later(tmp_path: Path) -> None:
    unpack(tmp_path, stack(), Fault(library_tensorflow="2.18.1"))
    done = run(tmp_path)
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout == f"imported\n{ANSWER.replace('2.17.1', '2.18.1')}\n"


@each(
    "kind, signal_or_words",
    [
        ("truncated", signal.SIGBUS),
        ("illegal", signal.SIGILL),
        ("crashes", signal.SIGSEGV),
        ("crashes at load", signal.SIGSEGV),
        ("unresolved", "undefined symbol: _ZSt28__throw_bad_array_new_lengthv_GLIBCXX_3_4_99"),
        ("of another machine", "OSError"),
    ],
)
def test_a_library_fails_as_ordered(kind: str, signal_or_words: signal.Signals | str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        unpack(folder, stack(), Fault(library=kind))
        done = run(folder)
        if isinstance(signal_or_words, str):
            assert signal_or_words in done.stderr
        else:
            assert done.returncode == -signal_or_words
        assert "delegate" not in done.stdout


def test_all_kinds_of_libraries_are_tried() -> None:
    assert set(edgetpu.SOURCES) - {"sound"} == {
        "truncated", "illegal", "crashes", "crashes at load", "unresolved", "of another machine",
    }  # fmt: skip


def test_numpy_too_new_and_too_old_fail_the_import(tmp_path: Path) -> None:
    unpack(tmp_path / "new", stack(), with_numpy="2.1.0")
    done = run(tmp_path / "new")
    assert "cannot be run in\nNumPy 2.1.0" in done.stderr
    assert "ImportError: numpy.core.multiarray failed to import" in done.stderr
    unpack(tmp_path / "old", stack(), Fault(numpy="1.26"))
    assert "ImportError: numpy.core.multiarray failed to import" in run(tmp_path / "old").stderr
    unpack(tmp_path / "told", stack(), Fault(asked_numpy="1.26"))
    assert run(tmp_path / "told").returncode == 0, "metadata alone decides nothing"


def test_what_a_package_tells_of_itself_can_differ_from_its_name() -> None:
    fault = Fault(pycoral_tag=f"cp312-cp312-linux_{MACHINE}", deb_architecture="arm64", deb_version="16.0tf2.18.1-1")
    deb, pycoral, tflite_runtime = packages(stack(), fault)
    assert (fields(deb)["Architecture"], fields(deb)["Version"]) == ("arm64", "16.0tf2.18.1-1")
    told = [
        zipfile.ZipFile(io.BytesIO(wheel)).read(f"{name}.dist-info/WHEEL").decode().split("Tag: ")[1]
        for wheel, name in ((pycoral, "pycoral-2.0.3"), (tflite_runtime, "tflite_runtime-2.17.1"))
    ]
    assert told == [f"cp312-cp312-linux_{MACHINE}\n", f"cp311-cp311-linux_{MACHINE}\n"]


def test_stacks_of_another_python_or_debian_are_built_as_they_are_called() -> None:
    other = stack().model_copy(
        update={
            "python": "3.12",
            "pycoral": stack().pycoral.model_copy(
                update={"files": (f"pycoral-2.0.3-cp312-cp312-linux_{MACHINE}.whl",)}
            ),
        }
    )
    _, pycoral, _ = packages(other)
    assert (
        f"Tag: cp312-cp312-linux_{MACHINE}"
        in zipfile.ZipFile(io.BytesIO(pycoral)).read("pycoral-2.0.3.dist-info/WHEEL").decode()
    )


def test_they_are_published_where_the_site_looks_for_them(tmp_path: Path) -> None:
    assert set(coral.releases(stack())) == {
        f"libedgetpu/releases/download/16.0TF2.17.1-1/libedgetpu1-std_16.0tf2.17.1-1.bookworm_{ARCHITECTURE}.deb",
        f"libedgetpu/releases/download/16.0TF2.17.1-1/libedgetpu-dev_16.0tf2.17.1-1.bookworm_{ARCHITECTURE}.deb",
        f"pycoral/releases/download/2.0.3TF2.17.1/pycoral-2.0.3-cp311-cp311-linux_{MACHINE}.whl",
        f"TFlite-builds/releases/download/v2.17.1/tflite_runtime-2.17.1-cp311-cp311-linux_{MACHINE}.whl",
    }
    coral.write(tmp_path / "brought", stack())
    assert {path.name for path in (tmp_path / "brought").iterdir()} == stack().files


def test_the_apt_repository_tells_what_it_holds() -> None:
    files = debs.usb_repository(ARCHITECTURE)
    assert set(files) == {f"libusb-1.0-0_1.0.26-1_{ARCHITECTURE}.deb", "Packages", "Release"}
    deb = files[f"libusb-1.0-0_1.0.26-1_{ARCHITECTURE}.deb"]
    assert fields(deb)["Version"] == "2:1.0.26-1"
    assert f"SHA256: {hashlib.sha256(deb).hexdigest()}\n".encode() in files["Packages"]
    assert hashlib.sha256(files["Packages"]).hexdigest().encode() in files["Release"]
