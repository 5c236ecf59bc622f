"""A sender that says nothing, or does not end, and a disk without room."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from node.errors import Refusal
from node.registry import conversation, incoming, upload
from node.registry.conversation import Conversation
from node.store import disk
from tests.unit.node.registry.uploading import CONTENTS, MODEL, VERSION, Gate, announced, gate_in, line, whole


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return gate_in(tmp_path)


def refusal_of(work: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        work()
    return str(caught.value)


@pytest.mark.parametrize("beginning", [b"", b"{", line(announced()), whole()[:-100_000]])
def test_silence_ends_it(gate: Gate, monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    monkeypatch.setattr(conversation, "SILENCE", 0.2)
    assert refusal_of(lambda: converse(gate, beginning)).startswith("nothing came for 0 s")


def test_a_trickle_ends_some_day(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "LONGEST", -1.0)
    assert refusal_of(lambda: converse(gate, whole())) == "not done in 0 hours"


def test_a_line_that_comes_in_pieces_is_no_longer_than_another(gate: Gate) -> None:
    said = "found no line of at most 65536 bytes; expected the announcement"
    assert refusal_of(lambda: converse(gate, b"{", b" " * 65_535 + b"\n")) == said


def test_a_trainer_that_hears_nothing_of_what_is_said(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its acknowledgements fill the pipe: it holds the version no longer than one that says nothing."""
    monkeypatch.setattr(conversation, "SILENCE", 0.2)
    reading, target = os.pipe()
    os.set_blocking(target, False)
    with suppress(BlockingIOError):
        while True:
            os.write(target, b"x" * 4096)
    os.set_blocking(target, True)
    (gate.root / "sent").write_bytes(whole())
    with (gate.root / "sent").open() as source, os.fdopen(reading), os.fdopen(target):
        talk = Conversation(source.fileno(), target)
        said = "nothing that is said was taken for 0 s; upload it again, which goes on from there"
        assert refusal_of(lambda: upload.take(gate.area, MODEL, VERSION, talk)) == said
    assert gate.sent(whole())[1] == 0, "it is let go"


def converse(gate: Gate, *sent: bytes) -> str:
    """What is done in this process, for a sender that says this piece by piece, and no more, and does not go away."""
    reading, sending = os.pipe()
    with os.fdopen(sending, "wb") as sender, os.fdopen(reading), Path(os.devnull).open("wb") as nobody:
        child = os.fork()
        if not child:
            for piece in sent:
                sender.write(piece)
                sender.flush()
                time.sleep(0.1)
            os._exit(0)
        try:
            return upload.take(gate.area, MODEL, VERSION, Conversation(reading, nobody.fileno()))
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def test_a_full_disk_is_refused_before_and_meanwhile(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"{gate.area}: found no room on the disk; expected 200,000,000 bytes to stay free"
    monkeypatch.setattr(disk, "free", lambda _: incoming.RESERVE + 100_000)
    assert refusal_of(lambda: converse(gate, whole())) == said
    assert not gate.folder.exists()
    left = iter([incoming.RESERVE + 2_000_000, incoming.RESERVE - 1])
    monkeypatch.setattr(disk, "free", lambda _: next(left))
    assert refusal_of(lambda: converse(gate, whole())) == said
    assert gate.held()["manifest.yaml"] == CONTENTS["manifest.yaml"]
