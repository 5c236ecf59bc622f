"""R6: a real sshd, asked with real certificates: who reads the registry, who is refused, and in which words.

It speaks on its standard input, as ssh's ProxyCommand: no port is open, and nothing is left running.
"""

import getpass
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.layers import FOLDER as LAYERS
from modelctl.inventory.json_files import Revoked
from modelctl.nodes.pull_ca import PullCa
from node.pull import transfer

AS_ROOT = """
set -e
mount -t tmpfs none /run
mkdir -m 755 /run/sshd
mount --bind "$1" /etc/passwd
shift
exec "$@"
"""
"""What sshd wants of a machine that it runs on as root, in a namespace of its own."""
PRIVILEGED = "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"


def sshd() -> tuple[str, dict[str, str]] | None:
    """This machine's sshd, else the one of a lab's base system, with the environment that it needs."""
    own = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if own is not None:
        return own, {}
    for found in sorted(LAYERS.glob("system-*/usr/sbin/sshd")):
        libraries = found.parents[2].glob("usr/lib/*-linux-gnu")
        return str(found), {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    return None


class Datasink:
    """An account with the CA's lines, and a registry."""

    def __init__(self, folder: Path, program: str, environment: dict[str, str]) -> None:
        self.folder, self.registry, self.keys = folder, folder / "registry", folder / "authorized_keys"
        self.registry.mkdir()
        (self.registry / "model").write_text("bytes")
        self.keys.touch(mode=0o600)
        _keygen(folder / "host_key")
        _keygen(folder / "node")
        settings = {
            "HostKey": folder / "host_key",
            "AuthorizedKeysFile": self.keys,
            "StrictModes": "no",
            "UsePAM": "no",
        }
        (folder / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        words = [*self._prefix(environment), program, "-i", "-f", str(folder / "config")]
        self._proxy = shlex.join(words)

    def _prefix(self, environment: dict[str, str]) -> list[str]:
        set_up = [f"{name}={value}" for name, value in environment.items()]
        if os.geteuid() != 0:
            return ["env", *set_up]
        users = self.folder / "passwd"
        users.write_text(Path("/etc/passwd").read_text() + PRIVILEGED)
        return ["unshare", "--mount", "sh", "-c", AS_ROOT, "sh", str(users), "env", *set_up]

    def read(self, certificate: str) -> "subprocess.CompletedProcess[str]":
        """What a node with this certificate gets, when it lists the registry."""
        (self.folder / "node-cert.pub").write_text(certificate)
        words = ["ssh", "-F", "none", "-i", str(self.folder / "node")]
        for option in (f"ProxyCommand={self._proxy}", "BatchMode=yes", "IdentitiesOnly=yes", *KNOWS_NOBODY):
            words += ["-o", option]
        command = ["rsync", "-e", shlex.join(words), f"{getpass.getuser()}@localhost:/", "--list-only"]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
        )


KNOWS_NOBODY = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")


def _keygen(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


@pytest.fixture
def pull_ca(tmp_path: Path) -> PullCa:
    made = PullCa(tmp_path / "pull_ca")
    made.create()
    return made


@pytest.fixture
def datasink(tmp_path: Path) -> Datasink:
    found = sshd()
    if found is None or not Path("/usr/bin/rrsync").exists():
        pytest.skip("no sshd on this machine, and no lab was up here yet; tests/fleet/test_access.py asks one there")
    return Datasink(tmp_path, *found)


def test_one_revoked_node_is_shut_out_and_its_next_key_and_the_others_are_not(
    datasink: Datasink, pull_ca: PullCa
) -> None:
    public = (datasink.folder / "node.pub").read_text()
    lines = pull_ca.lines(str(datasink.registry), Revoked(hosts={"east": 2}), {})
    datasink.keys.write_text("".join(f"{line}\n" for line in lines))
    for host, generation in (("east", 1), ("east", 2)):
        refused = datasink.read(pull_ca.certify(public, host, generation))
        assert (refused.returncode != 0, refused.stdout) == (True, "")
        assert refused.stderr.splitlines()[0] == "this node's pull key was revoked"
        said = transfer.hopeless(refused.stderr, "data1") or ""
        assert said.startswith("this node's pull key was revoked; if it is to read again: ")
    for host, generation in (("east", 3), ("east-1", 2)):
        read = datasink.read(pull_ca.certify(public, host, generation))
        assert (read.returncode, read.stderr, read.stdout.split()[-1]) == (0, "", "model")


def test_a_certificate_of_old_opens_nothing_more(datasink: Datasink, pull_ca: PullCa) -> None:
    """Nobody could revoke it."""
    lines = pull_ca.lines(str(datasink.registry), Revoked(), {})
    datasink.keys.write_text("".join(f"{line}\n" for line in lines))
    sign = ["ssh-keygen", "-q", "-s", str(pull_ca.key), "-I", "east", "-n", "sentinelcam-pull"]
    subprocess.run([*sign, str(datasink.folder / "node")], check=True)
    refused = datasink.read((datasink.folder / "node-cert.pub").read_text())
    assert refused.returncode != 0
    assert "Permission denied (publickey" in refused.stderr
