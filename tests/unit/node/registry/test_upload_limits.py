"""A sender that says nothing, or does not end, and a disk without room."""

import os
from contextlib import suppress

import pytest

from node.registry import conversation, incoming, upload
from node.registry.conversation import Conversation
from node.store import disk
from tests.unit.node.registry.uploading import CONTENTS, MODEL, VERSION, Gate, converse, refusal_of, whole


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


def test_a_full_disk_is_refused_before_and_meanwhile(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"{gate.area}: found no room on the disk; expected 200,000,000 bytes to stay free"
    monkeypatch.setattr(disk, "free", lambda _: incoming.RESERVE + 100_000)
    assert refusal_of(lambda: converse(gate, whole())) == said
    assert not gate.folder.exists()
    left = iter([incoming.RESERVE + 2_000_000, incoming.RESERVE - 1])
    monkeypatch.setattr(disk, "free", lambda _: next(left))
    assert refusal_of(lambda: converse(gate, whole())) == said
    assert gate.held()["manifest.yaml"] == CONTENTS["manifest.yaml"]
