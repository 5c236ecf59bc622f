"""What a trainer's key starts on the datasink: the way of an upload, cut and gone on with."""

import json
import os
import stat
import time
from pathlib import Path

import pytest

from node.registry.upload import SYNCED
from tests.unit.node.places import uid
from tests.unit.node.registry.uploading import (
    CONTENTS,
    MODEL,
    VERSION,
    Gate,
    announced,
    line,
    reply,
    say,
    whole,
)

LABEL = f"deepend upload {MODEL}/{VERSION}"
TOTAL = sum(map(len, CONTENTS.values()))
CUT = "the connection ended; upload it again, which goes on from there"


def test_all_files_come_and_a_second_time_none_is_sent(gate: Gate) -> None:
    said, code = gate.sent_to_program(whole())
    have = {"manifest.yaml": 0, "cats.bin": 0, "empty.csv": 0}
    assert said[0] == {"format": 1, "conversation": 2, "have": have}
    first = len(CONTENTS["manifest.yaml"])
    pieces = [first, *(first + at for at in range(SYNCED, len(CONTENTS["cats.bin"]), SYNCED)), TOTAL]
    assert (said[1:], code) == ([*({"format": 1, "safe": each} for each in pieces), {"format": 1, "done": True}], 0)
    assert gate.held() == CONTENTS
    again, code = gate.sent_to_program(line(announced()))
    assert (len(again), again[1], code) == (2, {"format": 1, "done": True}, 0)
    assert again[0]["have"] == {name: len(content) for name, content in CONTENTS.items()}
    assert gate.logged == [
        f"{LABEL}: 3 files, {TOTAL} bytes, {TOTAL} of them sent now",
        f"{LABEL}: 3 files, {TOTAL} bytes, 0 of them sent now",
    ]


def test_the_files_are_for_the_registry_s_owner(gate: Gate) -> None:
    gate.sent_to_program(whole())
    found = {path: path.stat() for path in (gate.area, *gate.area.rglob("*"))}
    assert {status.st_uid for status in found.values()} == {uid()}
    modes = {stat.S_IMODE(status.st_mode) for status in found.values() if stat.S_ISREG(status.st_mode)}
    assert modes == {0o640}
    assert {stat.S_IMODE(status.st_mode) for status in found.values() if stat.S_ISDIR(status.st_mode)} == {0o750}


def test_cut_at_every_64_kib_it_goes_on_from_there(gate: Gate) -> None:
    content, have, begun = CONTENTS["cats.bin"], 0, line(announced()) + CONTENTS["manifest.yaml"]
    for at in range(65_536, len(content), 65_536):
        assert gate.refused(begun + content[have:at]) == CUT
        assert gate.said[0]["have"]["cats.bin"] == have
        safe = gate.said[-2].get("safe", 0) - (len(CONTENTS["manifest.yaml"]) if not have else 0)
        assert at - SYNCED <= have + safe <= at
        have, begun = (at - 1) // SYNCED * SYNCED, line(announced())
    said, code = gate.sent(line(announced()) + content[have:])
    assert (said[0]["have"]["cats.bin"], code) == (have, 0)
    assert gate.held() == CONTENTS


@pytest.mark.parametrize("size", [SYNCED + 70_000, 2 * SYNCED])
def test_what_the_power_took_is_sent_again(gate: Gate, size: int) -> None:
    """A part has its size, and zeros where the bytes were not flushed."""
    content, folder = CONTENTS["cats.bin"], gate.make_area()
    part = folder / f".cats.bin.{announced()[1]['sha256']}.part"
    part.write_bytes(content[:SYNCED] + bytes(size - SYNCED))
    os.chown(part, uid(), uid())
    said, code = gate.sent(line(announced()) + CONTENTS["manifest.yaml"] + content[SYNCED:])
    assert (said[0]["have"]["cats.bin"], code) == (SYNCED, 0)
    assert gate.held() == CONTENTS


def test_killed_it_goes_on_from_what_was_flushed(gate: Gate) -> None:
    with gate.opened() as process:
        say(process, line(announced()))
        reply(process.stdout)
        say(process, CONTENTS["manifest.yaml"] + CONTENTS["cats.bin"][: SYNCED + 70_000])
        part = wait_for(gate, SYNCED + 1)
    assert part.name.startswith(".cats.bin.")
    said, code = gate.sent(line(announced()) + CONTENTS["cats.bin"][SYNCED:])
    assert (said[0]["have"], code) == ({"manifest.yaml": 11, "cats.bin": SYNCED, "empty.csv": 0}, 0)
    assert gate.held() == CONTENTS


def wait_for(gate: Gate, size: int) -> Path:
    """The part of a file, as soon as it has so many bytes."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for path in gate.folder.glob(".*.part"):
            if path.stat().st_size >= size:
                return path
        time.sleep(0.01)
    raise AssertionError(list(gate.folder.iterdir()))


def test_another_announcement_starts_anew_and_drops_what_it_does_not_name(gate: Gate) -> None:
    gate.sent(whole()[: -len(CONTENTS["cats.bin"]) // 2])
    changed = {**CONTENTS, "cats.bin": CONTENTS["cats.bin"][::-1]}
    said, code = gate.sent(line(announced(changed)) + changed["cats.bin"])
    assert (said[0]["have"], code) == ({"manifest.yaml": 11, "cats.bin": 0, "empty.csv": 0}, 0)
    assert gate.held() == changed
    shorter = {"manifest.yaml": b"name: dogs\n"}
    assert gate.sent(whole(shorter))[1] == 0
    assert gate.held() == shorter


def test_two_files_of_the_same_bytes(gate: Gate) -> None:
    contents = {"manifest.yaml": b"", "a": b"meow", "b": b"meow"}
    assert gate.sent(whole(contents))[1] == 0
    assert gate.held() == contents


def test_two_at_once_and_the_second_is_told(gate: Gate) -> None:
    with gate.opened() as process:
        say(process, line(announced()))
        reply(process.stdout)
        said = f"{gate.folder}: another upload of it is running; wait for that and try again"
        assert gate.refused(whole()) == said
        _, code = gate.sent(whole(), f"upload dogs {VERSION}")
        assert code == 0
        rest, _ = process.communicate(b"".join(CONTENTS.values()), timeout=30)
        assert json.loads(rest.splitlines()[-1]) == {"format": 1, "done": True}
    assert gate.held() == CONTENTS
    assert gate.logged[0] == f"{LABEL} refused: {said}"
