"""Pull access: a node's own key, the certificate for it, and on the datasink the line that lets such nodes read."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path
from typing import List, Optional, Tuple

from node import commands, disk, files, layout
from node.errors import Refusal
from node.rights import Owner

RRSYNC = Path("/usr/bin/rrsync")
REVOKED = re.compile(r"sentinelcam-pull:[a-z0-9-]+:[0-9]+")  # as modelctl.nodes.authority names one node's key
# Older ones can be escaped from: CVE-2026-53783.
SAFE_RSYNC = (3, 5, 0)


def make_key(host: str) -> None:
    """Make this node's pull key, unless it has one. The private half never leaves the node."""
    key = layout.access() / "pull_key"
    if disk.is_there(key):
        return
    files.folder(key.parent, mode=0o700)
    new = key.with_name("new_key")
    pairs = [(new.with_name("new_key.pub"), key.with_name("pull_key.pub")), (new, key)]
    for half, _ in pairs:
        files.remove(half)
    comment = "sentinelcam-pull@" + host
    done = commands.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(new)])
    if done.returncode != 0:
        raise Refusal("ssh-keygen: " + commands.first_line(done.stderr))
    for half, final in pairs:  # the private half last: where it is, the public one is too
        files.sync(half)
        files.rename(half, final)


def install(certificate: str, known_hosts: str) -> None:
    """Put the certificate beside the key, and the datasink's host key where pulls look for it."""
    files.folder(layout.access(), mode=0o700)
    files.write(layout.access() / "pull_key-cert.pub", certificate.encode())
    files.write(layout.access() / "known_hosts", known_hosts.encode())


def read(name: str) -> Optional[str]:
    """Return a file of the access folder, or None where it is absent."""
    try:
        return disk.read(layout.access() / name).decode()
    except FileNotFoundError:
        return None


def is_authorized(user: str, lines: List[str]) -> bool:
    """Tell whether these lines, in their order, are all that the account has for their authority."""
    return _ours(user, lines) == lines


def revoked(user: str, lines: List[str]) -> List[str]:
    """Return the keys that are revoked here, and not by these lines: somebody knows more than who sends them."""
    return sorted(set(_named(_ours(user, lines))) - set(_named(lines)))


def authorize(user: str, lines: List[str]) -> None:
    """Let nodes with a certificate read the registry. Other lines stay; older lines for the same authority go."""
    path = _authorized_keys(user)
    account = pwd.getpwnam(user)
    owner = Owner(account.pw_uid, account.pw_gid)
    kept = [each for each in _lines(path) if not _is_of(_authority(lines), each)]
    files.folder(path.parent, owner, mode=0o700)
    files.write(path, "".join(each + "\n" for each in [*kept, *lines]).encode(), 0o600, owner)


def check_rrsync() -> None:
    """Raises Refusal unless rrsync is installed and of a version that keeps pulls inside the registry."""
    version = rsync_version()
    if version < SAFE_RSYNC or not os.access(str(RRSYNC), os.X_OK):
        raise Refusal(
            "%s: rsync %s; expected rrsync of 3.5.0 or newer (CVE-2026-53783); apt-get install rsync from your "
            "distribution's security updates" % (RRSYNC, ".".join(map(str, version)) or "not installed")
        )


def rsync_version() -> Tuple[int, ...]:
    """Return the installed rsync's version, () where there is none."""
    try:
        said = commands.run(["rsync", "--version"]).stdout
    except FileNotFoundError:
        return ()
    match = re.search(r"version v?(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(part) for part in match.groups()) if match else ()


def _ours(user: str, lines: List[str]) -> List[str]:
    """The account's lines for the authority of these lines."""
    return [each for each in _lines(_authorized_keys(user)) if _is_of(_authority(lines), each)]


def _named(lines: List[str]) -> List[str]:
    return [name for line in lines for name in REVOKED.findall(line)]


def _authority(lines: List[str]) -> str:
    """The public key that all these lines trust."""
    return lines[-1].rsplit("ssh-ed25519 ", 1)[1].split()[0]


def _is_of(authority: str, line: str) -> bool:
    return "cert-authority" in line and authority in line


def _authorized_keys(user: str) -> Path:
    """Where a link there leads, it stays a link."""
    path = Path(pwd.getpwnam(user).pw_dir) / ".ssh" / "authorized_keys"
    return Path(os.path.normpath(str(path.parent / (disk.target(path) or path.name))))


def _lines(path: Path) -> "list[str]":
    return disk.read(path).decode().splitlines() if disk.is_file(path) else []
