"""The pull authority: the control node's key that certifies the nodes' pull keys, and the lines that trust it.

A certificate names its host and the generation of its pull key, so that one node's can be revoked. Certificates and the
options of authorized_keys are OpenSSH's: ssh-keygen(1), sshd(8).
"""

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import (
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from modelctl.errors import OperatorError
from modelctl.inventory.revoked import Revoked

PRINCIPAL = "sentinelcam-pull-2"
"""Of all nodes. `sentinelcam-pull`, of the older certificates that cannot be revoked singly, opens nothing more."""
REVOKED = "this node's pull key was revoked"
"""What the datasink says to such a node; node/pull_shell.py knows it."""
_REFUSAL = f'echo \\"{REVOKED}\\" >&2; exit 1'

_creating = Lock()  # hosts are worked on side by side


@dataclass(frozen=True)
class Authority:
    """An OpenSSH key pair outside git; `key` is the private half."""

    key: Path

    def exists(self) -> bool:
        return self._public.is_file()

    def create(self) -> bool:
        """Make the key pair, unless it is there; tells whether it was made. Raises OperatorError."""
        with _creating:
            if self.exists():
                return False
            try:
                self.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise OperatorError(f"pull_ca {self.key}: {error.strerror}; expected a folder for the key") from error
            _ssh_keygen("-t", "ed25519", "-N", "", "-C", "sentinelcam pull authority", "-f", str(self.key))
            return True

    def lines(self, registry: str, revoked: Revoked) -> list[str]:
        """Return the authorized_keys lines that let certified nodes read `registry` and nothing else.

        sshd takes the first line that matches, so the one for revoked keys comes first.
        """
        each = [_own(host, number + 1) for host, last in sorted(revoked.hosts.items()) for number in range(last)]
        allowed = self._line(PRINCIPAL, f"/usr/bin/rrsync -ro {registry}")
        return [self._line(",".join(each), _REFUSAL), allowed] if each else [allowed]

    def certify(self, public_key: str, host: str, generation: int) -> str:
        """Return a certificate for a node's public key, which permits nothing by itself. Raises OperatorError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "key.pub")
            path.write_text(public_key, encoding="utf-8")
            name, principals = f"{host}.{generation}", ",".join(_principals(host, generation))
            words = ("-I", name, "-n", principals, "-z", str(int(time.time())), "-O", "clear", str(path))
            _ssh_keygen("-s", str(self.key), *words)
            return Path(folder, "key-cert.pub").read_text(encoding="utf-8")

    def has_certified(self, certificate: str | None, public_key: str | None, host: str, generation: int) -> bool:
        """Tell whether `certificate` is this authority's for `public_key`, as `certify` makes it now."""
        if certificate is None or public_key is None or not self.exists():
            return False
        try:
            found = load_ssh_public_identity(certificate.encode())
            if not isinstance(found, SSHCertificate):
                return False
            found.verify_cert_signature()
        except (ValueError, InvalidSignature, UnsupportedAlgorithm):
            return False
        keys = (found.signature_key(), found.public_key())
        signer, holder = (key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) for key in keys)
        return (
            signer == _plain(self._public.read_text(encoding="utf-8"))
            and holder == _plain(public_key)
            and found.valid_principals == [each.encode() for each in _principals(host, generation)]
            and _is_bare(found)
        )

    def _line(self, principals: str, command: str) -> str:
        options = f'cert-authority,restrict,principals="{principals}",command="{command}"'
        return f"{options} {self._public.read_text(encoding='utf-8').strip()}"

    @property
    def _public(self) -> Path:
        return self.key.with_name(self.key.name + ".pub")


def _principals(host: str, generation: int) -> tuple[str, str]:
    return PRINCIPAL, _own(host, generation)


def _own(host: str, generation: int) -> str:
    """The principal of one host's pull keys of one generation: no host's name has a colon."""
    return f"sentinelcam-pull:{host}:{generation}"


def _is_bare(certificate: SSHCertificate) -> bool:
    """Whether it has a number, and permits nothing beside what the datasink's line does."""
    is_plain = not certificate.extensions and not certificate.critical_options
    return is_plain and certificate.serial != 0 and certificate.type == SSHCertificateType.USER


def _plain(public_key: str) -> bytes:
    """A public key without its comment."""
    return " ".join(public_key.split()[:2]).encode()


def _ssh_keygen(*words: str) -> None:
    # no input: it would ask whether to overwrite a key whose public half is lost
    command = ["ssh-keygen", "-q", *words]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise OperatorError(f"ssh-keygen {words[0]}: {result.stderr.strip()}; check the site's pull_ca and its modes")
