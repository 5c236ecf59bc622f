"""The site's known_hosts file: which SSH key each host has, said by the operator and not by the first contact."""

import base64
import hashlib
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from modelctl import file_lock, text_file
from modelctl.errors import OperatorError

KEY_TYPE = "ssh-ed25519"
SCAN_SECONDS = 10


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


def scan(host: str, address: IPv4Address | IPv6Address) -> HostKey:
    """Ask a host for its key. Raises OperatorError when none comes within SCAN_SECONDS."""
    command = ["ssh-keyscan", "-T", str(SCAN_SECONDS // 2), "-t", "ed25519", str(address)]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=SCAN_SECONDS, check=False)
    except FileNotFoundError:
        raise OperatorError("ssh-keyscan: no such program; install it: apt-get install openssh-client") from None
    except subprocess.TimeoutExpired:
        raise OperatorError(f"{host} ({address}): no SSH key within {SCAN_SECONDS} s; is it up?") from None
    for line in found.stdout.splitlines():
        fields = line.split()
        if len(fields) >= 3 and fields[1] == KEY_TYPE:
            return HostKey(str(address), fields[2])
    raise OperatorError(f"{host} ({address}): found no {KEY_TYPE} key; expected an SSH server there; is it up?")


def known_key(known_hosts: Path, address: str) -> HostKey | None:
    """The key that the file holds for an address, None when it holds none.

    Raises OperatorError when the file cannot be read.
    """
    for line in _lines(known_hosts):
        if _is_key_of(line, address):
            return HostKey(address, line.split()[2])
    return None


def record(known_hosts: Path, host: str, key: HostKey, known: HostKey | None) -> None:
    """Write a host's key in place of the one that the operator knows of; the file is replaced as a whole.

    Raises OperatorError when the file holds a third one by now, or cannot be written.
    """
    with file_lock.held(known_hosts):
        if known_key(known_hosts, key.address) not in (known, key):
            raise OperatorError(
                f"{known_hosts}: the key of {host} was changed meanwhile; nothing was written: run it again"
            )
        kept = [line for line in _lines(known_hosts) if not _is_key_of(line, key.address)]
        with text_file.writing(known_hosts):
            text_file.replace(known_hosts, "\n".join([*kept, f"{key.line} {host}"]) + "\n")


def _lines(known_hosts: Path) -> list[str]:
    try:
        return known_hosts.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{known_hosts}: {error}; expected a known_hosts file") from None


def _is_key_of(line: str, address: str) -> bool:
    fields = line.split()
    return len(fields) >= 3 and address in fields[0].split(",") and fields[1] == KEY_TYPE
