"""Plays the attacks on what takes an upload in."""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from node.registry import conversation
from tests.unit.attacks import evil_uploads
from tests.unit.attacks.attack import Attack, Way
from tests.unit.attacks.playing import case_of, made, played
from tests.unit.node.places import tree, uid
from tests.unit.node.registry.uploading import (
    CONTENTS,
    MODEL,
    VERSION,
    Gate,
    announced,
    converse,
    gate_in,
    line,
    refusal_of,
    whole,
)  # fmt: skip

LABEL = f"deepend upload {MODEL}/{VERSION}"


@pytest.fixture
def gates() -> Iterator[Iterator[Gate]]:
    """A place for each case, in a folder that the registry's owner can look into."""
    with tempfile.TemporaryDirectory(prefix="sentinelcam-") as name:
        Path(name).chmod(0o755)
        yield (gate_in(made(Path(name) / str(number))) for number in count())


@played(Way.COMMAND)
def test_a_command(attack: Attack, gates: Iterator[Gate]) -> None:
    for case in attack.played:
        gate = next(gates)
        with case_of(attack, case):
            assert gate.refused(whole(), case) == attack.found
            assert gate.logged == [f"deepend upload refused: {attack.found}"]
            assert not gate.area.exists()


@played(Way.ANNOUNCEMENT)
def test_an_announcement(attack: Attack, gates: Iterator[Gate]) -> None:
    for case in attack.played:
        gate = next(gates)
        with case_of(attack, case):
            found = gate.refused(evil_uploads.ANNOUNCEMENTS[case])
            assert found.startswith(attack.found)
            assert (found.isprintable(), len(found) <= 300) == (True, True)
            assert gate.logged == [f"{LABEL} refused: {found}"]
            assert not gate.area.exists()


@played(Way.BYTES)
def test_other_bytes(attack: Attack, gates: Iterator[Gate]) -> None:
    """The same files as they are come in after it."""
    for case in attack.played:
        gate, left = next(gates), evil_uploads.HELD.get(case, set(CONTENTS))
        with case_of(attack, case):
            assert gate.refused(evil_uploads.BYTES[case]) == attack.found
            assert {name for name in gate.held() if not name.startswith(".")} == left
            assert gate.logged == [f"{LABEL} refused: {attack.found}"]
            rest = b"".join(content for name, content in CONTENTS.items() if name not in left)
            assert gate.sent(line(announced()) + rest)[1] == 0
            assert gate.held() == CONTENTS


@played(Way.SILENCE, Way.TRICKLE)
def test_no_end(attack: Attack, gates: Iterator[Gate], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "SILENCE", 0.2)
    if attack.way is Way.TRICKLE:
        monkeypatch.setattr(conversation, "LONGEST", -1.0)
    for case in attack.played:
        gate = next(gates)
        with case_of(attack, case):
            said = refusal_of(partial(converse, gate, evil_uploads.BEGINNINGS[case]))
            assert said.startswith(attack.found)


@played(Way.PLANT)
def test_what_was_planted_goes_and_leads_nowhere(attack: Attack, gates: Iterator[Gate]) -> None:
    for case in attack.played:
        gate = next(gates)
        secret = made(gate.root / "secrets") / "authorized_keys"
        secret.write_bytes(CONTENTS["cats.bin"][:300_000])
        evil_uploads.PLANTS[case](gate.make_area(), secret)
        for path in gate.area.rglob("*"):
            os.chown(path, uid(), uid(), follow_symlinks=False)
        with case_of(attack, case):
            said, code = gate.sent(whole())
            assert (said[0]["have"]["cats.bin"], said[-1], code) == (0, {"format": 1, "done": True}, 0)
            assert tree(gate.area) == {f"{MODEL}/{VERSION}/{name}": content for name, content in CONTENTS.items()}
            assert tree(secret.parent) == {"authorized_keys": CONTENTS["cats.bin"][:300_000]}


@played(Way.FOLDER)
def test_a_folder_that_is_a_link_is_not_entered(attack: Attack, gates: Iterator[Gate]) -> None:
    """Not even one that the registry's owner made, which other commands follow."""
    for case in attack.played:
        gate = next(gates)
        linked = (gate.folder, *gate.folder.parents)[evil_uploads.FOLDERS[case]]
        away = made(gate.root / "away")
        linked.parent.mkdir(parents=True, exist_ok=True)
        linked.symlink_to(away)
        for path in (away, gate.area, *gate.area.rglob("*")):
            os.chown(path, uid(), uid(), follow_symlinks=False)
        with case_of(attack, case):
            assert gate.refused(whole()) == f"{linked}: {attack.found}"
            assert list(away.iterdir()) == []
