"""A trainer with a fake ssh."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.trainer import copied_ssh
from tests.unit.trainer.trainers import Trainer
from trainer import link


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    made = Trainer(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("FAKE_SSH", str(made.remote))
    monkeypatch.setenv("PATH", str(made.bin), prepend=":")
    monkeypatch.setattr(subprocess, "Popen", copied_ssh.Popen)
    monkeypatch.setattr(link, "PAUSES", (0.0, 0.0, 0.0, 0.0, 0.0))
    return made
