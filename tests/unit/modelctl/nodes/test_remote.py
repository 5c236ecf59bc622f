"""The way to a host, with a stand-in for ssh on PATH."""

import subprocess
import threading
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from tests.unit.modelctl.fake_ssh import FakeSsh
from tests.unit.modelctl.sites import fleet, site

LAB1 = "192.168.10.20"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSsh:
    return FakeSsh(tmp_path, monkeypatch)


def run(asked: Fleet, *command: str, seconds: float = 30.0, message: str = "") -> "tuple[int, str, str]":
    done = remote.run(asked, "lab1", command, seconds, message)
    return done.returncode, done.stdout, done.stderr


def refusal(asked: Fleet, seconds: float = 30.0) -> str:
    with pytest.raises(remote.NoAnswer) as caught:
        run(asked, "true", seconds=seconds)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_command_runs_there_with_its_input(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, 'printf "%s" "$input" | sh -c "$command"')
    assert run(fleet(), "sh", "-c", "cat; echo worse >&2; exit 7", message="better") == (7, "better", "worse\n")


def test_words_reach_the_command_as_they_are(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, 'sh -c "$command"')
    assert run(fleet(), "printf", "<%s>", "a b", "$(id)", "';'") == (0, "<a b><$(id)><';'>", "")


def test_what_is_no_text_is_marked(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, "printf '\\377'")
    assert run(fleet(), "true") == (0, "\ufffd", "")


def test_ssh_is_strict_and_asks_nothing(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, "true")
    run(fleet(site(known_hosts="/a b/50%/known", ssh_key="/keys/mine")), "true")
    first, *words = ssh.asked(LAB1)[:-1]
    assert first == "-T"
    assert words[:2] == ["-oBatchMode=yes", "-oConnectTimeout=10"]
    assert "-oStrictHostKeyChecking=yes" in words
    assert words[-9:] == [
        "-oHostName=192.168.10.20",
        "-oHostKeyAlias=192.168.10.20",
        '-oUserKnownHostsFile="/a b/50%%/known"',
        '-oIdentityFile="/keys/mine"',
        "-oIdentitiesOnly=yes",
        "-l",
        "ops",
        LAB1,
        "true",
    ]


HARMFUL = """
RemoteCommand tmux attach
PermitLocalCommand yes
LocalCommand echo mounted
LocalForward 8080 localhost:80
RemoteForward 8081 localhost:80
DynamicForward 1080
ForwardX11 yes
ForwardAgent yes
Tunnel yes
SessionType none
RequestTTY force
StdinNull yes
ForkAfterAuthentication yes
HostName 192.168.10.21
HostKeyAlias east
User root
CanonicalizeHostname always
AddressFamily inet6
StrictHostKeyChecking no
UserKnownHostsFile /mine
GlobalKnownHostsFile /ours
KnownHostsCommand /bin/echo %H ssh-ed25519 AAAA
VerifyHostKeyDNS yes
NoHostAuthenticationForLocalhost yes
UpdateHostKeys yes
BatchMode no
ControlMaster auto
ControlPath /run/%C
ControlPersist yes
LogLevel DEBUG3
LogVerbose *:*:*
ConnectTimeout 3600
ServerAliveInterval 0
"""
WAYS = """
Port 2222
ProxyJump tower
IdentityFile /mine/key
IdentityAgent /mine/agent
CertificateFile /mine/certificate
BindAddress 10.0.0.1
Compression yes
"""


def settings(fleet: Fleet, folder: Path, text: str) -> set[str]:
    """What ssh makes of an operator's ssh_config and of our options."""
    path = folder / "ssh_config"
    path.write_text(f"Host *\n{text}")
    program, *words = remote.ssh(fleet, "lab1")
    said = subprocess.run([program, "-F", path, "-G", *words, "true"], check=True, capture_output=True, text=True)
    return set(said.stdout.splitlines())


def test_an_operators_ssh_config_leads_to_no_other_host_and_does_nothing_else(tmp_path: Path) -> None:
    """H13: with each of these modelctl was blind, or asked another host."""
    asked = fleet(site(known_hosts="/known"))
    bare = settings(asked, tmp_path, "")
    assert {"hostname 192.168.10.20", "hostkeyalias 192.168.10.20", "user ops", "stricthostkeychecking true"} <= bare
    unused = {  # while their masters are off
        "localcommand echo mounted", "controlmaster auto", "controlpersist yes",
        "localforward 8080 [localhost]:80", "remoteforward 8081 [localhost]:80", "dynamicforward 1080",
    }  # fmt: skip
    assert settings(asked, tmp_path, HARMFUL) - bare <= unused


def test_an_operators_ways_to_a_host_hold(tmp_path: Path) -> None:
    """H13: a jump host, a port, a key."""
    found = settings(fleet(), tmp_path, WAYS)
    assert {line.lower() for line in WAYS.split("\n") if line} <= {line.lower() for line in found}


def test_the_port_is_that_of_ssh_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H13."""
    config, program = tmp_path / "ssh_config", tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {config} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    config.write_text("")
    assert remote.port(fleet(), "lab1") == 22
    config.write_text("Host 192.168.10.20\nPort 2222\n")
    assert remote.port(fleet(), "lab1") == 2222
    config.write_text("Colour blue\n")
    with pytest.raises(OperatorError, match=r"^ssh: .*; expected an ssh_config that it can read; mend that$"):
        remote.port(fleet(), "lab1")


def test_without_a_key_of_the_site_ssh_takes_the_operators(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, "true")
    run(fleet(), "true")
    assert LAB1 in ssh.asked(LAB1)
    assert not [word for word in ssh.asked(LAB1) if "Identit" in word]


def test_no_connection(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, 'printf "@@@@\\nHost key verification\\033[2J failed.\\r\\n" >&2; exit 255')
    assert refusal(fleet()) == (
        "lab1 (192.168.10.20): Host key verification?[2J failed; is its key trusted? modelctl trust lab1"
    )


def test_no_answer_in_time(ssh: FakeSsh) -> None:
    ssh.answer(LAB1, "exec sleep 30")
    assert refusal(fleet(), seconds=0.2) == "lab1 (192.168.10.20): no answer within 0.2 s; is its disk well?"


def test_no_ssh_is_no_answer_of_a_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError) as caught:
        run(fleet(), "true")
    assert str(caught.value) == "ssh: no such program; install it: apt-get install openssh-client"
    assert not isinstance(caught.value, remote.NoAnswer)


def test_last_line() -> None:
    assert remote.last_line("one\ntwo\x1b[2J\n \n") == "two?[2J"
    assert remote.last_line("\n") == "no reason given"


class TestSideBySide:
    def test_answers_come_by_host_in_the_order_asked(self) -> None:
        assert list(remote.side_by_side(["b", "a"], str.upper).items()) == [("b", "B"), ("a", "A")]

    def test_hosts_are_asked_at_the_same_time(self) -> None:
        meeting = threading.Barrier(8, timeout=20)
        answers = remote.side_by_side([str(each) for each in range(8)], lambda _: meeting.wait())
        assert sorted(answers.values()) == list(range(8))

    def test_an_error_comes_through(self) -> None:
        def fail(host: str) -> str:
            raise OperatorError(host)

        with pytest.raises(OperatorError, match="a"):
            remote.side_by_side(["a", "b"], fail)

    def test_no_hosts(self) -> None:
        assert remote.side_by_side([], str.upper) == {}
