"""A change that is told to stop ends in order: what it did is undone, and the undo is not stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelctl.changes import deployment, journal
from modelctl.changes.deployment import Deployer
from tests.unit.modelctl.fake_changes import HOSTS, MODEL, ROOT, WHAT, Stage
from tests.unit.modelctl.forks import make, run, undo

pytestmark = pytest.mark.usefixtures("heard")

# As pyinfra does before it has read config.py: it obeys Ctrl-C whatever it inherits, and ends with 0.
PYINFRA = 'trap "touch $state/stopped; exit 0" INT; kill -{number} {whom}; for i in $(seq 90); do sleep 0.02; done'
OBEYING = """
import os, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    os.kill(int(sys.argv[1]), number)
time.sleep(0.1)
"""
ALONE, GROUP = '"$(cat "$state/pid")"', '"-$(cat "$state/pid")"'


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site")


def stopped_line(stage: Stage) -> str:
    commit = stage.git("rev-parse", "HEAD")[:12]
    return (
        f"{WHAT}: the deploy was stopped, see above; the edit is undone by commit {commit}, "
        "and data1, sentinel run what they ran before"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("whom", [ALONE, GROUP], ids=["alone", "group"])
def test_a_stopped_deploy_is_undone(stage: Stage, number: int, whom: str) -> None:
    once = f'[ -e "$state/once" ] || {{ touch "$state/once"; {PYINFRA.format(number=int(number), whom=whom)}; }}'
    stage.act(f"moved() {{ {once}; }}")
    assert run(stage, make) == 1
    assert (stage.state / "line").read_text() == stopped_line(stage)
    assert stage.is_as_first()
    assert stage.log() == [f"Undo: {WHAT}", WHAT]
    assert (stage.state / "stopped").exists()


@pytest.mark.parametrize("whom", [ALONE, GROUP], ids=["alone", "group"])
def test_the_undo_is_not_stopped(stage: Stage, whom: str) -> None:
    """A terminal would send it to all of a group; what the undo starts is not in that."""
    (stage.state / "obeying.py").write_text(OBEYING)
    stage.act(f'moved() {{ {sys.executable} -IS "$state/obeying.py" {whom} || exit 0; }}')
    begun = stage.change()
    journal.write(stage.checkout, begun)
    stage.registry.write_text(begun.new)
    for host in HOSTS:
        (stage.state / "fleet" / host).write_text(stage.wanted())
    assert run(stage, undo) == 0
    assert stage.is_as_first()


def test_one_that_is_stopped_before_the_deploy_moves_no_host(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.hook("post-commit", '[ -e ../state/once ] || { touch ../state/once; kill "$(cat ../state/pid)"; sleep 0.1; }')
    assert run(stage, make) == 1
    assert (stage.state / "line").read_text() == stopped_line(stage)
    assert stage.is_as_first()
    deployer = Deployer(stage.inventory, told_to_stop=True)
    monkeypatch.setattr(subprocess, "Popen", None)
    assert not deployer.deploy(HOSTS, [f"models={MODEL}"])


def test_a_signal_just_after_pyinfra_began_reaches_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    popen, sent = subprocess.Popen, list[int]()
    deployer = Deployer(stage.inventory)

    def interrupted(*words: Any, **options: Any) -> "subprocess.Popen[bytes]":
        process = popen(*words, **options)
        monkeypatch.setattr(process, "send_signal", sent.append)
        deployer._note(signal.SIGTERM, None)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    monkeypatch.setattr(deployment, "_pyinfra", lambda: str(stage.pyinfra))
    assert not deployer.deploy(HOSTS, [f"models={MODEL}"])
    assert sent == [signal.SIGINT]
    deployer._note(signal.SIGINT, None)
    assert len(sent) == 1


def test_handlers_are_as_before_in_the_end() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    deployer = Deployer(Path())
    with deployer.in_order():
        with deployment.to_the_end():
            os.kill(os.getpid(), signal.SIGHUP)
        assert not deployer.told_to_stop
        os.kill(os.getpid(), signal.SIGHUP)
        assert deployer.told_to_stop
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_under_nohup_the_terminal_may_go() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    deployer = Deployer(Path())
    try:
        with deployer.in_order():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not deployer.told_to_stop


def test_pyinfra_writes_to_where_somebody_reads_or_to_nowhere() -> None:
    lines = (
        "import os",
        "from modelctl.changes.deployment import _output",
        "for reader, writer in (os.pipe(), os.openpty()):",
        "    print(_output(writer))",
        "    os.close(reader)",
        "    print(_output(writer))",
    )
    said = subprocess.check_output([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, text=True)
    assert said.split() == ["None", str(subprocess.DEVNULL)] * 2


@pytest.mark.parametrize("handle", [1, 2])
def test_an_undo_needs_nobody_who_reads_what_it_prints(
    stage: Stage, handle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def into_a_broken_pipe(stage: Stage) -> None:
        reader, writer = os.pipe()
        os.dup2(writer, handle)
        os.close(reader)
        undo(stage)

    monkeypatch.setattr(deployment, "_output", lambda each: subprocess.DEVNULL if each == handle else None)
    journal.write(stage.checkout, stage.change())
    stage.act(f"end() {{ echo said >&{handle} || exit 1; }}")
    assert run(stage, into_a_broken_pipe) == 0
    assert stage.is_as_first()
