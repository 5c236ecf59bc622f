"""Pull access: a node's own key, the certificate for it, and on the datasink the line that lets such nodes read."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from node import layout
from node.codec import Text
from node.errors import Refusal
from node.machine import commands
from node.protocol.facts import PullAccess
from node.store import disk, files, handles, rights
from node.store.rights import ROOT, Owner

PRIVATE, PUBLIC, CERTIFICATE, KNOWN_HOSTS = FILES = ("pull_key", "pull_key.pub", "pull_key-cert.pub", "known_hosts")
RRSYNC = Path("/usr/bin/rrsync")
SSHD = "/usr/sbin/sshd"
DEFAULT_KEYS = ".ssh/authorized_keys"
ANY_BYTES = ("utf-8", "surrogateescape")
REVOKED = re.compile(r"sentinelcam-pull:[a-z0-9-]+:[0-9]+")  # as modelctl.nodes.pull_ca names one node's key
SAFE_RSYNC = (3, 5, 0)  # older ones can be escaped from: CVE-2026-53783


def make_key(host: str) -> None:
    """Make this node's pull key, unless it has a whole one. The private half never leaves the node."""
    if public_key() is not None:
        return
    files.folder(layout.access(), mode=0o700)
    new = layout.access() / "new_key"
    public = new.with_name("new_key.pub")
    for half in (new, public):
        files.remove(half)
    comment = "sentinelcam-pull@" + host
    done = commands.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(new)])
    if done.returncode != 0:
        raise Refusal("ssh-keygen: " + commands.first_line(done.stderr))
    text = disk.read(public).decode().strip()
    files.write(_path(PUBLIC), ("%s %s\n" % (text, _sum(text, disk.read(new).decode()))).encode())
    files.sync(new)
    files.rename(new, _path(PRIVATE))  # last: where the private half is, the public one is too
    files.unlink(public)


def public_key() -> Optional[Text]:
    """Return the public half of the pull key; None unless both halves are there and belong together.

    The last word of its comment is a sum over both: ssh-keygen would not see all damage.
    """
    public, private = read(PUBLIC), read(PRIVATE)
    if public is None or private is None:
        return None
    return public if public.split()[-1:] == [_sum(public, private)] else None


def _sum(public: str, private: str) -> str:
    """SHA-256 over the public half without its comment, and the file of the private one."""
    return hashlib.sha256((" ".join(public.split()[:2]) + private).encode()).hexdigest()


def install(certificate: str, known_hosts: str) -> None:
    """Put the certificate beside the key, and the datasink's host key where pulls look for it."""
    files.folder(layout.access(), mode=0o700)
    files.write(_path(CERTIFICATE), certificate.encode())
    files.write(_path(KNOWN_HOSTS), known_hosts.encode())


def held() -> PullAccess:
    """Return the key, and what goes with it."""
    return PullAccess(public_key(), read(CERTIFICATE), read(KNOWN_HOSTS))


def read(name: str) -> Optional[Text]:
    """Return a file of the access folder; None where there is none, or no text: it is made anew then."""
    return disk.decoded(_path(name))


def installed(user: str, lines: List[str]) -> List[str]:
    """Return all lines that the account has for the CA of these, in their order."""
    with _authorized_keys(user) as (path, _):
        return [each for each in _lines(path) if _is_of(_pull_ca(lines), each)]


def revoked(here: List[str], lines: List[str]) -> List[str]:
    """Return the keys that lines here revoke, and these do not: somebody knows more than who sends them."""
    found, told = (REVOKED.findall("\n".join(each)) for each in (here, lines))
    return sorted({*found} - {*told})


def authorize(user: str, lines: List[str]) -> None:
    """Let nodes with a certificate read the registry. Other lines stay; older lines for the same CA go.

    Raises OSError, or Refusal where no file there would let anybody in.
    """
    with _authorized_keys(user) as (path, owner):
        kept = [each for each in _lines(path) if not _is_of(_pull_ca(lines), each)]
        files.folder(path.parent, owner, mode=0o700)
        text = "".join(each + "\n" for each in [*kept, *lines])
        files.write(path, text.encode(*ANY_BYTES), 0o600 if owner != ROOT else 0o644, owner)


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


def _path(name: str) -> Path:
    return layout.access() / name


def _pull_ca(lines: List[str]) -> str:
    """Return the public key that all these lines trust."""
    return lines[-1].rsplit("ssh-ed25519 ", 1)[1].split()[0]


def _is_of(pull_ca: str, line: str) -> bool:
    return "cert-authority" in line and pull_ca in line


@contextmanager
def _authorized_keys(user: str) -> Iterator[Tuple[Path, Owner]]:
    """Yield the file from which sshd takes the account's keys, and whose it is; meanwhile act in that owner's name.

    Below a home, or a folder of the user's elsewhere, it is the user, who decides there where links lead; else root.
    """
    account = pwd.getpwnam(user)
    home = Path(account.pw_dir)
    path = home / _place_of_keys(user, account.pw_dir)
    owners = (status.st_uid for status in map(disk.status, path.parents) if status is not None)
    is_theirs = home in path.parents or account.pw_uid in owners
    owner = Owner(account.pw_uid, account.pw_gid) if is_theirs else ROOT
    with rights.of(owner):
        yield _end_of_links(path), owner


def _place_of_keys(user: str, home: str) -> str:
    """Return where sshd looks first: sshd_config(5), AuthorizedKeysFile."""
    if not os.access(SSHD, os.X_OK):
        return DEFAULT_KEYS
    said = commands.run([SSHD, "-T", "-C", "user=%s,host=localhost,addr=127.0.0.1" % user])
    found = re.search(r"^authorizedkeysfile (\S+)", said.stdout, re.MULTILINE)
    if found is None:
        return DEFAULT_KEYS  # it does not know its own settings: they are no concern of this program
    if found.group(1) == "none":
        raise Refusal(
            "sshd_config: AuthorizedKeysFile none for %s; expected a file, else no node can pull; mend that and run "
            "again" % user
        )
    tokens = {"%%": "%", "%h": home, "%u": user, "%U": str(pwd.getpwnam(user).pw_uid)}
    return re.sub("%[%huU]", lambda match: tokens[match.group()], found.group(1))


def _end_of_links(path: Path) -> Path:
    """Return where the links at a path lead: they stay links."""
    for _ in range(handles.MAX_LINKS):
        to = disk.target(path)
        if to is None:
            return path
        path = Path(os.path.normpath(str(path.parent / to)))
    raise Refusal("%s: too many links, one to another; expected a file; look there, and run again" % path)


def _lines(path: Path) -> List[str]:
    """A line ends at a line feed, and holds any bytes."""
    text = disk.read(path).decode(*ANY_BYTES) if disk.is_file(path) else ""
    return (text if text.endswith("\n") else text + "\n").split("\n")[:-1] if text else []
