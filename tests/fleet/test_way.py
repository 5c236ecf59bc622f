"""The way to a host, under an operator's own ssh_config and known hosts."""

import json
import subprocess
from pathlib import Path

import pytest

from lab import keys
from lab.hosts import HOSTS
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import DEFAULT_SITE, Run, hint, modelctl, pyinfra

CONFIG = """
Host 198.18.*
    RemoteCommand echo something else
    PermitLocalCommand yes
    LocalCommand echo local >>{folder}/local
    LocalForward 127.0.0.1:5599 localhost:22
    SessionType none
    RequestTTY force
    StdinNull yes
    HostKeyAlias east
    UpdateHostKeys yes
    StrictHostKeyChecking no
    ForwardAgent yes
    {more}
"""


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh_config for a test to write, which ssh and pyinfra read."""
    config, ssh = tmp_path / ".ssh" / "config", tmp_path / "bin" / "ssh"
    for path in (config, ssh):
        path.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {config} "$@"\n', encoding="utf-8")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    return config


def asked(host: str, site: Path = DEFAULT_SITE) -> tuple[Run, Run]:
    """What both tools find at a host."""
    status = modelctl("status", host, "--json", "--site", str(site))
    return status, pyinfra("--limit", host, "exec", "--", "grep", "-qx", host, "/etc/hostname", site=site)


def chosen(status: Run, host: str) -> str:
    services = json.loads(status.out)["hosts"][host]["services"]
    return str(services["imagenode"]["chosen"])


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("more", ["", f"HostName {HOSTS['east'].address}"])
def test_an_operators_ssh_config_changes_nothing(configured: Path, tmp_path: Path, node: NodeOf, more: str) -> None:
    """H13: modelctl was blind, and with a HostName asked another host under this one's name."""
    configured.write_text(CONFIG.format(folder=tmp_path, more=more), encoding="utf-8")
    status, name = asked("lab1")
    assert status.code == 0, status.err
    assert chosen(status, "lab1") == node("lab1").link("chosen") != node("east").link("chosen")
    assert name.code == 0, name.err
    assert not (tmp_path / "local").exists()


@pytest.mark.usefixtures("deployed")
def test_a_way_that_leads_to_another_host_is_refused(configured: Path) -> None:
    """H13."""
    east = HOSTS["east"].address
    jump = f"/usr/bin/ssh -F none -i {keys.OPERATOR} -o UserKnownHostsFile={keys.KNOWN_HOSTS} -W {east}:22 ops@{east}"
    configured.write_text(f"Host 198.18.*\nProxyCommand {jump}\n", encoding="utf-8")
    status, name = asked("lab1")
    assert status.code == 3
    error = json.loads(status.out)["hosts"]["lab1"]["error"]
    assert error.endswith(f"Host key verification failed; is its key trusted? {hint('trust lab1')}")
    assert name.code == 1
    assert "does not match" in name.err
    assert "Traceback" not in status.err + name.err
    there_itself, _ = asked("east")
    assert there_itself.code == 0, there_itself.err


@pytest.mark.usefixtures("deployed")
def test_a_hashed_key_of_an_old_card_is_replaced(tmp_path: Path) -> None:
    """H12: ssh went on trusting it, and pyinfra refused the new card for ever."""
    known, address = tmp_path / "known_hosts", HOSTS["lab1"].address
    old, others = tmp_path / "old", _lines(but=address)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(old)], check=True)
    public = old.with_suffix(".pub").read_text(encoding="utf-8").split()
    known.write_text(f"{others}{address},[{address}]:2222 {' '.join(public[:2])} old\n", encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(known)], check=True, capture_output=True)
    site = _site(tmp_path, known)
    status, name = asked("lab1", site)
    assert "Host key verification failed" in json.loads(status.out)["hosts"]["lab1"]["error"]
    assert name.code == 1
    run = modelctl("trust", "lab1", "--replace", "--yes", "--site", str(site))
    assert run.code == 0, run.err
    found = subprocess.run(["ssh-keygen", "-F", address, "-f", str(known)], capture_output=True, text=True, check=True)
    assert public[1] not in found.stdout
    status, name = asked("lab1", site)
    assert (status.code, name.code) == (0, 0), status.err + name.err


def _lines(but: str) -> str:
    lines = keys.KNOWN_HOSTS.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if but not in line.split()[0].split(","))


def _site(folder: Path, known: Path) -> Path:
    """The lab with another file of known hosts."""
    path = folder / "site.py"
    path.write_text(
        "from pathlib import Path\n"
        "from dataclasses import replace as _replace\n"
        "from lab.fleet import fleet as _fleet\n"
        "from lab.network import enter as _connect\n"
        f"_FLEET = _replace(_fleet(), site=_fleet().site.model_copy(update={{'known_hosts': Path({str(known)!r})}}))\n",
        encoding="utf-8",
    )
    return path
