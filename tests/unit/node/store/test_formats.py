"""H3: what is stored on nodes can be read, whichever program wrote it. formats/ keeps an example of each format."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from node import layout
from node.coral import stack_contents
from node.coral.stack_contents import Unpacked
from node.errors import Refusal
from node.store import files, history, pending_switch, sets

EXAMPLES = Path(__file__).parent / "formats"
NEW = "fc0d2e98d8fa5283583bf895deda69480994bcfe2c163bfaad095c0fd54d675b"
OLD = "ee21f70a6f02070d173fc9f9b6537adbc15874f1647c37dc60ed473b1dadc9c7"
SERVICE = "imagenode"


@pytest.fixture(autouse=True)
def folder() -> Path:
    folder = layout.sets(SERVICE) / NEW
    files.folder(folder)
    return folder


@pytest.mark.parametrize("number", ["0", "1", "1.work", "1.work_stack"])
def test_a_set(folder: Path, number: str) -> None:
    shutil.copy(EXAMPLES / f"set-{number}.json", folder / "set.json")
    stored = sets.read(SERVICE, NEW)
    assert stored.commit == "9c8291b895d0022774debb3d682cd08def609582"
    assert stored.product == ("unknown" if number == "0" else "0.1.0 4a426713f0d5")
    assert [str(path) for path in stored.content.paths] == [
        "/etc/systemd/system/imagenode.service", "/home/ops/imagenode.yaml",
    ]  # fmt: skip
    assert stored.content.models == {"mobilenet_ssd": "2026-05-01"}
    assert (stored.content.health_check.start_timeout, stored.content.is_to_run, stored.content.user) == (
        20,
        True,
        "ops",
    )


@pytest.mark.parametrize("number", [0, 1])
def test_a_pending_switch(number: int) -> None:
    shutil.copy(EXAMPLES / f"pending-{number}.json", layout.pending(SERVICE))
    begun = pending_switch.read(SERVICE)
    assert begun is not None
    assert (begun.request.digest, begun.old, begun.previous, begun.reason) == (NEW, OLD, None, None)
    assert begun.request.operator == "anna@ramrod"


@pytest.mark.parametrize("number", [0, 1])
def test_a_line_of_the_history(number: int) -> None:
    shutil.copy(EXAMPLES / f"history-{number}.jsonl", layout.history())
    [entry] = history.entries()
    assert history.text(entry) == (
        "2026-11-26T18:16:11Z lab1#1 imagenode chosen none -> ee21f70a6f02 commit 9c8291b895d0 by anna@ramrod: "
        "pyinfra early.py deploys/site.py -y --limit data1 --limit sentinel --limit lab1 --limit east"
    )


def test_the_list_of_a_stack() -> None:
    folder = layout.coral() / NEW
    files.folder(folder)
    shutil.copy(EXAMPLES / "stack-1.json", folder / "contents.json")
    found = stack_contents.read(folder)
    assert (found.version, found.manifest) == ("2026-01-10", NEW)
    assert found.files["lib/libedgetpu.so.1"] == Unpacked(OLD, 1174504, 131, 1_795_000_000_000_000_001, 7)


def example(name: str) -> dict[str, Any]:
    """The newest example."""
    found = json.loads(sorted(EXAMPLES.glob(f"{name}-*"))[-1].read_text())
    assert isinstance(found, dict)
    return found


def test_what_is_written_is_of_the_newest_format(folder: Path) -> None:
    for name, path in (("set", folder / "set.json"), ("pending", layout.pending(SERVICE))):
        shutil.copy(EXAMPLES / f"{name}-0.json", path)
    sets.tell(sets.read(SERVICE, NEW), "stopped")
    expected = {**example("set"), "state": "stopped", "product": "unknown"}
    del expected["stack"]  # the old set had none
    assert json.loads((folder / "set.json").read_text()) == expected
    begun = pending_switch.read(SERVICE)
    assert begun is not None
    pending_switch.put(begun)
    assert json.loads(layout.pending(SERVICE).read_text()) == example("pending")
    history.add(begun.request, OLD, history.CHOSEN, None)
    assert set(json.loads(layout.history().read_text())) == set(example("history"))


@pytest.mark.parametrize(
    "name", sorted(set(example("set")) - {"service", "digest", "files", "format"})
)  # what no set can be without
def test_a_set_of_a_program_that_knew_fewer_fields(folder: Path, name: str) -> None:
    data = example("set")
    del data[name]
    (folder / "set.json").write_text(json.dumps(data))
    assert sets.read(SERVICE, NEW).content.files[0].owner == "root"


@pytest.mark.parametrize("name", ["old", "previous", "reason", "time", "operator", "purpose", "commit"])
def test_a_note_of_a_program_that_knew_fewer_fields(name: str) -> None:
    data = example("pending")
    (data if name in data else data["request"]).pop(name)
    layout.pending(SERVICE).write_text(json.dumps(data))
    assert pending_switch.read(SERVICE) is not None


def test_more_fields_than_this_program_knows_are_no_obstacle(folder: Path) -> None:
    for name, path in (
        ("set", folder / "set.json"),
        ("pending", layout.pending(SERVICE)),
        ("history", layout.history()),
    ):
        path.write_text(json.dumps({**example(name), "more": {"a": 1}}) + "\n")
    assert sets.read(SERVICE, NEW).content.digest == NEW
    assert pending_switch.read(SERVICE) is not None
    assert len(history.entries()) == 1


def test_a_format_that_this_program_would_misread_is_refused(folder: Path) -> None:
    (folder / "set.json").write_text(json.dumps({**example("set"), "format": 2}))
    with pytest.raises(Refusal, match=r"format 2, expected 1 or older; a newer checkout wrote it: deploy with that"):
        sets.read(SERVICE, NEW)
    layout.pending(SERVICE).write_text(json.dumps({**example("pending"), "format": 2}))
    with pytest.raises(Refusal, match="format 2, expected 1 or older"):
        pending_switch.read(SERVICE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("models", 7), ("models", {"cats": None}), ("state", None), ("timers", "x"),
        ("work", {"ports": ["5566"]}), ("work", {"script": 7}),
        ("stack", 7), ("stack", {"digest": "../a"}), ("stack", {**example("set")["stack"], "path": "x"}),
        ("commit", 7), ("absent", [None]), ("unit", ["x"]), ("service", "a\0"), ("unit", "\ud800"),
        ("gate", {"settle": "1"}),
        ("files", [{"path": "/a", "owner": 7, "mode": 420, "sha256": "ab"}]),
        ("named_files", [{"path": "/a\0", "sha256": "ab", "linked": False}]),
        ("named_files", [{"path": "/a", "sha256": "ab", "linked": "no"}]),
    ],
)  # fmt: skip
def test_a_set_with_a_field_of_another_type_is_refused(folder: Path, name: str, value: Any) -> None:
    (folder / "set.json").write_text(json.dumps({**example("set"), name: value}))
    assert refusal(partial(sets.read, SERVICE, NEW)).startswith(f"{folder}: set cannot be read (")


@pytest.mark.parametrize(("name", "value"), [("boot", None), ("old", 7), ("reason", []), ("time", {}), ("request", {})])
def test_a_note_with_a_field_of_another_type_is_refused(name: str, value: Any) -> None:
    layout.pending(SERVICE).write_text(json.dumps({**example("pending"), name: value}))
    assert refusal(partial(pending_switch.read, SERVICE)).startswith(f"{layout.pending(SERVICE)}: cannot be read (")


def damaged(data: Any, draw: random.Random) -> Any:
    """The same with something else in one place."""
    others: tuple[Any, ...] = (
        None,
        True,
        -1,
        10**30,
        0.5,
        "",
        "\0",
        "\ud800",
        "../..",
        [],
        {},
        [[]],
        {"": None},
        ["x"],
        {"x": []},
    )
    if isinstance(data, dict) and data and draw.random() < 0.8:
        key = draw.choice(sorted(data))
        return {**data, key: damaged(data[key], draw)}
    if isinstance(data, list) and data and draw.random() < 0.8:
        place = draw.randrange(len(data))
        return [*data[:place], damaged(data[place], draw), *data[place + 1 :]]
    return draw.choice(others)


def damages(name: str) -> Iterator[bytes]:
    draw, text = random.Random(name), json.dumps(example(name)).encode()  # noqa: S311
    for _ in range(300):
        yield json.dumps(damaged(example(name), draw)).encode()
        place = draw.randrange(len(text))
        yield text[:place]
        yield text[:place] + draw.randbytes(3) + text[place + 3 :]
        yield text[:place] + bytes(len(text) - place)
    yield b"[" * 100_000


def refusal(read: Callable[[], object]) -> str:
    """Why it refuses, nothing when it does not."""
    try:
        read()
    except Refusal as refusal:
        return str(refusal)
    return ""


def test_a_damaged_set_is_refused_in_one_line(folder: Path) -> None:
    for content in damages("set"):
        (folder / "set.json").write_bytes(content)
        said = refusal(partial(sets.read, SERVICE, NEW))
        assert said == "" or said.startswith(f"{folder}: set cannot be read (")


def test_a_damaged_note_is_refused_in_one_line() -> None:
    for content in damages("pending"):
        layout.pending(SERVICE).write_bytes(content)
        said = refusal(partial(pending_switch.read, SERVICE))
        assert said == "" or said.startswith(f"{layout.pending(SERVICE)}: cannot be read (")


def test_a_damaged_line_of_the_history_hurts_no_other() -> None:
    """H8."""
    whole = json.dumps({**example("history"), "n": 2}).encode()
    for content in damages("history"):
        layout.history().write_bytes(content.replace(b"\n", b" ") + b"\n" + whole + b"\n")
        entries = history.entries()
        assert entries[-1].n == 2
        assert all(history.text(entry).isprintable() for entry in entries)
        history.was_healthy(SERVICE, OLD)
        assert history.last(SERVICE) == entries[-1]
