"""`modelctl doctor`: what hosts lack, with the command that mends it; no host's failure is another's."""

import json
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.doctor import way
from modelctl.nodes.pull_ca import PullCa
from modelctl.nodes.trust import HostKey
from node import protocol
from node.codec import Text
from node.protocol.condition import Clock, Code, Condition, Letting, Space
from node.protocol.facts import PullAccess
from tests import chandler
from tests.unit.modelctl.fake_ssh import FakeSsh
from tests.unit.modelctl.sites import fleet, pinned, site

NODE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG/tm3/XtGj4+1X9PvfjgZ3h8p2Go01Xu6jXgV7ZCq0Z"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIGy4sUfl9uzRb3vL9JjXwWTR6SdzD2vVbMRmEWRb8o1I"
WELL = Condition(
    [], True, Clock(synchronized=True, keeper=None), Space(Path("/"), 10**12, 0), Code([]), PullAccess(None, None, None)
)
LETTING = Letting(None, authorized=True, revoked=[])
ON_LAB1 = "pyinfra --limit lab1"
SITE = """
from pathlib import Path
from tests.unit.modelctl.sites import fleet, pinned, site
_FLEET = fleet(site(known_hosts=Path({known_hosts!r}), pull_ca=Path({pull_ca!r})), pins={pins})
"""


@cache
def certified(pull_ca: Path, name: str, generation: int) -> str:
    return PullCa(pull_ca).certify(NODE_KEY, name, generation)


class Hosts:
    """The hosts of the site, which lack nothing unless a test says otherwise."""

    def __init__(self, folder: Path, pull_ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.known_hosts, self.pull_ca = folder, folder / "known_hosts", pull_ca
        self.fleet = fleet(site(known_hosts=self.known_hosts, pull_ca=self.pull_ca), pins=pinned())
        hosts = self.fleet.site.hosts
        self.known_hosts.write_text("".join(f"{host.address} ssh-ed25519 {KEY}\n" for host in hosts.values()))
        self.ssh = FakeSsh(folder, monkeypatch)
        for name in self.fleet.with_service():
            self.say(name)
        self.fail("deepend", 0, "")
        self.write("pinned()")

    def write(self, pins: str) -> None:
        self.site = self.folder / "site.py"
        text = SITE.format(known_hosts=str(self.known_hosts), pull_ca=str(self.pull_ca), pins=pins)
        self.site.write_text(text, encoding="utf-8")

    def say(self, name: str, **changes: Any) -> None:
        own = {"letting": LETTING} if name == self.fleet.site.primary_datasink else {"pull_access": self.access(name)}
        answer = protocol.dumps(WELL._replace(**{**own, **changes}))
        self.ssh.answer(str(self.fleet.host(name).address), f"printf %s {shlex.quote(answer)}")

    def access(self, name: str, generation: int = 1) -> PullAccess:
        certificate = certified(self.pull_ca, name, generation)
        return PullAccess(Text(NODE_KEY), Text(certificate), Text(f"192.168.10.50 ssh-ed25519 {KEY}\n"))

    def fail(self, name: str, code: int, words: str) -> None:
        self.ssh.answer(str(self.fleet.host(name).address), f"printf '%s\\n' {shlex.quote(words)} >&2; exit {code}")

    def doctor(self, *words: str) -> Result:
        words = ("doctor", *words, "--site", str(self.site))
        return CliRunner().invoke(cli.main, words, catch_exceptions=False)

    def lacks(self, name: str) -> list[dict[str, str]]:
        result = self.doctor(name, "--json")
        data = json.loads(result.stdout)
        found: list[dict[str, str]] = data["hosts"][name]["lacks"]
        assert (data["format"], data["ok"], result.exit_code) == (1, not found, 3 if found else 0)
        return found

    def only(self, name: str) -> tuple[str, str, str, str]:
        """The one thing that a host lacks."""
        [found] = self.lacks(name)
        return found["check"], found["found"], found["expected"], found["mend"]


@pytest.fixture(scope="module")
def pull_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "pull_ca"
    PullCa(path).create()
    return path


@pytest.fixture
def hosts(tmp_path: Path, pull_ca: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    monkeypatch.chdir(chandler.FOLDER)
    monkeypatch.setattr("modelctl.nodes.remote.port", lambda *_: 22)
    monkeypatch.setattr("modelctl.hints.pyinfra", lambda words: f"pyinfra {words}")
    return Hosts(tmp_path, pull_ca, monkeypatch)


def test_hosts_that_lack_nothing(hosts: Hosts) -> None:
    result = hosts.doctor()
    assert (result.exit_code, result.stdout) == (0, "6 hosts lack nothing\n")
    assert hosts.doctor("lab1").stdout == "1 host lacks nothing\n"


def test_the_table_names_what_lacks_and_each_command_once(hosts: Hosts) -> None:
    hosts.say("lab1", packages=["rsync"], clock=Clock(synchronized=False, keeper=None))
    hosts.say("alpha5", packages=["rsync"])
    hosts.fail("east", 255, "ssh: connect to host 192.168.10.21 port 22: No route to host")
    result = hosts.doctor()
    assert result.exit_code == 3
    assert result.stdout == (
        "host    check      found                                                         expected\n"
        "lab1    packages   no rsync                                                      installed\n"
        "lab1    clock      not synchronised                                              synchronised\n"
        "east    reachable  ssh: connect to host 192.168.10.21 port 22: No route to host  an SSH server\n"
        "alpha5  packages   no rsync                                                      installed\n"
        "\n"
        "packages, clock of lab1, alpha5: pyinfra deploys/prepare.py --limit lab1 --limit alpha5 -y\n"
        "reachable of east: look at its power and its cable, and at ops@192.168.10.21\n"
        "3 of 6 hosts lack something; of east the rest was not looked at; when it is mended: "
        "modelctl doctor lab1 east alpha5\n"
    )


def test_a_name_that_is_no_host_of_ours(hosts: Hosts) -> None:
    result = hosts.doctor("wall1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "HOST: found 'wall1'; allowed: alpha5, data1, deepend, east, lab1, sentinel\n"


def test_a_host_whose_key_nobody_trusts(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = HostKey("192.168.10.20", KEY)
    monkeypatch.setattr("modelctl.nodes.trust.scan", lambda *_: shown)
    hosts.fail("lab1", 255, "No ED25519 host key is known.\nHost key verification failed.")
    other = HostKey("192.168.10.20", NODE_KEY.split()[1])
    hosts.known_hosts.write_text(f"192.168.10.20 ssh-ed25519 {other.key}\n")
    assert hosts.only("lab1") == ("host key", shown.fingerprint, other.fingerprint, "modelctl trust lab1 --replace")
    hosts.known_hosts.write_text("")
    assert hosts.only("lab1") == ("host key", shown.fingerprint, "one that you trust", "modelctl trust lab1")


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("publickey,password", "ssh-copy-id -o UserKnownHostsFile=KNOWN ops@192.168.10.20"),
        ("publickey", "put your SSH key into ~ops/.ssh/authorized_keys, at its console"),
    ],
)
def test_a_login_that_takes_no_key(said: str, mend: str, hosts: Hosts) -> None:
    hosts.fail("lab1", 255, f"ops@192.168.10.20: Permission denied ({said}).")
    check, _, expected, found = hosts.only("lab1")
    assert (check, expected) == ("login", "ops, with your SSH key")
    assert found.replace(str(hosts.known_hosts), "KNOWN") == mend


@pytest.mark.parametrize(
    ("code", "said", "check", "mend"),
    [
        (1, "sudo: a password is required", "sudo", "at a terminal: pyinfra deploys/prepare.py --limit lab1 -y"),
        (127, "env: 'sudo': No such file or directory", "sudo", "at its console: su -c 'apt-get install sudo"),
        (1, "ops is not in the sudoers file.", "sudo", "at its console, as root: visudo -f"),
        (1, "sudo: /usr/bin/python3: command not found", "python", "pyinfra deploys/prepare.py --limit lab1 -y"),
        (1, "SyntaxError: invalid syntax", "answer", "modelctl doctor lab1"),
        (2, "unknown option -I", "python", "look at ops@192.168.10.20: python3 --version"),
    ],
)
def test_what_keeps_the_rest_from_being_looked_at(code: int, said: str, check: str, mend: str, hosts: Hosts) -> None:
    hosts.fail("lab1", code, f"a banner\n{said}")
    found = hosts.only("lab1")
    assert found[0] == check
    assert found[3].startswith(mend)


def test_a_host_that_hangs_is_waited_for_no_longer_than_that(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "SECONDS", 0.3)
    hosts.ssh.answer("192.168.10.20", "exec sleep 30")
    result = hosts.doctor("lab1", "east")
    assert result.exit_code == 3
    assert "lab1  reachable  no answer within 0.3 s  an answer\n" in result.stdout
    assert "1 of 2 hosts lacks something" in result.stdout
    assert "1 of 1 host lacks something" in hosts.doctor("lab1").stdout


def test_an_answer_that_is_none(hosts: Hosts) -> None:
    hosts.ssh.answer("192.168.10.20", "echo hello")
    check, found, *_ = hosts.only("lab1")
    assert check == "answer"
    assert "found hello; expected its condition as JSON" in found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"has_user": False}, ("user", "no ops", "the service's user", "pyinfra deploys/prepare.py --limit lab1 -y")),
        (
            {"clock": Clock(synchronized=False, keeper="chrony")},
            ("clock", "not synchronised, although chrony runs", "synchronised", f"{ON_LAB1} exec -- timedatectl"),
        ),
        (
            {"unfound": {"data1": "does not find data1", "--evil": "a name of its own"}},
            (
                "name", "does not find data1", "in DNS or /etc/hosts",
                f"{ON_LAB1} exec --sudo -- 'echo 192.168.10.50 data1 >>/etc/hosts'; or correct the name in site.py",
            ),
        ),
        (
            {"space": Space(Path("/home"), 210_000_000, 20_000_000)},
            ("disk", "/home: 210.0 MB free", "20.0 MB for models, and 200.0 MB beside", "modelctl prune nodes"),
        ),
        (
            {"code": Code([Path("/home/ops/imagenode/imagenode/imagenode.py")])},
            (
                "code", "no readable ~ops/imagenode/imagenode/imagenode.py",
                "imagenode 0.2",
                "pyinfra --limit lab1 -y files.sync src=PATH-OF-IMAGENODE dest=/home/ops/imagenode",
            ),
        ),
        (
            {"code": Code([], "0.3", unfit=True)},
            (
                "release", "imagenode 0.3", "imagenode 0.2",
                "pyinfra --limit lab1 -y files.sync src=PATH-OF-IMAGENODE dest=/home/ops/imagenode",
            ),
        ),
        (
            {"code": Code([Path("/home/ops/.opencv/bin/python")])},
            (
                "environment", "no readable ~ops/.opencv/bin/python", "imagenode's Python",
                "pyinfra --limit lab1 exec -- 'sudo apt-get install -y python3-venv && "
                "python3 -m venv --system-site-packages /home/ops/.opencv'",
            ),
        ),
        (
            {"code": Code([], absent=["numpy", "zmq", "--index-url=evil"])},
            (
                "environment", "no numpy, zmq", "what imagenode imports",
                f"""{ON_LAB1} exec -- '/home/ops/.opencv/bin/python -m pip install '"'"'numpy<2'"'"' pyzmq'""",
            ),
        ),
    ],
)  # fmt: skip
def test_what_a_node_lacks(changes: dict[str, Any], expected: tuple[str, ...], hosts: Hosts) -> None:
    hosts.say("lab1", **changes)
    assert hosts.only("lab1") == expected


def test_pull_keys(hosts: Hosts) -> None:
    deploy, wanted = "pyinfra deploys/access.py --limit lab1 -y", "certified by this control node"
    hosts.say("lab1", pull_access=PullAccess(None, None, None))
    assert hosts.only("lab1") == ("pull key", "none", wanted, deploy)
    hosts.say("lab1", pull_access=hosts.access("lab1", generation=2))
    found = "by another CA, or not at all"
    assert hosts.only("lab1") == ("pull key", found, f"{wanted}, of generation 1", deploy)
    hosts.say("lab1", pull_access=hosts.access("lab1")._replace(known_hosts=Text("")))
    assert hosts.only("lab1") == ("pull key", "another host key of data1", "the one that you trust", deploy)
    hosts.known_hosts.write_text("")
    assert hosts.only("lab1") == ("pull key", "data1 is not trusted here", "its host key", "modelctl trust data1")


def test_what_the_first_deploy_brings_too_says_so(hosts: Hosts) -> None:
    """Not of a key that a later one has to mend: who reads that deploys no more for the first time."""
    bare = PullAccess(None, None, None)
    hosts.say("data1", letting=LETTING._replace(authorized=None))
    hosts.say("lab1", pull_access=bare)
    limits = "--limit lab1 --limit data1 -y"
    [line] = [line for line in hosts.doctor("lab1", "data1").stdout.splitlines() if line.startswith("pull key of")]
    assert line == f"pull key of lab1, data1 (the first deploy brings it too): pyinfra deploys/access.py {limits}"
    hosts.say("lab1", pull_access=hosts.access("lab1", generation=2))
    assert f"pull key of lab1, data1: pyinfra deploys/access.py {limits}\n" in hosts.doctor("lab1", "data1").stdout


def test_what_nobody_has_pinned_yet(hosts: Hosts) -> None:
    """A new site has no pins: the deploy that brings the key wants them first."""
    hosts.write("None")
    hosts.say("lab1", pull_access=PullAccess(None, None, None))
    assert hosts.only("lab1")[3] == "modelctl pin; commit that, then: pyinfra deploys/access.py --limit lab1 -y"


@pytest.mark.parametrize(
    ("letting", "found", "mend"),
    [
        ({"authorized": None}, "certified nodes are not let in", "pyinfra deploys/access.py --limit data1 -y"),
        ({"authorized": False, "revoked": ["a"]}, "revoked here alone: a", "git pull, in the site's checkout"),
        ({"rrsync": "too old"}, "too old", "pyinfra --limit data1 exec --sudo -- apt-get install -y rsync"),
    ],
)  # fmt: skip
def test_a_datasink_that_lets_nobody_pull(letting: dict[str, Any], found: str, mend: str, hosts: Hosts) -> None:
    hosts.say("data1", letting=LETTING._replace(**letting))
    assert (hosts.only("data1")[1], hosts.only("data1")[3]) == (found, mend)


def test_a_trainer(hosts: Hosts) -> None:
    """Nothing is installed there by a deploy."""
    hosts.ssh.answer("192.168.10.100", "echo ssh; echo ssh-keygen; echo a banner")
    assert hosts.only("deepend") == (
        "packages", "no openssh-client", "installed",
        "pyinfra --limit deepend exec --sudo -- apt-get install -y openssh-client",
    )  # fmt: skip


def test_imports_that_nobody_can_tell_are_said(hosts: Hosts) -> None:
    hosts.say("lab1", code=Code([], unknown="x.py: is no Python"))
    result = hosts.doctor("lab1")
    assert result.stdout == ("lab1: not known what its service imports: x.py: is no Python\n1 host lacks nothing\n")
    assert result.exit_code == 0
