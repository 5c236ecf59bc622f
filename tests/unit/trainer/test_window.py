"""How much is sent that the datasink has not acknowledged, and a datasink that lies about that, or says nothing."""

import time

import pytest

from node.registry.upload import SYNCED
from tests.unit.cases import each
from tests.unit.trainer.trainers import FILES, Trainer
from trainer import conversation

Capture = pytest.CaptureFixture[str]
ADDRESS = "192.168.10.50"
CUT = 1_000_000  # bytes that a cut may cost, what else is said included
LARGE = bytes(range(256)) * 12_000


def came(trainer: Trainer) -> list[int]:
    """What left the trainer in each try, its first line included."""
    return [int(line) for line in (trainer.remote / "came").read_text().splitlines()]


def test_a_cut_costs_no_more_than_a_megabyte(trainer: Trainer) -> None:
    """However much the link holds: it takes all that the trainer sends, and loses all that comes after the cut."""
    (trainer.models / "facemodel.pickle").write_bytes(LARGE)
    cuts = [1500, 900_000, SYNCED + 700, 1_500_000]
    trainer.order(upload=[*({"real": cut} for cut in cuts), {"real": 1 << 30}])
    assert trainer.publish() == 0
    assert (trainer.incoming / "facemodel.pickle").read_bytes() == LARGE
    size = sum(path.stat().st_size for path in trainer.incoming.iterdir())
    lost = [sent - cut for sent, cut in zip(came(trainer), cuts, strict=False)]
    assert max(lost) > conversation.WINDOW - SYNCED, "the link held as much as it was given"
    assert sum(came(trainer)) - size <= len(cuts) * (conversation.WINDOW + SYNCED) + len(came(trainer)) * 2000
    assert conversation.WINDOW + SYNCED < CUT - 80_000


def test_a_datasink_that_acknowledges_nothing(
    trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes all, and never says so: what waits for it has a limit, and what it may be sent has one."""
    monkeypatch.setattr(conversation, "STALL", 0.2)
    (trainer.models / "facemodel.pickle").write_bytes(LARGE * 2)
    trainer.order(upload=[{"silent": True}])
    begun = time.monotonic()
    assert trainer.publish() == 1
    assert time.monotonic() - begun < 20
    assert capsys.readouterr().err == (
        f"{ADDRESS}: found no answer in 0 s; expected a connection, 6 tries; run it again later\n"
    )
    [part] = trainer.incoming.glob("facemodel.pickle.*.part")
    assert part.stat().st_size <= 6 * conversation.WINDOW


def test_a_datasink_that_trickles_ends_some_day(
    trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.session.LONGEST", 0.0)
    assert trainer.publish() == 1
    assert "found no answer in 600 s; expected a connection, 6 tries" in capsys.readouterr().err


ALL = 10**9


@each("said", [
    [[1000, 900], [0, 800]], [[1000, 900], [0, 900]], [[1000, ALL]], [[1000, 0]], [[1000, -1]], [[1000, True]],
    [[1000, 1.5]], [[1000, "900"]], [[1000, None]], [[1000, [900]]],
])  # fmt: skip
def test_an_acknowledgement_that_cannot_be(trainer: Trainer, capsys: Capture, said: list[list[object]]) -> None:
    trainer.order(upload=[{"safe": said}])
    assert trainer.publish() == 1
    assert capsys.readouterr().err == (
        f"{ADDRESS}: found an answer of another kind; expected its upload command, conversation 2; "
        "have the trainer and the datasink deployed\n"
    )


def test_one_byte_more_than_was_sent(trainer: Trainer, capsys: Capture) -> None:
    assert trainer.publish() == 0
    total = sum(path.stat().st_size for path in trainer.incoming.iterdir())
    assert total == sum(map(len, FILES.values())) + (trainer.incoming / "manifest.yaml").stat().st_size
    for path in trainer.incoming.iterdir():
        path.unlink()
    trainer.order(upload=[{"safe": [[total, total + 1]]}])
    assert trainer.publish() == 1
    assert "found an answer of another kind" in capsys.readouterr().err
    trainer.order(upload=[{"safe": [[total, total]], "takes": 0, "refuses": "all right so far"}])
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{ADDRESS}: all right so far\n"


def test_a_flood_of_acknowledgements_is_a_line_each(trainer: Trainer, capsys: Capture) -> None:
    """Each byte for itself, which is odd and no lie."""
    trainer.order(
        upload=[{"safe": [[2000, 1], *([0, number] for number in range(2, 2000))], "refuses": "x", "takes": 0}]
    )
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{ADDRESS}: x\n"


def test_an_ssh_that_a_signal_ends_is_a_lost_link(trainer: Trainer, capsys: Capture) -> None:
    """As when the system needs its memory: the same is tried again, and goes on from there."""
    trainer.order(upload=[{"killed": 9}, {}])
    assert trainer.publish() == 0
    assert f"{ADDRESS}: found the link lost (ssh said: nothing); trying again in 0 s\n" in capsys.readouterr().out
