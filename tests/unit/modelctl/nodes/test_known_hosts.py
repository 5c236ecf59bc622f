"""Known hosts as ssh's own tools write them, read and changed; `ssh-keygen -F` is the other route."""

import subprocess
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.nodes import known_hosts
from modelctl.nodes.trust import HostKey, known_key, record

ADDRESS, PORT = "192.168.10.20", "[192.168.10.20]:2222"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIGy4sUfl9uzRb3vL9JjXwWTR6SdzD2vVbMRmEWRb8o1I"
OLD = "AAAAC3NzaC1lZDI1NTE5AAAAIAhRfX0uQ2CWkYqFq3cVgyWGG0K3Xw4Vqz4c8X7bQm1T"
THIRD = "AAAAC3NzaC1lZDI1NTE5AAAAIGgpbRVDz0w3lGqRdSNoGNDc0RRYjqmmMc4fnqL0lVpK"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def hashed(folder: Path, text: str) -> str:
    """The same lines as `ssh-keygen -H` hashes them."""
    scratch = folder / "scratch"
    scratch.write_text(text)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", scratch], check=True, capture_output=True)
    return scratch.read_text()


def found_by_ssh(path: Path, name: str) -> list[str]:
    """The keys that ssh finds for a name."""
    words = ["ssh-keygen", "-q", "-F", name, "-f", str(path)]
    lines = subprocess.run(words, check=False, capture_output=True, text=True).stdout.splitlines()
    return [line.split()[2] for line in lines if not line.startswith("#")]


def replace(path: Path) -> None:
    """As `modelctl trust --replace`."""
    record(path, "lab1", HostKey(ADDRESS, KEY), known_key(path, ADDRESS))


def test_a_hashed_line_is_replaced(path: Path, tmp_path: Path) -> None:
    """H12: ssh would go on trusting the old key, and pyinfra go on refusing the new one."""
    other = hashed(tmp_path, f"192.168.10.2 ssh-ed25519 {OLD}\n")
    path.write_text(hashed(tmp_path, f"{ADDRESS} ssh-ed25519 {OLD}\n") + other)
    assert found_by_ssh(path, ADDRESS) == [OLD]
    assert known_key(path, ADDRESS) == HostKey(ADDRESS, OLD)
    replace(path)
    assert found_by_ssh(path, ADDRESS) == [KEY]
    assert path.read_text() == f"{other}{ADDRESS} ssh-ed25519 {KEY} lab1\n"


@pytest.mark.parametrize("is_hashed", [False, True])
def test_the_old_key_goes_at_every_port(path: Path, tmp_path: Path, is_hashed: bool) -> None:
    """H12: another key at another port is another server's, as behind a router."""
    text = "".join(f"{name} ssh-ed25519 {key}\n" for name, key in ((ADDRESS, OLD), (PORT, OLD), (PORT, THIRD)))
    path.write_text(hashed(tmp_path, text) if is_hashed else text)
    replace(path)
    assert found_by_ssh(path, ADDRESS) == [KEY]
    assert found_by_ssh(path, PORT) == [THIRD]


def test_several_names_in_a_line(path: Path) -> None:
    """H12: the others keep it."""
    path.write_text(f"  lab1,{ADDRESS},{PORT},tower ssh-ed25519\t{OLD} by anna\n{ADDRESS},{PORT} ssh-ed25519 {OLD}\n")
    replace(path)
    assert path.read_text() == f"  lab1,tower ssh-ed25519\t{OLD} by anna\n{ADDRESS} ssh-ed25519 {KEY} lab1\n"


def test_markers_stay(path: Path) -> None:
    """H12: what is revoked stays revoked, and a CA is no host's key."""
    text = f"@revoked {ADDRESS} ssh-ed25519 {OLD}\n@cert-authority {ADDRESS},lab1 ssh-ed25519 {THIRD} ours\n"
    path.write_text(f"{text}{ADDRESS} ssh-ed25519 {OLD}\n")
    assert known_key(path, ADDRESS) is None
    replace(path)
    assert path.read_text() == f"{text}{ADDRESS} ssh-ed25519 {KEY} lab1\n"


def test_foreign_lines_stay_byte_for_byte(path: Path) -> None:
    """H12: lines end at line feeds only, and hold whatever bytes they do."""
    foreign = [
        b"# caf\xe9 \x0b \x0c \x1c \xe2\x80\xa8 \xc2\x85",
        b"",
        b" \t",
        b"10.0.0.1 ssh-ed25519 " + OLD.encode() + b" caf\xe9\x0b\xe2\x80\xa8" + ADDRESS.encode() + b" ssh-ed25519 x",
        b"\t!192.168.10.20,192.168.10.* ssh-ed25519 " + OLD.encode() + b"\r",
        b"192.168.10.20x ssh-ed25519 " + OLD.encode(),
    ]
    path.write_bytes(b"\n".join([*foreign, ADDRESS.encode() + b" ssh-ed25519 " + OLD.encode()]))
    replace(path)
    assert path.read_bytes().split(b"\n") == [*foreign, f"{ADDRESS} ssh-ed25519 {KEY} lab1".encode(), b""]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"<<<<<<< HEAD", "HOST[,HOST...] TYPE KEY"),
        (b"192.168.10.20", "HOST[,HOST...] TYPE KEY"),
        (b"@revoked 192.168.10.20 ssh-ed25519", "HOST[,HOST...] TYPE KEY"),
        (f"@trusted a ssh-ed25519 {OLD}".encode(), "@revoked or @cert-authority, or no marker"),
        (f"|1|c2FsdA==|aGFzaA== ssh-ed25519 {OLD}".encode(), "|1|SALT|HASH in place of the host"),
        (f"|2|x|y ssh-ed25519 {OLD}".encode(), "|1|SALT|HASH in place of the host"),
        (b"a ssh-ed25519 " + OLD[:-3].encode(), "a key of the type ssh-ed25519"),
        (b"a ssh-ed25519 caf\xe9", "a key of the type ssh-ed25519"),
        (b"a ssh-rsa " + OLD.encode(), "a key of the type ssh-rsa"),
        (b"# x\ra ssh-ed25519 " + OLD.encode(), "no other end of a line in it"),
        (b"a ssh-ed25519 " + OLD.encode() + b"\0", "no other end of a line in it"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_its_number(path: Path, line: bytes, expected: str) -> None:
    """H12."""
    path.write_bytes(b"# ours\n" + line + b"\n")
    with pytest.raises(OperatorError) as caught:
        replace(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:2: found ")
    assert said.endswith(f"; expected {expected}; mend the line, or remove it")
    assert said.isprintable()
    assert path.read_bytes() == b"# ours\n" + line + b"\n"


def test_a_pattern_that_is_about_the_host_too(path: Path) -> None:
    """H12: nobody but its owner knows whom else it is for."""
    text = f"# ours\n192.168.10.*,{ADDRESS} ssh-ed25519 {OLD}\n"
    path.write_text(text)
    assert known_key(path, ADDRESS) == HostKey(ADDRESS, OLD)
    with pytest.raises(OperatorError) as caught:
        replace(path)
    assert str(caught.value) == (
        f"{path}:2: found 192.168.10.*,{ADDRESS}, which is about {ADDRESS} too; expected hosts one by one; "
        "write them out, or remove the line"
    )
    assert path.read_text() == text


@pytest.mark.parametrize("name", [ADDRESS, "192.168.10.2", "192.168.10.200", PORT, "tower", "fd00::20"])
@pytest.mark.parametrize(
    "hosts",
    [
        ADDRESS, "192.168.10.2?", "192.168.10.*", "*", f"!{ADDRESS},*", f"*,!{ADDRESS}", f"lab1,{ADDRESS}", "[*]:2222",
        "[192.168.10.20]:*", "TOWER", "tower,", "192.168.10.[0-9]*", "FD00::20", "!*", "*1*9*2*", PORT,
    ],
)  # fmt: skip
def test_hosts_are_those_that_ssh_finds(path: Path, hosts: str, name: str) -> None:
    """H12."""
    path.write_text(f"{hosts} ssh-ed25519 {OLD}\n")
    assert [each.key for each in known_hosts.read(path).entries(name)] == found_by_ssh(path, name)
