"""Pull access: a node's own key, the certificate for it, and on the datasink the line that lets such nodes read."""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path
from typing import Optional, Tuple

from node import commands, disk, files, layout
from node.errors import Refusal
from node.rights import Owner

RRSYNC = Path("/usr/bin/rrsync")
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


def is_authorized(user: str, line: str) -> bool:
    return line in _lines(_authorized_keys(user))


def authorize(user: str, line: str) -> None:
    """Let nodes with a certificate read the registry. Other lines stay; an older line for the same authority goes."""
    path = _authorized_keys(user)
    account = pwd.getpwnam(user)
    owner = Owner(account.pw_uid, account.pw_gid)
    authority = line.rsplit("ssh-ed25519 ", 1)[1].split()[0]
    kept = [each for each in _lines(path) if not ("cert-authority" in each and authority in each)]
    files.folder(path.parent, owner, mode=0o700)
    files.write(path, "".join(each + "\n" for each in [*kept, line]).encode(), 0o600, owner)


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


def _authorized_keys(user: str) -> Path:
    return Path(pwd.getpwnam(user).pw_dir) / ".ssh" / "authorized_keys"


def _lines(path: Path) -> "list[str]":
    return disk.read(path).decode().splitlines() if disk.is_file(path) else []
