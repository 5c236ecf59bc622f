"""Debian packages, built by dpkg-deb: the library that is taken, and why each wrong one is refused."""

from pathlib import Path

import pytest

from node.coral import deb
from node.errors import Refusal
from node.machine import commands
from tests.unit.node import wheels
from tests.unit.node.wheels import DEB

NEXT = "; make a new stack of another file"
PLACE = "usr/lib/aarch64-linux-gnu/"


def refusal(path: Path, architecture: str = "arm64", debian: str = "bookworm") -> str:
    with pytest.raises(Refusal) as caught:
        deb.library(path, architecture, debian)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        (DEB, "16.0tf2.17.1-1"),
        (DEB, "16.0tf2.17.1-1.bookworm"),
        (DEB, "1:16.0tf2.17.1-1"),
        ("libedgetpu1-std_16.0_arm64.deb", "16.0"),
    ],
)
def test_the_library_is_taken(tmp_path: Path, name: str, version: str) -> None:
    path = wheels.deb(tmp_path, name, control={"Version": version})
    assert deb.library(path, "arm64", "bookworm") == wheels.library()
    assert set(tmp_path.iterdir()) == {path}


@pytest.mark.parametrize(
    "control",
    [
        {"Package": "libedgetpu1-max"},
        {"Version": "16.0tf2.18.1-1"},
        {"Version": "16.0tf2.17.1-1.bullseye"},
        {"Architecture": "amd64"},
    ],
)
def test_another_than_its_name_says(tmp_path: Path, control: dict[str, str]) -> None:
    said = " ".join(
        {"Package": "libedgetpu1-std", "Version": "16.0tf2.17.1-1", "Architecture": "arm64", **control}.values()
    )
    assert refusal(wheels.deb(tmp_path, control=control)) == f"{DEB}: its control file says {said}{NEXT}"


def test_of_another_machine_or_debian(tmp_path: Path) -> None:
    path = wheels.deb(tmp_path)
    assert refusal(path, "amd64") == f"{DEB}: built for arm64; expected amd64{NEXT}"
    assert refusal(path, debian="trixie") == f"{DEB}: built for Debian bookworm; expected trixie{NEXT}"


def test_a_library_of_another_machine(tmp_path: Path) -> None:
    path = wheels.deb(tmp_path, content=wheels.library("armhf"))
    assert refusal(path) == f"{DEB}: its library: built for armhf; expected arm64; make a new stack"


def test_a_truncated_library(tmp_path: Path) -> None:
    whole = wheels.library()
    path = wheels.deb(tmp_path, content=whole[:-70])
    assert refusal(path) == (
        f"{DEB}: its library: truncated: found {len(whole) - 70} bytes, expected {len(whole)}; "
        "make a new stack of a whole one"
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/etc/passwd", "leads to /etc/passwd; expected libedgetpu.so.1.0"),
        ("../libedgetpu.so.1.0", "leads to ../libedgetpu.so.1.0; expected libedgetpu.so.1.0"),
        ("libedgetpu.so.1", "leads to libedgetpu.so.1; expected libedgetpu.so.1.0"),
    ],
)
def test_a_link_that_leaves_its_folder(tmp_path: Path, target: str, said: str) -> None:
    path = wheels.deb(tmp_path, links={PLACE + "libedgetpu.so.1": target})
    assert refusal(path) == f"{DEB}: ./{PLACE}libedgetpu.so.1 {said}{NEXT}"


def test_links_elsewhere_are_no_matter(tmp_path: Path) -> None:
    path = wheels.deb(tmp_path, links={"usr/share/doc/libedgetpu1-std": "../other", PLACE + "other.so": "/nowhere"})
    assert deb.library(path, "arm64", "bookworm") == wheels.library()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "found none; expected one library usr/lib/*/libedgetpu.so.1.N"),
        ({"usr/lib/libedgetpu.so.1.0": b"x"}, "found none; expected one library usr/lib/*/libedgetpu.so.1.N"),
        ({"usr/lib/a/b/libedgetpu.so.1.0": b"x"}, "found none; expected one library usr/lib/*/libedgetpu.so.1.N"),
        (
            {"usr/lib/a/libedgetpu.so.1.0": b"x", "usr/lib/b/libedgetpu.so.1.0": b"x"},
            "found libedgetpu.so.1.0 and libedgetpu.so.1.0; expected one library usr/lib/*/libedgetpu.so.1.N",
        ),
        (
            {"usr/lib/a/libedgetpu.so": b"x"},
            "./usr/lib/a/libedgetpu.so: found neither the library nor a link to it",
        ),
    ],
)
def test_one_library(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    assert refusal(wheels.deb(tmp_path, files=files, links={})) == f"{DEB}: {said}{NEXT}"


def test_a_library_that_is_a_link(tmp_path: Path) -> None:
    path = wheels.deb(tmp_path, files={}, links={PLACE + "libedgetpu.so.1.0": "/etc/passwd"})
    assert refusal(path).endswith(f"found none; expected one library usr/lib/*/libedgetpu.so.1.N{NEXT}")


def test_what_is_no_package(tmp_path: Path) -> None:
    path = tmp_path / DEB
    path.write_bytes(b"<html>not found</html>" * 10)
    assert refusal(path) == f"{DEB}: dpkg-deb cannot read it ('{DEB}' is not a Debian format archive){NEXT}"


def test_any_part_of_a_package_is_one_line(tmp_path: Path) -> None:
    path = wheels.deb(tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 10240, 700):
        path.write_bytes(whole[:length])
        assert refusal(path).startswith(f"{DEB}: ")
        assert refusal(path).count("\n") == 0


def test_more_than_a_package_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deb, "MOST_BYTES", 1000)
    assert refusal(wheels.deb(tmp_path)) == f"{DEB}: dpkg-deb cannot read it (more than 1000 bytes){NEXT}"


@pytest.mark.parametrize("name", ["libedgetpu1-std.deb", "libedgetpu1-std_16.0_arm64.whl", "a__arm64.deb"])
def test_no_packages_name(tmp_path: Path, name: str) -> None:
    expected = "no package's name; expected PACKAGE_VERSION_ARCHITECTURE.deb"
    assert refusal(tmp_path / name) == f"{name}: {expected}{NEXT}"


def test_nothing_is_waited_for(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (programs / "dpkg-deb").write_text("#!/bin/sh\nexec sleep 60\n")
    (programs / "dpkg-deb").chmod(0o755)
    monkeypatch.setattr(deb, "SECONDS", 0.2)
    with pytest.raises(commands.Overdue, match=r"^dpkg-deb -f .*: not done within 0.2 s; look what holds it up"):
        deb.library(tmp_path / DEB, "arm64", "bookworm")


def test_no_script_of_the_package_runs(tmp_path: Path) -> None:
    script = f"#!/bin/sh\ntouch {tmp_path}/ran\n".encode()
    held = {PLACE + "libedgetpu.so.1.0": wheels.library(), "DEBIAN/preinst": script, "DEBIAN/postinst": script}
    assert deb.library(wheels.deb(tmp_path, files=held), "arm64", "bookworm") == wheels.library()
    assert not (tmp_path / "ran").exists()
