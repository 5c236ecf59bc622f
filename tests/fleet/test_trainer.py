"""A trainer, set up by a deploy, and what its upload key opens on the primary datasink: one command."""

import hashlib
import json
import shlex

import pytest

from lab.lab import Lab
from node.registry.upload import SYNCED
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import Run, pyinfra
from tests.unit.attacks import table
from tests.unit.attacks.attack import Attack, Way

HOME = "/home/pyimagesearch"
ROOT = f"{HOME}/deepthink"
OWN = f"{ROOT}/.sentinelcam"
SSH = (
    f"ssh -F none -T -i {HOME}/.ssh/sentinelcam_upload -o IdentitiesOnly=yes -o BatchMode=yes "
    f"-o StrictHostKeyChecking=yes -o UserKnownHostsFile={OWN}/known_hosts"
)
DATASINK = "ops@198.18.0.50"
AREA = "/home/ops/sentinelcam/incoming"
LOG = "/home/ops/sentinelcam/logs/model_deployment.log"
AUTHORIZED = "/home/ops/.ssh/authorized_keys"
FOLDERS, KEYS, PROGRAM = "Make the trainer's folders", "Make the trainer's keys", "Install the trainer's program"
CONTENTS = {"manifest.yaml": b"name: cats\n", "cats.bin": bytes(range(256)) * 8000}
SENDER = """
import subprocess, sys, json
words, cut, announcement, *files = json.loads(sys.stdin.read())
ssh = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
ssh.stdin.write(announcement.encode() + b"\\n")
ssh.stdin.flush()
said = ssh.stdout.readline()
have = json.loads(said).get("have", {})
rest = b"".join(bytes.fromhex(text)[have.get(name, 0):] for name, text in files)
try:
    ssh.stdin.write(rest[:cut])
    ssh.stdin.flush()
    if cut is not None:
        ssh.stdin.close()
except BrokenPipeError:
    pass
print(json.dumps([json.loads(said), *map(json.loads, ssh.stdout)]))
"""


def deploy(*words: str) -> Run:
    """Deploy to the trainer."""
    return pyinfra("deploys/trainer.py", "--limit", "deepend", "--json", *words)


@pytest.fixture
def deepend(deployed: Lab, node: NodeOf) -> Node:
    assert deployed
    assert deploy("-y").code == 0
    return node("deepend")


def typed(deepend: Node, command: str) -> tuple[int, str]:
    """What the trainer's user types there; the exit status, and all that is said."""
    done = deepend.lab.run("deepend", f"su - pyimagesearch -c {shlex.quote(command)} 2>&1")
    return done.returncode, done.stdout


def uploaded(deepend: Node, version: str, cut: int | None = None) -> list[dict[str, object]]:
    """Upload a version, of what is not there only the first bytes; return what the datasink said."""
    files = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in CONTENTS.items()
    ]
    words = [*shlex.split(SSH), DATASINK, "upload", "cats", version]
    order = [
        words,
        cut,
        json.dumps({"format": 1, "conversation": 2, "files": files}),
        *((name, each.hex()) for name, each in CONTENTS.items()),
    ]
    deepend.write("/tmp/sender.py", SENDER)  # noqa: S108
    command = "su - pyimagesearch -c 'python3 /tmp/sender.py'"
    done = deepend.lab.run("deepend", command, stdin=json.dumps(order))
    assert done.returncode == 0, done.stderr
    said: list[dict[str, object]] = json.loads(done.stdout)
    return said


def test_a_bare_trainer_is_set_up_and_is_settled_then(deployed: Lab, node: NodeOf) -> None:
    deployed.reset("deepend")
    predicted, first, second = deploy("--dry"), deploy("-y"), deploy("-y")
    everything = {FOLDERS: {"deepend"}, KEYS: {"deepend"}, PROGRAM: {"deepend"}}
    assert predicted.predicted() == first.changed() == everything
    assert (second.code, second.changed()) == (0, {})
    deepend = node("deepend")
    found = deepend.shell(f"find {ROOT} -type d -printf '/%P %u %m\\n'").splitlines()
    assert set(found) == {
        f"/{folder} pyimagesearch 755"
        for folder in (
            "", "models", "data", "notebooks", "notebooks/output", "logs", ".sentinelcam", ".sentinelcam/trainer",
        )
    }  # fmt: skip
    assert deepend.shell(f"stat -c '%U %a' {HOME}/.ssh {HOME}/.ssh/sentinelcam_upload") == (
        "pyimagesearch 700\npyimagesearch 600"
    )
    assert deepend.shell(f"find {HOME} -name '*.new*'") == ""
    assert not deepend.exists("/var/lib/sentinelcam")
    code, said = typed(deepend, f"{ROOT}/upload_and_deploy.sh --help")
    assert (code, "usage" in said.lower()) == (0, True), said


def test_what_a_hand_changed_is_as_wanted_again(deepend: Node) -> None:
    deepend.shell(f"rm {HOME}/.ssh/sentinelcam_upload-cert.pub; chmod 600 {ROOT}/upload_and_deploy.sh")
    deepend.shell(f"echo >{HOME}/.ssh/sentinelcam_receive; echo x >>{OWN}/settings.json; rm -r {ROOT}/logs")
    deepend.shell(f"touch {ROOT}/models/mine {OWN}/mine {OWN}/trainer/older.py")
    public = deepend.read(f"{HOME}/.ssh/sentinelcam_upload.pub")
    assert deploy("-y").changed() == {FOLDERS: {"deepend"}, KEYS: {"deepend"}, PROGRAM: {"deepend"}}
    assert deploy("-y").changed() == {}
    assert deepend.read(f"{HOME}/.ssh/sentinelcam_upload.pub") == public
    assert deepend.exists(f"{ROOT}/models/mine")
    assert deepend.exists(f"{OWN}/mine")
    assert not deepend.exists(f"{OWN}/trainer/older.py")


def test_an_upload_comes_whole_and_is_logged(deepend: Node, node: NodeOf) -> None:
    data1 = node("data1")
    data1.shell(f"rm -rf {AREA}")
    said = uploaded(deepend, "2026-03-01")
    assert said[0] == {"format": 1, "conversation": 2, "have": {"manifest.yaml": 0, "cats.bin": 0}}
    assert said[-2:] == [{"format": 1, "safe": sum(map(len, CONTENTS.values()))}, {"format": 1, "done": True}]
    for name, content in CONTENTS.items():
        assert data1.sha256(f"{AREA}/cats/2026-03-01/{name}") == hashlib.sha256(content).hexdigest()
    assert set(data1.shell(f"find {AREA} -printf '%u %m\\n'").splitlines()) == {"ops 750", "ops 640"}
    total = sum(map(len, CONTENTS.values()))
    assert (
        data1.read(LOG)
        .splitlines()[-1]
        .endswith(f"Z deepend upload cats/2026-03-01: 2 files, {total} bytes, {total} of them sent now")
    )


def test_a_cut_upload_goes_on(deepend: Node, node: NodeOf) -> None:
    data1 = node("data1")
    data1.shell(f"rm -rf {AREA}")
    cut = uploaded(deepend, "2026-03-02", cut=1_500_000)
    assert cut[-2:] == [
        {"format": 1, "safe": 11 + 11 * SYNCED},
        {"format": 1, "refused": "the connection ended; upload it again, which goes on from there"},
    ]
    again = uploaded(deepend, "2026-03-02")
    assert again[0] == {"format": 1, "conversation": 2, "have": {"manifest.yaml": 11, "cats.bin": 11 * SYNCED}}
    assert again[-1] == {"format": 1, "done": True}
    assert data1.sha256(f"{AREA}/cats/2026-03-02/cats.bin") == hashlib.sha256(CONTENTS["cats.bin"]).hexdigest()


@pytest.mark.parametrize("attack", table.of(Way.LAB_UPLOAD), ids=lambda attack: attack.what)
def test_the_key_opens_nothing_else(deepend: Node, node: NodeOf, attack: Attack) -> None:
    data1 = node("data1")
    looked = f"find /home/ops /tmp -newer /etc/hostname -type f -not -path {LOG} | sort | xargs sha256sum"
    before = data1.shell(looked)
    words = {"ssh": SSH, "options": SSH.removeprefix("ssh ").replace("-T ", ""), "datasink": DATASINK, "home": HOME}
    for case in attack.cases:
        code, said = typed(deepend, case.format(**words))
        assert code != 0, said
        assert "uid=" not in said
        assert not deepend.exists(f"{HOME}/stolen")
        assert data1.shell(looked) == before, case


def test_the_key_forwards_nothing(deepend: Node) -> None:
    _, out = typed(deepend, f"{SSH} -N -W 127.0.0.1:22 {DATASINK} </dev/null")
    assert "administratively prohibited" in out
    _, back = typed(deepend, f"timeout 20 {SSH} -N -o ExitOnForwardFailure=yes -R 4711:127.0.0.1:22 {DATASINK}")
    assert "remote port forwarding failed" in back


def test_the_key_without_its_certificate_opens_nothing(deepend: Node) -> None:
    typed(deepend, f"cp {HOME}/.ssh/sentinelcam_upload {HOME}/bare")
    code, said = typed(deepend, f"{SSH.replace('/.ssh/sentinelcam_upload', '/bare')} {DATASINK} upload cats 2026-03-01")
    assert code == 255, said
    typed(deepend, f"rm {HOME}/bare")


def test_a_node_s_pull_key_cannot_upload(deepend: Node, node: NodeOf) -> None:
    assert deepend
    access = "/var/lib/sentinelcam/access"
    way = f"ssh -F none -i {access}/pull_key -o BatchMode=yes -o UserKnownHostsFile={access}/known_hosts {DATASINK}"
    assert node("lab1").code(f"{way} upload cats 2026-03-01 </dev/null") != 0
    assert "upload" not in node("data1").read(LOG).splitlines()[-1].partition("lab1")[2]
