"""Whatever an account's authorized_keys holds: our lines come into it, and all others stay byte for byte."""

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.pull import access

LINE = 'cert-authority,restrict,principals="p",command="/usr/bin/rrsync -ro /r" ssh-ed25519 AAAAmine CA'
OLDER = LINE.replace("/r", "/elsewhere")
PIECES = st.sampled_from(
    [
        LINE.encode(), OLDER.encode(), b"cert-authority", b"AAAAmine", b"ssh-ed25519 ", b"\n", b"\r", b"\0",
        b"\xff\xfe", b"\x0b", b"\xe2\x80\xa8", b"\x85", b'"', b"#", b" ", b"sentinelcam-pull:east:1",
        b"ssh-rsa AAAA me@home",
    ]
)  # fmt: skip
CONTENTS = st.lists(PIECES | st.binary(max_size=8), max_size=12).map(b"".join)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file, of the user that runs the tests."""
    path = tmp_path_factory.mktemp("home") / ".ssh" / "authorized_keys"
    path.parent.mkdir()
    return path


@settings(max_examples=settings().max_examples // 3)
@given(content=CONTENTS)
def test_any_authorized_keys(keys: Path, content: bytes) -> None:
    """H7."""
    keys.write_bytes(content)
    account = SimpleNamespace(pw_dir=str(keys.parents[1]), pw_uid=os.getuid(), pw_gid=os.getgid(), pw_name="ops")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pwd, "getpwnam", lambda _: account)
        patch.setattr(access, "SSHD", "/nowhere")
        access.revoked(access.installed("ops", [LINE]), [LINE])
        access.authorize("ops", [LINE])
        assert access.installed("ops", [LINE]) == [LINE]
    foreign = [each for each in content.split(b"\n") if not (b"cert-authority" in each and b"AAAAmine" in each)]
    assert [each for each in keys.read_bytes().split(b"\n") if each] == [*filter(None, foreign), LINE.encode()]
