"""Trusting a host's key, with a stand-in for ssh-keyscan on PATH."""

import errno
import os
import stat
from ipaddress import ip_address
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.nodes import trust
from modelctl.nodes.trust import HostKey, known_key, record, scan

ADDRESS = ip_address("192.168.10.20")
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIGy4sUfl9uzRb3vL9JjXwWTR6SdzD2vVbMRmEWRb8o1I"
OTHER = "AAAAC3NzaC1lZDI1NTE5AAAAIAhRfX0uQ2CWkYqFq3cVgyWGG0K3Xw4Vqz4c8X7bQm1T"
RSA = "AAAAB3NzaC1yc2EAAAADAQABAAAAgQ=="


@pytest.fixture
def keyscan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in ssh-keyscan's place, for a test to write."""
    script = tmp_path / "bin" / "ssh-keyscan"
    script.parent.mkdir()
    script.touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    return script


def test_scan_finds_the_key(keyscan: Path) -> None:
    keyscan.write_text(f'#!/bin/sh\necho "# $7:$6 SSH-2.0"\necho "$7 ssh-rsa AAAA"\necho "$7 ssh-ed25519 {KEY}"\n')
    assert scan("lab1", ADDRESS) == HostKey("192.168.10.20", KEY)


def test_scan_without_an_answer(keyscan: Path) -> None:
    keyscan.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(OperatorError) as caught:
        scan("lab1", ADDRESS)
    expected = "found no ssh-ed25519 key; expected an SSH server there; look at its power and its cable, then run again"
    assert str(caught.value) == f"lab1 (192.168.10.20): {expected}"


def test_scan_has_a_time_limit(keyscan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keyscan.write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(trust, "SCAN_SECONDS", 0.2)
    expected = r"^lab1 \(192\.168\.10\.20\): no SSH key within 0\.2 s; look at its power and its cable, then run again$"
    with pytest.raises(OperatorError, match=expected):
        scan("lab1", ADDRESS)


def test_scan_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match=r"^ssh-keyscan: no such program; install it"):
        scan("lab1", ADDRESS)


def test_fingerprint_is_that_of_ssh_keygen() -> None:
    key = HostKey("x", "AAAAC3NzaC1lZDI1NTE5AAAAIG/tm3/XtGj4+1X9PvfjgZ3h8p2Go01Xu6jXgV7ZCq0Z")
    assert key.fingerprint == "SHA256:hTv/S4WEizrbxkW199AI8YXt12k8pIX6VnQseKfX8iA"


def test_record_adds_a_line_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "new" / "known_hosts"
    record(path, "lab1", HostKey("192.168.10.20", KEY), None)
    record(path, "east", HostKey("192.168.10.2", OTHER), None)
    assert path.read_text() == f"192.168.10.20 ssh-ed25519 {KEY} lab1\n192.168.10.2 ssh-ed25519 {OTHER} east\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["known_hosts"]


def test_record_replaces_the_keys_of_its_address_only(tmp_path: Path) -> None:
    """Those of other types are of the old card too."""
    path = tmp_path / "known_hosts"
    path.write_text(
        f"# ours\n192.168.10.20 ssh-ed25519 {OTHER}\n192.168.10.20 ssh-rsa {RSA}\n192.168.10.2 ssh-ed25519 {OTHER}\n"
    )
    record(path, "lab1", HostKey("192.168.10.20", KEY), HostKey("192.168.10.20", OTHER))
    assert path.read_text().splitlines() == [
        "# ours", f"192.168.10.2 ssh-ed25519 {OTHER}", f"192.168.10.20 ssh-ed25519 {KEY} lab1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("", None),
        (f"192.168.10.2 ssh-ed25519 {OTHER}\n", None),
        (f"192.168.10.20 ssh-rsa {RSA}\n", None),
        (f"192.168.10.20 ssh-ed25519 {KEY} lab1\n", KEY),
        (f"lab1,192.168.10.20 ssh-ed25519 {KEY}\n", KEY),
        (f"@revoked 192.168.10.* ssh-ed25519 {KEY}\n192.168.10.20 ssh-ed25519 {KEY}\n", None),
        (f"@cert-authority 192.168.10.20 ssh-ed25519 {KEY}\n", None),
    ],
)
def test_known_key(tmp_path: Path, content: str, key: str | None) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(content)
    assert known_key(path, "192.168.10.20") == (HostKey("192.168.10.20", key) if key else None)


def test_no_file_knows_no_key(tmp_path: Path) -> None:
    assert known_key(tmp_path / "known_hosts", "192.168.10.20") is None


def test_a_folder_is_no_known_hosts_file(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"Is a directory: .*; expected a known_hosts file$"):
        known_key(tmp_path, "192.168.10.20")


@pytest.mark.parametrize("known", [None, HostKey("192.168.10.20", KEY)])
def test_record_leaves_a_key_that_the_operator_does_not_know_of(tmp_path: Path, known: HostKey | None) -> None:
    """D4: somebody else may have trusted another card meanwhile."""
    path, text = tmp_path / "known_hosts", f"192.168.10.20 ssh-ed25519 {OTHER} lab1\n"
    path.write_text(text)
    with pytest.raises(OperatorError) as caught:
        record(path, "lab1", HostKey("192.168.10.20", KEY), known)
    assert str(caught.value) == f"{path}: the key of lab1 was changed meanwhile; nothing was written: run it again"
    assert path.read_text() == text


def test_record_of_what_another_command_has_recorded_meanwhile(tmp_path: Path) -> None:
    path, key = tmp_path / "known_hosts", HostKey("192.168.10.20", KEY)
    record(path, "lab1", key, None)
    record(path, "lab1", key, None)
    assert path.read_text() == f"192.168.10.20 ssh-ed25519 {KEY} lab1\n"


def test_record_on_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("# ours\n")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OperatorError, match=r"No space left on device; expected a file that you may write$"):
        record(path, "lab1", HostKey("192.168.10.20", KEY), None)
    assert path.read_text() == "# ours\n"
    assert [file.name for file in tmp_path.iterdir()] == ["known_hosts"]
