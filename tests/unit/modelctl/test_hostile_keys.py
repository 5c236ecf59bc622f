"""Whatever known_hosts files and certificates hold: it is understood, or refused in a line."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelctl.errors import OperatorError
from modelctl.nodes import known_hosts, trust
from modelctl.nodes.pull_ca import PullCa, pull_key
from tests.unit.modelctl.hostile import require_lines

LINES = [
    "", "# x", "192.168.10.20 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGy4sUfl9uzRb3vL9JjXwWTR6SdzD2vVbMRmEWRb8o1I lab1",
    "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
    "@revoked * ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
    "@cert-authority a,b ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
    "[192.168.10.20]:2222,!192.168.10.* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA",
]  # fmt: skip
PIECES = [
    " ",
    "\t",
    "\r",
    "\0",
    "|",
    ",",
    "!",
    "*",
    "@",
    "#",
    "|1||",
    "[",
    "]:22",
    "AAAA",
    "caf\udce9",
    "\u2028",
    "\x0b",
]


@st.composite
def known_hosts_files(draw: st.DrawFn) -> bytes:
    lines = []
    for line in draw(st.lists(st.sampled_from(LINES), max_size=4)):
        place = draw(st.integers(0, len(line)))
        piece = draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.text(max_size=3)))
        lines.append(line[:place] + piece + line[draw(st.integers(place, min(len(line), place + 20))) :])
    return "\n".join(lines).encode(errors="surrogateescape") + draw(st.binary(max_size=3))


@given(content=known_hosts_files())
def test_any_known_hosts(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """H12: it is understood, or refused by number; what is not about the host stays."""
    path = tmp_path_factory.mktemp("known") / "known_hosts"
    path.write_bytes(content)
    key = trust.HostKey("192.168.10.20", "AAAAC3NzaC1lZDI1NTE5AAAAIBBB")
    try:
        trust.record(path, "lab1", key, trust.known_key(path, "192.168.10.20"))
    except OperatorError as error:
        [line] = require_lines(str(error))
        assert line.startswith(f"{path}:")
        assert path.read_bytes() == content
    else:
        assert trust.is_known(path, key, 22) or trust.known_key(path, "192.168.10.20") is None  # it may be revoked
        kept = path.read_bytes().split(b"\n")
        assert [line for line in content.split(b"\n") if b"192.168.10" not in line and b"|" not in line and line] == [
            line for line in kept if b"192.168.10" not in line and b"|" not in line and line
        ]
        assert known_hosts.read(path).text.encode(errors="surrogateescape") == path.read_bytes()


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[PullCa, str, str]:
    """A CA, a node's key and its certificate."""
    folder = tmp_path_factory.mktemp("authority")
    pull_ca = PullCa(folder / "pull_ca")
    pull_ca.create()
    PullCa(folder / "node").create()
    public = pull_key(Path(folder, "node.pub").read_text())
    assert public is not None
    return pull_ca, public, pull_ca.certify(public, "lab1", 1)


@given(data=st.data())
def test_any_certificate(certified: tuple[PullCa, str, str], data: st.DataObject) -> None:
    """H1: a changed one is none of the CA's."""
    pull_ca, public, certificate = certified
    kind, body, *rest = certificate.split()
    blob = bytearray(base64.b64decode(body))
    for _ in range(data.draw(st.integers(1, 3))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    changed = " ".join([kind, base64.b64encode(blob).decode(), *rest])
    known = pull_ca.has_certified(changed, public, "lab1", 1)
    assert not known or base64.b64decode(body) == blob
    for text in (data.draw(st.text()), certificate[: data.draw(st.integers(0, len(certificate) // 2))]):
        assert not pull_ca.has_certified(text, public, "lab1", 1)
        assert not pull_ca.has_certified(certificate, text, "lab1", 1)
        assert pull_key(text) is None
