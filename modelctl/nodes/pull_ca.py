"""The pull CA: the control node's key that certifies the nodes' pull keys, and the lines that trust it. The trainers'
upload keys too, so that a deploy need not reach trainer and datasink in one run.

A certificate names its host and the generation of its pull key, so that one node's can be revoked. Certificates and the
options of authorized_keys are OpenSSH's: ssh-keygen(1), sshd(8).
"""

import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import (
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.json_files import Revoked

PRINCIPAL = "sentinelcam-pull-2"
"""Of all nodes. `sentinelcam-pull`, of the older certificates that cannot be revoked singly, opens nothing more."""
REVOKED = "this node's pull key was revoked"
"""What the datasink says to such a node; node/pull/transfer.py knows it."""
MAX_SAID = 400  # characters: of a key's modes ssh-keygen says a lot
_PULL_KEY = re.compile(r"(ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43})(?: [^\r\n]*)?\n?")
_REFUSAL = f'echo \\"{REVOKED}\\" >&2; exit 1'

Principals = tuple[str, ...]

_creating = Lock()  # hosts are worked on side by side


@dataclass(frozen=True)
class PullCa:
    """An OpenSSH key pair outside git; `key` is the private half."""

    key: Path

    def exists(self) -> bool:
        return self._path.is_file()

    def public_key(self) -> str:
        """The public half. Raises OperatorError for one that is damaged: sshd would be told to trust nobody by it."""
        try:
            text = self._path.read_bytes().decode(errors="replace").strip()
        except OSError as error:
            raise OperatorError(f"pull_ca {self._path}: {error.strerror}; expected its public half") from None
        if not _is_public_key(text):
            raise OperatorError(
                f"pull_ca {self._path}: found {one_line(text, 60) or 'nothing'}; expected its public half in a line; "
                f"make it anew: ssh-keygen -y -f {shlex.quote(str(self.key))} >{shlex.quote(str(self._path))}"
            )
        return text

    def create(self) -> bool:
        """Make the key pair, unless it is there; tells whether it was made. Raises OperatorError."""
        with _creating:
            if self.exists():
                return False
            try:
                self.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise OperatorError(f"pull_ca {self.key}: {error.strerror}; expected a folder for the key") from error
            _ssh_keygen("-t", "ed25519", "-N", "", "-C", "sentinelcam pull CA", "-f", str(self.key))
            return True

    def lines(self, registry: str, revoked: Revoked, uploads: Mapping[str, str]) -> list[str]:
        """The authorized_keys lines that let certified nodes read `registry` and nothing else, and who has one of the
        principals in `uploads` run its command. sshd takes the first line that matches, so the one for revoked keys
        comes first.
        """
        each = [_own(host, number + 1) for host, last in sorted(revoked.hosts.items()) for number in range(last)]
        allowed = self._line(PRINCIPAL, f"/usr/bin/rrsync -ro {registry}")
        refused = [self._line(",".join(each), _REFUSAL)] if each else []
        return [*refused, *(self._line(principal, command) for principal, command in uploads.items()), allowed]

    def certify(self, public_key: str, host: str, generation: int, principals: Principals | None = None) -> str:
        """Return a certificate for a host's public key, which permits nothing by itself; without principals it is of a
        node that pulls. Raises OperatorError.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "key.pub")
            path.write_text(f"{public_key}\n", encoding="utf-8")
            named = ",".join(principals or pull_principals(host, generation))
            words = ("-I", f"{host}.{generation}", "-n", named, "-z", str(int(time.time())), "-O", "clear", str(path))
            _ssh_keygen("-s", str(self.key), *words)
            certificate = Path(folder, "key-cert.pub").read_text(encoding="utf-8")
        if not self.has_certified(certificate, public_key, host, generation, principals):
            raise OperatorError(
                f"pull_ca {self.key}: {self._path} is of another key; expected the two halves of one pair; restore both"
            )
        return certificate

    def has_certified(
        self,
        certificate: str | None,
        public_key: str | None,
        host: str,
        generation: int,
        principals: Principals | None = None,
    ) -> bool:
        """Tell whether `certificate` is this CA's for `public_key`, as `certify` makes it now; both may be anything.
        Raises OperatorError when the CA's own public half is damaged.
        """
        if certificate is None or public_key is None or not self.exists():
            return False
        signer, read = _plain(self.public_key()), _certificate(certificate)
        if read is None:
            return False
        found, keys = read
        return (
            keys == [signer, _plain(public_key)]
            and found.valid_principals == [each.encode() for each in principals or pull_principals(host, generation)]
            and found.type == SSHCertificateType.USER
            and found.serial != 0  # as of one that `certify` made
            and not (found.extensions or found.critical_options)  # permits nothing by itself
        )

    def _line(self, principals: str, command: str) -> str:
        options = f'cert-authority,restrict,principals="{principals}",command="{command}"'
        return f"{options} {self.public_key()}"

    @property
    def _path(self) -> Path:
        return self.key.with_name(self.key.name + ".pub")


def pull_principals(host: str, generation: int) -> Principals:
    """Who a node is to the datasink."""
    return PRINCIPAL, _own(host, generation)


def upload_principals(host: str, generation: int) -> Principals:
    """Who a trainer is to the datasink: no node that pulls."""
    return (f"sentinelcam-upload:{host}:{generation}",)


def _own(host: str, generation: int) -> str:
    """The principal of one host's pull keys of one generation: no host's name has a colon."""
    return f"sentinelcam-pull:{host}:{generation}"


def pull_key(text: str | None) -> str | None:
    """A node's public key without its comment; None for anything else than one key as the nodes make them."""
    found = _PULL_KEY.fullmatch(text or "")
    return found[1] if found else None


def _certificate(text: str) -> tuple[SSHCertificate, list[bytes]] | None:
    """A certificate whose signature is right, with the keys of its signer and its holder; None for what is none."""
    try:
        found = load_ssh_public_identity(text.encode())
        if not isinstance(found, SSHCertificate):
            return None
        found.verify_cert_signature()
        keys = (found.signature_key(), found.public_key())
        return found, [key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) for key in keys]
    except Exception:  # a node can send any bytes, and nobody says what the library raises for which of them
        return None


def _is_public_key(text: str) -> bool:
    """Whether it is one line with a key of any type, as authorized_keys takes it."""
    if not text.isprintable() or text.startswith("#"):
        return False
    try:
        return not isinstance(load_ssh_public_identity(text.encode()), SSHCertificate)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _plain(public_key: str) -> bytes:
    """A public key without its comment."""
    return " ".join(public_key.split()[:2]).encode(errors="replace")


def _ssh_keygen(*words: str) -> None:
    # no input: it would ask whether to overwrite a key whose public half is lost
    command = ["ssh-keygen", "-q", *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
    except FileNotFoundError:
        raise OperatorError("ssh-keygen: no such program; install it: apt-get install openssh-client") from None
    if done.returncode != 0:
        said = one_line(done.stderr, MAX_SAID)
        raise OperatorError(f"ssh-keygen {words[0]}: {said}; check the site's pull_ca and its modes")
