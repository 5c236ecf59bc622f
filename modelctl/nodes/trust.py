"""The site's known_hosts file: which SSH key each host has, said by the operator and not by the first contact."""

import base64
import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from modelctl import locks, text_file
from modelctl.errors import OperatorError
from modelctl.nodes import known_hosts as file
from modelctl.nodes.known_hosts import KnownHosts
from modelctl.nodes.unreached import LOOK_AND_REPEAT

KEY_TYPE = "ssh-ed25519"
SCAN_SECONDS = 10
_PORT = 22


@dataclass(frozen=True)
class HostKey:
    """A host's public key as known_hosts writes it, in base64."""

    address: str
    key: str

    @property
    def line(self) -> str:
        """As known_hosts writes it: sshd(8)."""
        return f"{self.address} {KEY_TYPE} {self.key}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        digest = hashlib.sha256(base64.b64decode(self.key)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def scan(host: str, address: IPv4Address | IPv6Address, port: int = _PORT) -> HostKey:
    """Ask a host for its key. Raises OperatorError when none comes within SCAN_SECONDS."""
    command = ["ssh-keyscan", "-T", str(SCAN_SECONDS // 2), "-t", "ed25519", "-p", str(port), str(address)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=SCAN_SECONDS, check=False)
    except FileNotFoundError:
        raise OperatorError("ssh-keyscan: no such program; install it: apt-get install openssh-client") from None
    except subprocess.TimeoutExpired:
        raise OperatorError(f"{host} ({address}): no SSH key within {SCAN_SECONDS} s; {LOOK_AND_REPEAT}") from None
    for line in found.stdout.splitlines():
        fields = line.split()
        if len(fields) >= 3 and fields[1] == KEY_TYPE:
            return HostKey(str(address), fields[2])
    raise OperatorError(f"{host} ({address}): found no {KEY_TYPE} key; expected an SSH server there; {LOOK_AND_REPEAT}")


def known_key(known_hosts: Path, address: str, port: int = _PORT) -> HostKey | None:
    """The key that the file holds for an address, None for none or a revoked one. Raises OperatorError."""
    return _known_key(file.read(known_hosts), address, _names(address, port))


def is_known(known_hosts: Path, key: HostKey, port: int) -> bool:
    """Whether ssh and pyinfra find this key in the file. Raises OperatorError as `known_key`."""
    lines = file.read(known_hosts)
    return all(_known_key(lines, key.address, [name]) == key for name in _names(key.address, port))


def is_alone(known_hosts: Path, key: HostKey, port: int) -> bool:
    """Whether they find it, and no other. Raises OperatorError as `known_key`."""
    lines = file.read(known_hosts)
    return all({each.key for each in lines.entries(name)} == {key.key} for name in _names(key.address, port))


def require_not_revoked(known_hosts: Path, host: str, key: HostKey) -> None:
    """Raises OperatorError for a key that the file forbids a host to show, and as `known_key`."""
    line = file.read(known_hosts).revocation(key.address, KEY_TYPE, key.key)
    if line is not None:
        raise OperatorError(
            f"{line.place}: it revokes {key.fingerprint}, which {host} ({key.address}) shows; expected another key; "
            "give the host a new one (ssh-keygen -A), or remove the line"
        )


def record(known_hosts: Path, host: str, key: HostKey, known: HostKey | None, port: int = _PORT) -> None:
    """Write a host's key in place of all that its address has. Raises OperatorError where that is not `known` now."""
    names = _names(key.address, port)
    with locks.held(known_hosts):
        lines = file.read(known_hosts)
        if _known_key(lines, key.address, names) not in (known, key):
            raise OperatorError(
                f"{known_hosts}: the key of {host} was changed meanwhile; nothing was written: run it again"
            )
        rest = lines.without(key.address, names)
        text_file.replace(known_hosts, f"{rest.text}{','.join(names)} {KEY_TYPE} {key.key} {host}\n")


def _names(address: str, port: int) -> list[str]:
    """What the file calls a host: ssh looks for the address, pyinfra for the port too where it is not 22."""
    return [address] if port == _PORT else [address, f"[{address}]:{port}"]


def _known_key(lines: KnownHosts, address: str, names: Sequence[str]) -> HostKey | None:
    keys = [each.key for name in names for each in lines.entries(name) if each.kind == KEY_TYPE]
    return HostKey(address, keys[0]) if keys else None
