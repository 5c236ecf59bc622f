"""What an upload writes, and where: its owner's places alone, and a log that ends some day."""

import json
import os

import pytest

from node import names
from node.errors import Refusal
from node.registry import own, upload
from tests.unit.attacks.evil_uploads import EVIL, many, one
from tests.unit.node.places import tree, uid
from tests.unit.node.registry.uploading import Gate, reply, say, whole


def test_no_command_holds_a_zero_byte() -> None:
    """No environment does either: it is asked of the function."""
    for command in ("upload cats\0 2026-01-01", "upload cats 2026-01-01\0", "\0upload cats 2026-01-01"):
        with pytest.raises(Refusal, match="allowed: upload MODEL VERSION"):
            upload.asked_for(command)
    assert upload.asked_for("upload cats 2026-01-01.2") == ("cats", "2026-01-01.2")


def test_what_is_right_is_not_refused_by_this_table(gate: Gate) -> None:
    said, _ = gate.sent(many(32))
    assert said[-1] == {"format": 1, "done": True}


def test_more_bytes_that_came_with_the_announcement(gate: Gate) -> None:
    assert gate.refused(whole({"manifest.yaml": b""}) + b"x") == "more bytes came than were announced"


def test_root_takes_nothing_in(gate: Gate) -> None:
    with gate.opened(user=0) as process:
        said, _ = process.communicate(whole(), timeout=30)
    assert (json.loads(said)["refused"], process.returncode) == (
        "it would run as root; expected the owner of the registry", 1,
    )  # fmt: skip
    assert not gate.area.exists()


def test_what_is_in_the_way_is_said_in_plain_letters(gate: Gate) -> None:
    """It is root's, and stays."""
    planted = gate.make_area() / "other" / EVIL
    planted.parent.mkdir()
    planted.write_bytes(b"")
    said = gate.refused(whole())
    assert said.isprintable()
    assert "cats: Permission denied" in said
    assert planted.exists()


def test_a_log_that_is_a_link_is_not_written_to(gate: Gate) -> None:
    gate.log.parent.mkdir()
    gate.log.symlink_to(gate.root / "secret")
    os.chown(gate.log.parent, uid(), uid())
    os.lchown(gate.log, uid(), uid())
    assert "Too many levels of symbolic links" in gate.refused(whole())
    assert not (gate.root / "secret").exists()


def test_the_log_does_not_grow_without_end(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.log.parent.mkdir()
    monkeypatch.setattr(upload, "LONGEST_LOG", 300)
    for _ in range(20):
        upload._log(gate.log, "deepend upload refused: another")
    assert 300 <= gate.log.stat().st_size < 400


def test_no_upload_makes_a_version_visible_to_the_registry(gate: Gate) -> None:
    """All that it wrote is below the incoming area, and in the log."""
    gate.sent_to_program(whole())
    with gate.opened() as process:
        say(process, one(name="../../registry"))
        assert "refused" in reply(process.stdout)
    outside = {path for path in tree(gate.root) if not path.startswith(("incoming/", "program/", "logs/"))}
    assert outside == set()
    assert names.is_version(gate.folder.name)
    assert own.UNFINISHED not in str(gate.folder)
