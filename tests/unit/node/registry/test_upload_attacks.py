"""A trainer's key in bad hands: each row is refused, logged, and writes nothing outside of its place."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from node import names
from node.errors import Refusal
from node.registry import own, upload
from tests.unit.node.places import tree, uid
from tests.unit.node.registry.uploading import (
    CONTENTS,
    MODEL,
    VERSION,
    Gate,
    announced,
    gate_in,
    line,
    reply,
    say,
    whole,
)

OTHER = "found another command; allowed: upload MODEL VERSION"
EVIL = "\x1b[2Jcats"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return gate_in(tmp_path)


@pytest.mark.parametrize("command", [
    "",
    "upload",
    "upload cats",
    "upload cats 2026-01-01 dogs",
    "upload cats 2026-01-01 ",
    " upload cats 2026-01-01",
    "upload  cats 2026-01-01",
    "upload\tcats\t2026-01-01",
    "upload cats 2026-01-01\n",
    "upload cats 2026-01-01; id",
    "upload $(id) 2026-01-01",
    "upload `id` 2026-01-01",
    "upload cats 2026-01-01 && id",
    "upload ../cats 2026-01-01",
    "upload .. 2026-01-01",
    "upload cats ..",
    "upload cats ../2026-01-01",
    "upload /etc 2026-01-01",
    "upload -x 2026-01-01",
    "upload Cats 2026-01-01",
    "upload cat\u0661 2026-01-01",
    "upload cats 2026-01-0\u0661",
    "upload cats 2026-02-30",
    "upload cats 2026-01-01.1",
    "upload cats 2026-01-01.02",
    f"upload {'c' * 64} 2026-01-01",
    f"upload {EVIL} 2026-01-01",
    "UPLOAD cats 2026-01-01",
    "sweep",
    "facts",
    "install-program x",
    "bash -i",
    "rsync --server --sender -logDtpr . /",
    "scp -t /tmp",
    "/usr/lib/openssh/sftp-server",
])  # fmt: skip
def test_another_command(gate: Gate, command: str) -> None:
    assert gate.refused(whole(), command) == OTHER
    assert gate.logged == [f"deepend upload refused: {OTHER}"]
    assert not gate.area.exists()


def test_no_command_holds_a_zero_byte() -> None:
    """No environment does either: it is asked of the function."""
    for command in ("upload cats\0 2026-01-01", "upload cats 2026-01-01\0", "\0upload cats 2026-01-01"):
        with pytest.raises(Refusal, match="allowed: upload MODEL VERSION"):
            upload.asked_for(command)
    assert upload.asked_for("upload cats 2026-01-01.2") == ("cats", "2026-01-01.2")


def one(**changed: object) -> bytes:
    """An announcement whose second file is another than it should be."""
    files = announced()
    return line([files[0], {**files[1], **changed}])


def many(number: int) -> bytes:
    return line(announced({"manifest.yaml": b"", **{f"cats{n}": b"" for n in range(number - 1)}}))


NAME = "the announcement: the message.files[1].name: found "
SIZE = "the announcement: the message.files[1].size: found "
OLDER = (
    "found the trainer's program of conversation %d; expected 2; "
    "have the trainer and this datasink deployed: run deploys/site.py"
)
COUNT = "the announcement: found {} files, {} names; expected up to 32 files, each once, with manifest.yaml"


@pytest.mark.parametrize(("sent", "said"), [
    (one(name="../cats.bin"), NAME),
    (one(name="/etc/passwd"), NAME),
    (one(name="a/b"), NAME),
    (one(name=".."), NAME),
    (one(name=""), NAME),
    (one(name=".cats.part"), NAME),
    (one(name="-rf"), NAME),
    (one(name="cats\0"), NAME),
    (one(name="cats\n"), NAME),
    (one(name="cat\u0661"), NAME),
    (one(name=EVIL), NAME),
    (one(name="c" * 128), NAME),
    (one(name=["cats"]), NAME),
    (one(size=-1), SIZE),
    (one(size=1.0), SIZE),
    (one(size=True), SIZE),
    (one(size="1"), SIZE),
    (one(size=None), SIZE),
    (one(size=10**15), SIZE),
    (one(size=10**400), ""),
    (one(size=10_000_000_000), "the announcement: found more than 2,147,483,648 bytes"),
    (one(sha256="ab"), "the announcement: the message.files[1].sha256: found no SHA-256"),
    (one(sha256="AB" * 32), "the announcement: the message.files[1].sha256: found no SHA-256"),
    (one(sha256="../" * 21 + "a"), "the announcement: the message.files[1].sha256: found no SHA-256"),
    (line([*announced(), announced()[1]]), COUNT.format(4, 3)),
    (line(announced()[1:]), COUNT.format(2, 2)),
    (line([]), COUNT.format(0, 0)),
    (many(33), COUNT.format(33, 33)),
    (line([{**announced()[0], "size": 65_537}]), "manifest.yaml: expected at most 65536 bytes"),
    (line({}), "the announcement: the message.files: found {}"),
    (b"[]\n", "the announcement: "),
    (b"{}\n", "the announcement: the message: found no files"),
    (b'{"format": 1, "files": []}\n', OLDER % 1),
    (b'{"format": 1, "conversation": 3, "files": []}\n', OLDER % 3),
    (b'{"format": 1, "conversation": "2", "files": []}\n', "the announcement: the message.conversation: found "),
    (b'{"format": 2, "files": []}\n', "the announcement: found format 2, expected 1 or older; use a newer checkout"),
    (b"\xff\n", "the announcement: "),
    (b"{\n", "the announcement: "),
    (b"\n", "the announcement: "),
    (b"[" * 60_000 + b"\n", "the announcement: too many brackets"),
    (b"rsync\n", "the announcement: "),
    (b"{" + b" " * 65_535, "found no line of at most 65536 bytes; expected the announcement"),
    (b"{" + b" " * 66_560 + b"\n", "found no line of at most 65536 bytes; expected the announcement"),
    (b"{}", "the connection ended; upload it again, which goes on from there"),
    (b"", "the connection ended; upload it again, which goes on from there"),
])  # fmt: skip
def test_another_announcement(gate: Gate, sent: bytes, said: str) -> None:
    found = gate.refused(sent)
    assert found.startswith(said)
    assert found.isprintable()
    assert len(found) <= 300
    assert gate.logged == [f"deepend upload {MODEL}/{VERSION} refused: {found}"]
    assert not gate.area.exists()


def test_what_is_right_is_not_refused_by_this_table(gate: Gate) -> None:
    said, _ = gate.sent(many(32))
    assert said[-1] == {"format": 1, "done": True}


def lying(contents: Mapping[str, bytes]) -> bytes:
    return line(announced()) + b"".join(contents.values())


@pytest.mark.parametrize(("sent", "said", "left"), [
    (lying({**CONTENTS, "cats.bin": CONTENTS["cats.bin"][::-1]}),
     "cats.bin: other bytes came than were announced; try again", {"manifest.yaml"}),
    (lying({**CONTENTS, "manifest.yaml": b"name: dogs\n"}),
     "manifest.yaml: other bytes came than were announced; try again", set()),
    (lying(CONTENTS) + b"x", "more bytes came than were announced", set(CONTENTS)),
    (lying(CONTENTS) + bytes(200_000), "more bytes came than were announced", set(CONTENTS)),
    (lying({}), "the connection ended; upload it again, which goes on from there", set()),
])  # fmt: skip
def test_other_bytes(gate: Gate, sent: bytes, said: str, left: set[str]) -> None:
    assert gate.refused(sent) == said
    assert {name for name in gate.held() if not name.startswith(".")} == left
    assert gate.logged == [f"deepend upload {MODEL}/{VERSION} refused: {said}"]
    assert gate.sent(line(announced()) + b"".join(each for name, each in CONTENTS.items() if name not in left))[1] == 0
    assert gate.held() == CONTENTS


def test_more_bytes_that_came_with_the_announcement(gate: Gate) -> None:
    assert gate.refused(whole({"manifest.yaml": b""}) + b"x") == "more bytes came than were announced"


def test_root_takes_nothing_in(gate: Gate) -> None:
    with gate.opened(user=0) as process:
        said, _ = process.communicate(whole(), timeout=30)
    assert (json.loads(said)["refused"], process.returncode) == (
        "it would run as root; expected the owner of the registry", 1,
    )  # fmt: skip
    assert not gate.area.exists()


Plant = Callable[[Path, Path], Any]
PART = f".cats.bin.{announced()[1]['sha256']}.part"


@pytest.mark.parametrize("plant", [
    lambda folder, secret: (folder / "cats.bin").symlink_to(secret),
    lambda folder, secret: (folder / "manifest.yaml").symlink_to(secret),
    lambda folder, secret: (folder / PART).symlink_to(secret),
    lambda folder, secret: (folder / PART).hardlink_to(secret),
    lambda folder, secret: (folder / "cats.bin").hardlink_to(secret),
    lambda folder, _: os.mkfifo(folder / PART),
    lambda folder, _: os.mkfifo(folder / "cats.bin"),
    lambda folder, _: (folder / PART).mkdir(),
    lambda folder, _: (folder / "cats.bin" / "deep").mkdir(parents=True),
    lambda folder, _: (folder / PART).write_bytes(bytes(2_000_000)),
    lambda folder, _: (folder / PART).write_bytes(bytes(600)),
    lambda folder, _: (folder / "other.bin").write_bytes(b"woof"),
    lambda folder, secret: (folder / "other.bin").symlink_to(secret.parent),
], ids=range(13))  # fmt: skip
def test_what_was_planted_goes_and_leads_nowhere(gate: Gate, plant: Plant) -> None:
    secret = gate.root / "secrets" / "authorized_keys"
    secret.parent.mkdir()
    secret.write_bytes(CONTENTS["cats.bin"][:300_000])
    plant(gate.make_area(), secret)
    for path in gate.area.rglob("*"):
        os.chown(path, uid(), uid(), follow_symlinks=False)
    said, code = gate.sent(whole())
    assert (said[0]["have"]["cats.bin"], said[-1], code) == (0, {"format": 1, "done": True}, 0)
    assert tree(gate.area) == {f"{MODEL}/{VERSION}/{name}": content for name, content in CONTENTS.items()}
    assert tree(secret.parent) == {"authorized_keys": CONTENTS["cats.bin"][:300_000]}


def test_what_is_in_the_way_is_said_in_plain_letters(gate: Gate) -> None:
    """It is root's, and stays."""
    planted = gate.make_area() / "other" / EVIL
    planted.parent.mkdir()
    planted.write_bytes(b"")
    said = gate.refused(whole())
    assert said.isprintable()
    assert "cats: Permission denied" in said
    assert planted.exists()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_folder_that_is_a_link_is_not_entered(gate: Gate, at: int) -> None:
    """Not even one that the registry's owner made, which other commands follow."""
    linked = [gate.area, gate.area / MODEL, gate.folder][at]
    away = gate.root / "away"
    away.mkdir()
    linked.parent.mkdir(parents=True, exist_ok=True)
    linked.symlink_to(away)
    for path in (away, gate.area, *gate.area.rglob("*")):
        os.chown(path, uid(), uid(), follow_symlinks=False)
    assert gate.refused(whole()) == f"{linked}: found a link; expected a folder"
    assert list(away.iterdir()) == []


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
