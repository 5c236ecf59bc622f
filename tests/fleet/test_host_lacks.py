"""What a host lacks is said before anything is done to it, and is no other host's trouble."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import CHECKOUT, DEFAULT_SITE, LIMIT, PYINFRA, Run, deploy, environment, modelctl, predict

BOTH = ("--limit", "east", "--limit", "lab1")
MODEL = "/home/ops/imagenode/models/mobilenet_ssd"
REGISTRY = "/home/ops/sentinelcam/model_registry"
SUDO = (
    "sudo wants a password there; expected none; put 'ops ALL=(ALL) NOPASSWD: ALL' there: "
    "sudo visudo -f /etc/sudoers.d/sentinelcam"
)


def without_terminal(*words: str) -> Run:
    """Run pyinfra on the lab where nobody can be asked, as in CI."""
    done = subprocess.run(
        [PYINFRA, str(DEFAULT_SITE), *words], cwd=CHECKOUT, env=environment(CHECKOUT), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LIMIT, check=False, start_new_session=True,
    )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr)


@contextmanager
def away(node: Node, path: str) -> Iterator[None]:
    """Without what is at a path."""
    node.shell(f"mv {path} {path}.away")
    try:
        yield
    finally:
        node.shell(f"mv {path}.away {path}")


def same_refusal(line: str, predicted: Run, run: Run) -> bool:
    """Whether both failed with this line."""
    assert (predicted.code, run.code) == (1, 1), predicted.err + run.err
    return all(each.lines_with(line) for each in (predicted, run))


@pytest.mark.usefixtures("settled")
def test_a_host_without_rsync(node: NodeOf) -> None:
    """S9: it is missed as soon as something is to be pulled, and not before; predicted as it then is."""
    lab1, east = node("lab1"), node("east")
    line = "lab1: rsync: not installed; sudo apt-get install rsync; then run again"
    with away(lab1, "/usr/bin/rsync"):
        assert deploy(*BOTH).code == 0
        lab1.shell(f"rm -r {MODEL}")
        before, others = lab1.snapshot(), east.snapshot()
        predicted, run = predict(*BOTH), deploy(*BOTH)
        assert same_refusal(line, predicted, run)
        assert (run.failed(), run.changed()) == ({"lab1"}, {})
        assert predicted.predicted() == {"Make the host ready": {"lab1"}}
        assert (lab1.snapshot(), east.snapshot()) == (before, others)
    assert deploy(*BOTH).code == 0
    assert lab1.exists(MODEL)


@pytest.mark.usefixtures("deployed")
def test_a_sudo_that_wants_a_password(node: NodeOf) -> None:
    """U11: it is no lost connection, and the other host is deployed to."""
    lab1 = node("lab1")
    before = lab1.snapshot()
    lab1.shell("sed -i s/NOPASSWD:// /etc/sudoers.d/ops")
    try:
        for words in (("--dry",), ("-y",)):
            run = without_terminal("deploys/models.py", *BOTH, *words)
            assert run.code == 1
            [line] = run.lines_with(f"{SUDO}; or run this at a terminal")
            assert "[lab1]" in line
            assert not run.lines_with("connection lost")
            assert not run.lines_with("Traceback")
        status = modelctl("status", "lab1", "east", "--site", str(DEFAULT_SITE))
        assert status.code == 3
        assert f"lab1 (198.18.0.20): {SUDO}" in status.out
        asked = modelctl("doctor", "lab1", "east", "--site", str(DEFAULT_SITE))
        assert (asked.code, "lab1  sudo   wants a password  none\n" in asked.out) == (3, True), asked.out
    finally:
        lab1.shell("sed -i 's/(ALL) *ALL/(ALL) NOPASSWD: ALL/' /etc/sudoers.d/ops")
    assert deploy(*BOTH).changed() == {}
    assert lab1.snapshot() == before


@pytest.mark.usefixtures("deployed")
def test_a_host_that_takes_no_key(lab: Lab, node: NodeOf) -> None:
    """S8: one that wants an SSH password is told in a line, and is no other host's failure."""
    del lab
    lab1 = node("lab1")
    with away(lab1, "/home/ops/.ssh/authorized_keys"):
        run = without_terminal("deploys/models.py", *BOTH, "-y")
        asked = modelctl("doctor", "lab1", "east", "--site", str(DEFAULT_SITE))
    assert (asked.code, "lab1  login  ops@198.18.0.20: Permission denied" in asked.out) == (3, True), asked.out
    assert run.code == 1
    [line] = run.lines_with("Authentication error")
    assert "[lab1]" in line
    assert not run.lines_with("Traceback")
    assert run.out.startswith("east  unchanged\n")


@pytest.mark.usefixtures("deployed")
def test_a_datasink_without_a_registry(node: NodeOf) -> None:
    """U4: a deploy makes its folder, and says what is to be stored there; who only reads is told what makes it."""
    data1 = node("data1")
    data1.shell("mount -t tmpfs tmpfs /home/ops/sentinelcam")
    try:
        listed = modelctl("list", "--site", str(DEFAULT_SITE))
        line = f"data1 (198.18.0.50): {REGISTRY}: no such folder; modelctl import --site {DEFAULT_SITE} makes it"
        assert (listed.code, line in listed.out) == (3, True), listed.out
        predicted = predict("--limit", "data1")
        assert not data1.exists(REGISTRY)
        run = deploy("--limit", "data1")
        assert same_refusal("data1: face_recognition/2026-02-02: not in the registry; expected it at", predicted, run)
        assert data1.shell(f"stat --format='%U %a' {REGISTRY}") == "ops 755"
        assert modelctl("list", "--site", str(DEFAULT_SITE)).code == 0
    finally:
        data1.shell("umount --lazy /home/ops/sentinelcam")
    assert deploy("--limit", "data1").code == 0


@pytest.mark.usefixtures("deployed")
def test_a_registry_with_folders_that_nobody_can_read(node: NodeOf) -> None:
    """H16: they are told, and the rest is served."""
    data1 = node("data1")
    version, model = f"{REGISTRY}/haarcascades/2019-01-01", f"{REGISTRY}/openface_torch"
    data1.shell(f"mkdir -m 000 {version}; chown root:root {model}; chmod 700 {model}")
    site, mend = ("--site", str(DEFAULT_SITE)), "expected a registry that ops can read; mend that there"
    try:
        for words, code in (
            (("list",), 3),
            (("show", "haarcascades"), 3),
            (("pin", "--yes"), 1),
            (("status", "data1"), 0),
            (("prune", "registry", "--dry-run"), 0),
            (("verify", "haarcascades"), 3),
        ):
            run = modelctl(*words, *site)
            assert run.code == code, (words, run.out, run.err)
            assert f"{version}: Permission denied" in run.out + run.err, (words, run.out)
            if words[0] in ("list", "pin", "status", "prune"):
                assert f"{model}: Permission denied; {mend}" in run.out + run.err, (words, run.out, run.err)
        assert modelctl("verify", "face_recognition", *site).code == 0
    finally:
        data1.shell(f"rmdir {version}; chown ops:ops {model}; chmod 755 {model}")
    assert modelctl("list", *site).code == 0
