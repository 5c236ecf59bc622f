"""What the control node says, and how long it is waited for."""

import pytest

from tests.unit.trainer.trainers import PAIR, Trainer
from trainer import receive

Capture = pytest.CaptureFixture[str]


def test_silence_is_told_now_and_then(trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "BEAT", 0.1)
    trainer.order(receive=[{"sleeps": 0.5, "says": "stored\n"}])
    assert trainer.publish() == 0
    shown = capsys.readouterr().out
    assert "192.168.10.10 is at work: 0 s\n" in shown
    assert "192.168.10.10 is at work: 0 s\n" in trainer.log()


def test_work_without_an_end(trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "BEAT", 0.05)
    monkeypatch.setattr(receive, "LIMIT", 0.2)
    trainer.order(receive=[{"sleeps": 30}])
    assert trainer.publish() == 1
    assert capsys.readouterr().err == "192.168.10.10: found no end in 0 h; expected one; run it again\n"


def test_a_line_without_an_end(trainer: Trainer, capsys: Capture) -> None:
    """It is shown in pieces, and does not fill the memory."""
    trainer.order(receive=[{"says": "x" * 20_000}])
    assert trainer.publish() == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("x")]
    assert len(lines) > 1
    assert max(map(len, lines)) <= 2000


def test_not_let_in(trainer: Trainer, capsys: Capture) -> None:
    said = "sentinelcam@192.168.10.10: Permission denied (publickey)."
    trainer.order(receive=[{"lost": said}])
    assert trainer.publish() == 1
    assert [words[-3] for words in trainer.calls()] == ["upload", "receive"]
    assert capsys.readouterr().err == (
        f"192.168.10.10: found {said}; expected to be let in with {trainer.home}/.ssh/sentinelcam_receive; "
        "ask for: pyinfra inventory.py deploys/trainer.py\n"
    )
    assert trainer.calls()[-1][-2:] == list(PAIR)
