"""What takes an upload in, killed at each of its changes to the disk."""

import json
import os
import shutil
from pathlib import Path

from node.registry import upload
from node.registry.conversation import Conversation
from node.store import files
from tests.unit.node.registry.asking import in_a_copy
from tests.unit.node.registry.uploading import CONTENTS, MODEL, VERSION, Gate, announced, line, whole


def begin(gate: Gate, moment: int) -> bool:
    """Take all in, in a copy of this process that ends at its change of that number; tell whether it came to that."""
    left = [moment]

    def end(_moment: str, _path: Path) -> None:
        left[0] -= 1
        if not left[0]:
            os._exit(9)

    def work() -> None:
        files.observer = end
        with (gate.root / "sent").open() as source, Path(os.devnull).open("wb") as nobody:
            upload.take(gate.area, MODEL, VERSION, Conversation(source.fileno(), nobody.fileno()))

    return in_a_copy(work) == 9


def go_on(gate: Gate) -> dict[str, int]:
    """A trainer sends what is not here yet. Returns what was."""
    (source, sender), (listener, target) = os.pipe(), os.pipe()
    told = gate.root / "told"
    child = os.fork()
    if not child:
        for each in (source, target):
            os.close(each)
        with os.fdopen(sender, "wb") as sending, os.fdopen(listener, "rb") as listening:
            sending.write(line(announced()))
            sending.flush()
            told.write_bytes(listening.readline())
            have = json.loads(told.read_bytes())["have"]
            sending.write(b"".join(content[have[name] :] for name, content in CONTENTS.items()))
        os._exit(0)
    try:
        upload.take(gate.area, MODEL, VERSION, Conversation(source, target))
    finally:
        for each in (source, sender, listener, target):
            os.close(each)
        os.waitpid(child, 0)
    found: dict[str, int] = json.loads(told.read_bytes())["have"]
    return found


def test_killed_anywhere_the_next_one_ends_it(tmp_path: Path) -> None:
    gate, points, seen = Gate(tmp_path), 0, set[int]()
    (tmp_path / "sent").write_bytes(whole())
    while begin(gate, points + 1):
        points += 1
        for path in gate.folder.glob("[!.]*") if gate.folder.exists() else ():
            assert path.read_bytes() == CONTENTS[path.name], points
        seen.add(go_on(gate)["cats.bin"])
        assert gate.held() == CONTENTS, points
        shutil.rmtree(gate.area)
    assert points >= 30
    size = len(CONTENTS["cats.bin"])
    assert seen == {*range(0, size, upload.SYNCED), size}


def test_each_file_is_flushed_before_it_has_its_name(tmp_path: Path) -> None:
    gate, done = Gate(tmp_path), []
    files.observer = lambda moment, path: done.append(f"{moment} {path.name.partition('.bin.')[0]}")
    try:
        go_on(gate)
    finally:
        files.observer = files._no_observer
    steps = [each for each in done if "cats" in each]
    at = steps.index("before rename cats.bin")
    assert steps[at - 1] == "after sync .cats"
    assert steps[:at].count("after sync .cats") == 1 + len(CONTENTS["cats.bin"]) // upload.SYNCED
    assert done[done.index("after rename cats.bin") + 1] == f"before sync {VERSION}"
