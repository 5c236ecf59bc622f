"""Hostile roots: not written, and when a sweep finds such files all the same, nothing is removed by it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from node import cli, layout
from node.registry import roots
from tests.unit.node.hostile import NAMES, NO_TEXTS, require_line, trying
from tests.unit.node.places import tree
from tests.unit.node.registry import test_sweep
from tests.unit.node.registry.sweeping import CLONE, Depot, sweep

depot, due = test_sweep.depot, test_sweep.due
REFUSED = ("roots: found ", "what it was told: ")


@pytest.fixture(autouse=True)
def before(due: list[Path], tmp_path: Path) -> dict[str, bytes]:
    """All files, of which nothing may change; what is due would go."""
    assert all(folder.exists() for folder in due)
    return tree(tmp_path)


def message(**changes: Any) -> dict[str, Any]:
    clone = {"name": CLONE, "versions": {"cats/2026-01-01": "current"}, "hosts": ["lab1"], "retention": 3}
    hosts = {"lab1": {"versions": {"cats/2026-01-01": "in a set"}, "is_complete": True}}
    return {"clone": clone, "hosts": hosts, "operator": "anna@ramrod", **changes}


def clone(**changes: Any) -> dict[str, Any]:
    told = message()
    return {**told, "clone": {**told["clone"], **changes}}


def host(**changes: Any) -> dict[str, Any]:
    told = message()
    return {**told, "hosts": {"lab1": {**told["hosts"]["lab1"], **changes}}}


def told(monkeypatch: pytest.MonkeyPatch, data: object) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(data)))
    return cli.main(["add-roots"])


def require_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *asked: object) -> None:
    roots_before = tree(layout.roots())
    for data in asked:
        with trying(data):
            assert told(monkeypatch, data) == 1
            assert require_line(capsys.readouterr().err).startswith(REFUSED)
            assert tree(layout.roots()) == roots_before


def test_plain_roots_are_written_and_obeyed(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    told_of = {"cats/2019-01-01": "current"}
    assert told(monkeypatch, clone(versions=told_of, retention=0)) == 0
    assert list(roots.read().hosts["lab1"].versions) == ["cats/2026-01-01"]
    assert sweep(depot) == []
    assert sorted(tree(depot.registry)) == ["cats/2019-01-01/cats.bin", "cats/2019-01-01/manifest.yaml"]


def test_a_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES.values():
        labels = [name, name + "/2026-01-01", "cats/" + name]
        asked = [each for label in labels for each in (clone(versions={label: "a"}), host(versions={label: "a"}))]
        require_refused(monkeypatch, capsys, *asked)
        if name != "fullwidth digits":
            entry = message()["hosts"]["lab1"]
            require_refused(monkeypatch, capsys, clone(hosts=[name]), message(hosts={name: entry}))


def test_what_is_no_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for value in NO_TEXTS:
        asked = [
            clone(name=value),
            clone(versions={"cats/2026-01-01": value}),
            clone(hosts=[value]),
            host(versions=value),
        ]
        asked += [message(operator=value), message(clone=value), message(hosts={"lab1": value}), host(is_complete=7)]
        require_refused(monkeypatch, capsys, *(each for each in asked if each != host(versions={})))


@pytest.mark.parametrize("value", [-1, 1.5, True, "7", None, [], float("nan"), float("inf"), 10**400], ids=repr)
def test_what_is_no_number(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: object) -> None:
    """Below nothing would be all but some of the most recent."""
    require_refused(monkeypatch, capsys, clone(retention=value))


def test_a_line_that_would_be_two(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("anna\n2026-11-23T00:00:00Z removed dogs", "\x1b[2J", "a\u202eb"):
        asked = [message(operator=text), clone(name=text), clone(versions={"cats/2026-01-01": text})]
        require_refused(monkeypatch, capsys, *asked, host(versions={"cats/2026-01-01": text}))


FILES = ["hosts/lab1.json", "hosts/more.json", "clones/more.json"]


def require_nothing_removed(depot: Depot, path: Path) -> None:
    """The file is named in a line."""
    before = tree(depot.registry)
    assert sweep(depot) == []
    [line] = depot.log.read_text().splitlines()
    assert require_line(line).partition(" ")[2].startswith(f"nothing is removed: {path}: damaged (")
    assert tree(depot.registry) == before
    depot.log.unlink()


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_root(depot: Depot, name: str) -> None:
    path = layout.roots() / name
    contents: list[bytes] = [b"", b"[", b"\xff", b"[" * 100_000, b"[NaN]", b"\0" * 1_000_000, b"{}"]
    contents += [json.dumps(data).encode() for data in (*NO_TEXTS, [{}], {"time": 7}, message())]
    for content in contents:
        with trying(content):
            path.write_bytes(content)
            require_nothing_removed(depot, path)


@pytest.mark.parametrize("field", ["by", "time", "versions"])
def test_a_field_of_a_file(depot: Depot, field: str) -> None:
    path = layout.roots() / "hosts" / "lab1.json"
    good = json.loads(path.read_text())
    for value in [*NO_TEXTS, {"cats/2026-01-01": "current"}, "a\0"]:
        if field != "versions" or value != {}:
            with trying(value):
                path.write_text(json.dumps({**good, field: value}))
                require_nothing_removed(depot, path)
    path.write_text(json.dumps({name: each for name, each in good.items() if name != field}))
    require_nothing_removed(depot, path)


def test_links_lead_nowhere(depot: Depot, tmp_path: Path) -> None:
    """Of a link's folder nothing is known; a link in a file's place is damage."""
    hosts = layout.roots() / "hosts"
    hosts.rename(tmp_path / "elsewhere")
    hosts.symlink_to(tmp_path / "elsewhere")
    before = tree(depot.registry)
    assert sweep(depot) == []
    assert "nothing is removed: lab1: nothing is known" in depot.log.read_text()
    assert tree(depot.registry) == before
    depot.log.unlink()
    hosts.unlink()
    hosts.mkdir()
    (hosts / "lab1.json").symlink_to(tmp_path / "elsewhere" / "lab1.json")
    require_nothing_removed(depot, hosts / "lab1.json")
