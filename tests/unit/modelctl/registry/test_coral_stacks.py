"""Sending a stack's files to the datasink: byte for byte, through an ssh that runs the program here."""

import hashlib
import os
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.registry import coral_stacks
from node.protocol.registry import Measured
from tests.unit.modelctl import fake_programs
from tests.unit.modelctl.sites import fleet

VERSION, NAME = "2025-12-19", "pycoral-2.0.3-cp311-cp311-linux_aarch64.whl"
SSH = '#!/bin/sh\nfor word; do command=$word; done\n{do}exec sh -c "$command"\n'
AGAIN = f"run it again: modelctl coral download {VERSION}"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fake_programs.put(tmp_path, monkeypatch, ssh=SSH.format(do=""))
    monkeypatch.setattr(Fleet, "registry_folder", lambda _: str(tmp_path / "registry"))
    return tmp_path / "registry"


def send(folder: Path, content: bytes, said: bytes | None = None) -> list[int]:
    (folder / NAME).write_bytes(content)
    sha256 = hashlib.sha256(content if said is None else said).hexdigest()
    told: list[int] = []
    coral_stacks.send(fleet(), VERSION, folder / NAME, Measured(sha256=sha256, size=len(content)), told.append)
    return told


def test_every_byte_goes(registry: Path, tmp_path: Path) -> None:
    content = os.urandom(3 << 20) + b"\0\n"
    assert send(tmp_path, content) == [1 << 20, 2 << 20, 3 << 20, len(content)]
    assert (registry / "coral_packages" / f".import-{VERSION}" / NAME).read_bytes() == content


def test_other_bytes_than_were_announced(registry: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        send(tmp_path, b"PK", b"other")
    place = registry / "coral_packages" / f".import-{VERSION}" / NAME
    assert str(caught.value) == f"data1: {place}: other bytes came than were announced; {AGAIN}"
    assert not place.exists()


@pytest.mark.usefixtures("registry")
def test_a_link_that_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_programs.put(tmp_path, monkeypatch, ssh=SSH.format(do="echo 'ssh: lost' >&2; exit 255\n"))
    with pytest.raises(OperatorError, match=r"^data1 \(192.168.10.50\): ssh: lost; look at its power"):
        send(tmp_path, os.urandom(1 << 20))
    fake_programs.put(tmp_path, monkeypatch, ssh=SSH.format(do="echo 'python3: killed' >&2; exit 9\n"))
    with pytest.raises(OperatorError) as caught:
        send(tmp_path, os.urandom(1 << 20))
    assert str(caught.value) == f"data1 (192.168.10.50): {NAME} did not go whole: python3: killed; {AGAIN}"
