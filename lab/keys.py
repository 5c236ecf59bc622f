"""The lab's SSH keys: the operator's, the control node's, each host's, and the one that signs pull certificates."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lab.hosts import STATE, LabHost
from lab.shell import run

FOLDER = STATE / "keys"
OPERATOR = FOLDER / "operator"
CONTROL = FOLDER / "control"
PULL_CA = FOLDER / "pull_ca"
KNOWN_HOSTS = FOLDER / "known_hosts"


def host_key(host: LabHost) -> Path:
    """The private key that a host proves its identity with; it outlives the host's disk."""
    return FOLDER / "hosts" / host.name


def public(key: Path) -> str:
    """The line of a key's public half."""
    return key.with_suffix(".pub").read_text()


def make(hosts: Iterable[LabHost]) -> None:
    """Make the keys that are missing, and the list of known hosts."""
    known = []
    for host in hosts:
        _make(host_key(host), f"root@{host.name}")
        kind, key, _ = public(host_key(host)).split()
        known.append(f"{host.name},{host.address} {kind} {key}\n")
    _make(OPERATOR, "operator@lab")
    _make(CONTROL, "sentinelcam@ramrod")
    _make(PULL_CA, "pull-ca@lab")
    KNOWN_HOSTS.write_text("".join(known))


def _make(path: Path, comment: str) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))
