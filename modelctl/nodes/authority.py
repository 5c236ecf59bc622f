"""The pull authority: the control node's key that certifies the nodes' pull keys, and the line that trusts it.

Certificates and the options of authorized_keys are OpenSSH's: ssh-keygen(1), sshd(8).
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import SSHCertificate, load_ssh_public_identity

from modelctl.errors import OperatorError

PRINCIPAL = "sentinelcam-pull"

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
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise OperatorError(f"pull_ca {self._path}: {error.strerror}; expected a folder for the key") from error
            _ssh_keygen("-t", "ed25519", "-N", "", "-C", "sentinelcam pull authority", "-f", str(self._path))
            return True

    def line(self, registry: str) -> str:
        """Return the authorized_keys line that lets certified nodes read `registry` and nothing else."""
        options = f'cert-authority,restrict,principals="{PRINCIPAL}",command="/usr/bin/rrsync -ro {registry}"'
        return f"{options} {self._public.read_text(encoding='utf-8').strip()}"

    def certify(self, public_key: str, host: str) -> str:
        """Return a certificate for a node's public key. Raises OperatorError."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "key.pub")
            path.write_text(public_key, encoding="utf-8")
            _ssh_keygen("-s", str(self._path), "-I", host, "-n", PRINCIPAL, str(path))
            return Path(folder, "key-cert.pub").read_text(encoding="utf-8")

    def has_certified(self, certificate: str | None, public_key: str | None) -> bool:
        """Tell whether `certificate` is this authority's for `public_key`."""
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
            and found.valid_principals == [PRINCIPAL.encode()]
        )

    @property
    def _path(self) -> Path:
        return self.key.expanduser()

    @property
    def _public(self) -> Path:
        return self._path.with_name(self._path.name + ".pub")


def _plain(public_key: str) -> bytes:
    """A public key without its comment."""
    return " ".join(public_key.split()[:2]).encode()


def _ssh_keygen(*words: str) -> None:
    # no input: it would ask whether to overwrite a key whose public half is lost
    command = ["ssh-keygen", "-q", *words]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise OperatorError(f"ssh-keygen {words[0]}: {result.stderr.strip()}; check the site's pull_ca and its modes")
