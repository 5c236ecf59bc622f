"""Plays the attacks on the control node that takes an upload over."""

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelctl import cli
from modelctl.commands import receive as receive_command
from modelctl.receiving import unit
from tests.unit.attacks import evil_files
from tests.unit.attacks.attack import Attack, Way
from tests.unit.attacks.playing import case_of, played
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.fake_changes import use
from tests.unit.modelctl.receiving import stages


class Receiver:
    """A clone that receives, and its datasink."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.stage = folder, stages.built(folder)
        use(self.stage, patch)
        self.datasink: NearDatasink = stages.near(folder, patch)


@played(Way.FILES)
def test_files_that_are_not_taken_over(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Receiver(tmp_path, monkeypatch)
    for case in attack.played:
        folder = stages.upload(tmp_path)
        evil_files.FILES[case](folder)
        with case_of(attack, case):
            result = stages.receive()
            assert (result.exit_code, attack.found in result.stderr) == (1, True), result.stderr
            assert all(line.isprintable() for line in result.stderr.splitlines())
            assert (receiver.stage.is_as_first(), receiver.stage.log(), receiver.stage.runs()) == (True, [], [])
            assert list(receiver.datasink.registry.iterdir()) == []


@played(Way.REWRITING)
def test_a_file_that_is_rewritten(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored is what was hashed there: the same bytes, or nothing."""
    receiver = Receiver(tmp_path, monkeypatch)
    with (stages.upload(tmp_path) / evil_files.FILE).open("r+b", buffering=0) as held:
        meanwhile = os.fork() if attack.what.endswith("meanwhile") else None
        while meanwhile == 0:
            for byte in b"<!?":
                os.pwrite(held.fileno(), bytes([byte]) * len(stages.EYE), 0)
        try:
            result = stages.receive()
        finally:
            if meanwhile:
                os.kill(meanwhile, signal.SIGKILL)
                os.waitpid(meanwhile, 0)
        os.pwrite(held.fileno(), b"evil", 0)
    stored = receiver.datasink.registry / stages.MODEL / stages.NEW
    assert (result.exit_code == 0) is stored.exists()
    assert attack.found in (result.stdout if stored.exists() else result.stderr + attack.found)
    if stored.exists():
        manifest = (stored / "manifest.yaml").read_text()
        assert hashlib.sha256((stored / evil_files.FILE).read_bytes()).hexdigest() in manifest
        assert stages.pinned(receiver.stage)["manifest"] == hashlib.sha256(manifest.encode()).hexdigest()


@played(Way.SHELL)
def test_words_to_the_control_node(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[Any] = []
    stage = Receiver(tmp_path, monkeypatch).stage
    monkeypatch.setattr(unit, "run", lambda *words: run.append(words))
    for asked in [{receive_command.ASKED: case} for case in attack.played] + [{}]:
        monkeypatch.setattr(os, "environ", asked)
        with case_of(attack, str(asked)):
            result = CliRunner().invoke(cli.main, ["trainer-shell"], catch_exceptions=False)
            assert (result.exit_code, run, stage.is_as_first()) == (1, [], True)
            assert result.stderr.startswith(attack.found)
            assert (result.stderr.rstrip("\n").isprintable(), len(result.stderr) < 300) == (True, True)
