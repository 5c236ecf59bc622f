"""The conversation with the datasink: what is sent again after a cut, and what ends it."""

import json
import re
import time
from pathlib import Path

import pytest

from node.registry import conversation as datasink
from node.registry import incoming
from tests.unit.cases import each
from tests.unit.trainer.trainers import FILES, Trainer
from trainer import conversation, progress
from trainer.errors import Busy

Capture = pytest.CaptureFixture[str]
ADDRESS = "192.168.10.50"
DEPLOYED = "expected its upload command, conversation 2; have the trainer and the datasink deployed"


def test_resumes_where_a_link_was_lost(trainer: Trainer, capsys: Capture) -> None:
    """Whatever a cut left is taken up, and the manifest of another day is not made."""
    trainer.order(upload=[{"takes": 100_000}, {"lost": "no route"}, {"takes": 250_000}, {}])
    assert trainer.publish() == 0
    assert {name: (trainer.incoming / name).read_bytes() for name in FILES} == FILES
    lines = capsys.readouterr().out.splitlines()
    again = f"{ADDRESS}: found the link lost (ssh said: %s); trying again in 0 s"
    assert lines[2:7] == [
        again % "Connection reset",
        again % "no route",
        "resuming: 0.1 of 0.6 MB (17 %) are there already",
        again % "Connection reset",
        "resuming: 0.3 of 0.6 MB (61 %) are there already",
    ]


def test_ends_after_six_tries(trainer: Trainer, capsys: Capture) -> None:
    trainer.order(upload=[{"lost": "ssh: connect to host: timed out"}])
    assert trainer.publish() == 1
    assert len(trainer.calls()) == 6
    assert capsys.readouterr().err == (
        f"{ADDRESS}: found the link lost (ssh said: ssh: connect to host: timed out); "
        "expected a connection, 6 tries; run it again later\n"
    )


@each("said", ["ops@192.168.10.50: Permission denied (publickey).", "Host key verification failed."])
def test_not_let_in_is_not_tried_again(trainer: Trainer, capsys: Capture, said: str) -> None:
    before = len(trainer.calls()) if (trainer.remote / "calls.jsonl").exists() else 0
    trainer.order(upload=[{"lost": said}])
    assert trainer.publish() == 1
    assert len(trainer.calls()) == before + 1
    key = trainer.home / ".ssh/sentinelcam_upload"
    assert capsys.readouterr().err == (
        f"{ADDRESS}: found {said}; expected to be let in with {key}; ask for: pyinfra inventory.py deploys/trainer.py\n"
    )


HAVE = '{"format": 1, "conversation": 2, "have": %s}\n'
BUSY = "another upload of it is running; wait for that and try again"


def test_busy_after_a_lost_link(trainer: Trainer, capsys: Capture) -> None:
    """The datasink has not missed yet that the link was lost: that upload is this one's."""
    refused = {"raw": json.dumps({"format": 1, "refused": BUSY}) + "\n"}
    trainer.order(upload=[{"takes": 100_000}, refused, {}])
    assert trainer.publish() == 0
    assert f"{ADDRESS}: {BUSY}; trying again in 0 s\n" in capsys.readouterr().out


def test_busy_at_first(trainer: Trainer, capsys: Capture) -> None:
    trainer.order(upload=[{"raw": json.dumps({"format": 1, "refused": BUSY}) + "\n"}])
    assert trainer.publish() == 1
    assert len(trainer.calls()) == 1
    assert capsys.readouterr().err == f"{ADDRESS}: {BUSY}\n"


def test_words_of_the_datasink() -> None:
    assert BUSY in Path(incoming.__file__).read_text()
    said = re.findall(r'Refusal\(\s*"(.*?)"', Path(datasink.__file__).read_text())
    assert [kind for end, kind in conversation.AGAIN.items() if BUSY.endswith(end)] == [Busy]
    assert [text for text in said if text.endswith(tuple(conversation.AGAIN))] == [
        "nothing that is said was taken for %d s; upload it again, which goes on from there",
        "nothing came for %d s; upload it again, which goes on from there",
        "the connection ended; upload it again, which goes on from there",
    ]


def test_with_the_node_program_itself(trainer: Trainer, capsys: Capture) -> None:
    """Cut at places of all kinds: in the announcement, after it, in the manifest, in files."""
    cuts = [0, 1, 400, 700, 900, 1500, 300_000, 600_000]
    trainer.order(upload=[{"real": most} for most in cuts[:4]])
    assert trainer.publish() == 1
    trainer.order(upload=[{"real": most} for most in [*[0] * len(trainer.calls()), *cuts[4:], 1 << 30]])
    assert trainer.publish() == 0, capsys.readouterr()
    assert {name: (trainer.incoming / name).read_bytes() for name in FILES} == FILES
    assert trainer.manifest()["host"] == "trainer1"
    assert (trainer.remote / "log").read_text().splitlines()[-1].endswith(" of them sent now")


def test_a_manifest_that_the_node_program_refuses(trainer: Trainer, capsys: Capture) -> None:
    (trainer.remote / "incoming").write_text("in the way")
    trainer.order(upload=[{"real": 1 << 30}])
    assert trainer.publish() == 1
    assert capsys.readouterr().err.startswith(f"{ADDRESS}: {trainer.remote}/incoming")


def test_refusal_in_the_middle(trainer: Trainer, capsys: Capture) -> None:
    trainer.order(upload=[{"takes": 65_536, "refuses": "the area is full \x1b[2J"}])
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{ADDRESS}: the area is full ?[2J\n"


def test_refusal_by_a_datasink_that_hears_no_more(trainer: Trainer, capsys: Capture) -> None:
    """What could not be sent is no fault of its own: the answer says why."""
    trainer.order(upload=[{"deaf": "no space"}])
    (trainer.models / "facemodel.pickle").write_bytes(b"p" * 3_000_000)
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{ADDRESS}: no space\n"


@each(
    "raw, error",
    [
        ("", "found that its command ended with 1 and said nothing; expected an answer"),
        ("{}\n", f"found an answer of another kind; {DEPLOYED}"),
        ("[]\n", f"found an answer of another kind; {DEPLOYED}"),
        ("no json\n", f"found an answer of another kind; {DEPLOYED}"),
        ("[" * 60_000 + "\n", f"found an answer of another kind; {DEPLOYED}"),
        ('{"format": 2, "have": {}}\n', f"found an answer of another kind; {DEPLOYED}"),
        ('{"format": 1, "have": {}}\n', f"found an answer of another kind; {DEPLOYED}"),
        ('{"format": 1, "conversation": 2, "have": []}\n', f"found an answer of another kind; {DEPLOYED}"),
        (HAVE % '{"facelist.csv": -1}', f"found an answer of another kind; {DEPLOYED}"),
        (HAVE % '{"facelist.csv": 9}', f"found an answer of another kind; {DEPLOYED}"),
        (HAVE % '{"facelist.csv": true}', f"found an answer of another kind; {DEPLOYED}"),
        ('{"format": 1, "refused": "MODEL: found ../x"}\n', "MODEL: found ../x"),
        (HAVE % "{}" + '{"format": 1, "done": false}\n', f"found an answer of another kind; {DEPLOYED}"),
        ("x" * 70_000, "found an endless answer; expected a line"),
    ],
)
def test_odd_answers(trainer: Trainer, capsys: Capture, raw: str, error: str) -> None:
    trainer.order(upload=[{"raw": raw}])
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{ADDRESS}: {error}\n"


def test_announces_the_manifest_first(trainer: Trainer) -> None:
    trainer.order(upload=[{"raw": ""}])
    assert trainer.publish() == 1
    note = json.loads((trainer.snapshot / ".snapshot.json").read_text())
    assert [name for name, _, _ in note["files"]] == ["manifest.yaml", *FILES]
    trainer.order(upload=[{"takes": 10}], receive=[{}])
    assert trainer.publish() == 1
    assert [path.name.split(".")[0] for path in trainer.incoming.iterdir() if path.stat().st_size] == ["manifest"]


def test_a_line_every_ten_seconds(trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    assert trainer.publish() == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("sent ")]
    assert lines[-1] == "sent 0.6 of 0.6 MB (100 %)"
    assert f"face_recognition 2025-12-08: {lines[3]}\n" in trainer.log()


def test_a_datasink_that_takes_nothing(trainer: Trainer, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Its ssh lives on, and nothing is taken: what waits has a limit."""
    monkeypatch.setattr("trainer.session.STALL", 0.1)
    monkeypatch.setattr("trainer.session.ENDING", 0.1)
    monkeypatch.setattr("trainer.session.REPLY", 10.0)
    trainer.order(upload=[{"sleeps": 30}])
    begun = time.monotonic()
    assert trainer.publish() == 1
    assert time.monotonic() - begun < 20
    assert capsys.readouterr().err == (
        f"{ADDRESS}: found that it takes nothing for 0 s; expected a connection, 6 tries; run it again later\n"
    )
