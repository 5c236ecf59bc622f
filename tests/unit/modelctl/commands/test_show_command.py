"""`modelctl show MODEL`: its output, its exit codes."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Pin, PinnedFile, Pins
from tests import chandler
from tests.unit.modelctl.fake_nodes import OLD, FakeNodes
from tests.unit.modelctl.sites import fleet, pinned, site_with
from tests.unit.modelctl.terminal import on_a_terminal

MODEL = "mobilenet_ssd"
SITE = """
from tests.unit.modelctl.commands import test_show_command
_FLEET = test_show_command.FLEET
"""
OLD_MANIFEST = b"%YAML 1.0\n---\nname: mobilenet_ssd\ndate_deployed: 2020-12-06\ntraining_metrics: {}\n"
NEW_MANIFEST = b'name: mobilenet_ssd\ndate_deployed: "2026-05-03"\ntraining_metrics:\n  accuracy: 0.9\n  events: 140\n'
BASE = "2020-12-06"


def _fleet() -> Fleet:
    pin = Pin(manifest=hashlib.sha256(OLD_MANIFEST).hexdigest(), files=_files())
    new = Pin(manifest=hashlib.sha256(NEW_MANIFEST).hexdigest(), files=_files())
    pins = Pins(models=pinned().models | {MODEL: {BASE: pin, "2026-05-01": new, "2019-01-01": new}})
    return fleet(site_with("lab1", model_version_overrides={MODEL: "2026-05-01"}), pins=pins)


def _files() -> dict[str, PinnedFile]:
    return pinned().models[MODEL][BASE].files


FLEET = _fleet()


def entry(manifest: bytes | None, **changes: Any) -> dict[str, Any]:
    text = None if manifest is None else base64.b64encode(manifest).decode()
    return {"files": {"a": 1_000_000, "manifest.yaml": len(manifest or b"")}, "manifest": text} | changes


STORED = {
    (MODEL, BASE): entry(OLD_MANIFEST),
    (MODEL, "2026-05-01"): entry(NEW_MANIFEST),
    (MODEL, "2026-05-01.2"): entry(NEW_MANIFEST),
    ("haarcascades", "2026-06-01"): entry(None),
}


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    nodes = FakeNodes(FLEET, tmp_path, monkeypatch)
    nodes.store(STORED)
    return nodes


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.py"
    path.write_text(SITE, encoding="utf-8")
    return path


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["show", MODEL, *words, "--site", str(site)], catch_exceptions=False)


TABLES = f"""\
version       date          size  digest        pinned  marks             metrics
2026-05-01.2  2026-05-03  1.0 MB  {hashlib.sha256(NEW_MANIFEST).hexdigest()[:12]}  no      none              accuracy 0.9, events 140
2026-05-01    2026-05-03  1.0 MB  {hashlib.sha256(NEW_MANIFEST).hexdigest()[:12]}  yes     override on lab1  accuracy 0.9, events 140
2020-12-06    2020-12-06  1.0 MB  {hashlib.sha256(OLD_MANIFEST).hexdigest()[:12]}  yes     current           none

host      gets        runs
sentinel  2020-12-06  2020-12-06
lab1      2026-05-01  2026-05-01
alpha5    2020-12-06  none
"""  # noqa: E501


@pytest.mark.usefixtures("nodes")
def test_versions_newest_first_and_who_runs_them(site: Path) -> None:
    result = run(site)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == TABLES


def test_what_is_named_or_run_and_not_stored(nodes: FakeNodes, site: Path) -> None:
    nodes.store({(MODEL, "2026-05-01"): STORED[MODEL, "2026-05-01"]})
    nodes.change("east", models={MODEL: "2018-01-01", "mobilenet_ssd_depthai": "2022-04-02"})
    nodes.change("lab1", models={MODEL: "no version"})
    result = run(site)
    versions, hosts, notes = result.stdout.split("\n\n")
    assert [line.split() for line in versions.splitlines()[2:]] == [
        ["2020-12-06", "none", "not", "stored", "none", "yes", "current", "none"],
        ["2018-01-01", "none", "not", "stored", "none", "no", "none", "none"],
    ]
    assert [line.split() for line in hosts.splitlines()[2:4]] == [
        ["lab1", "2026-05-01", "no", "version"], ["east", "none", "2018-01-01"],
    ]  # fmt: skip
    named = "mobilenet_ssd/2020-12-06: not stored, but named as current; store it, or name another version\n"
    assert (result.exit_code, notes) == (3, named)


@pytest.mark.parametrize(
    ("stored", "cells", "note"),
    [
        (entry(NEW_MANIFEST), "2026-05-03 1.0 MB {new} differs current accuracy 0.9, events 140",
         "its manifest is not the pinned one; which files differ: modelctl verify mobilenet_ssd"),
        (entry(None), "unknown 1.0 MB unknown differs current unknown",
         "manifest.yaml: there is none; all that is wrong with it: modelctl verify mobilenet_ssd"),
        (entry(b"a: &a b"), "unknown 1.0 MB {bad} differs current unknown",
         "manifest.yaml: line 1: found an anchor or alias; all that is wrong with it: modelctl verify mobilenet_ssd"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_as_it_should_be(
    nodes: FakeNodes, site: Path, stored: dict[str, Any], cells: str, note: str
) -> None:
    nodes.store({**STORED, (MODEL, BASE): stored})
    result = run(site)
    digests = {
        name: hashlib.sha256(text).hexdigest()[:12] for name, text in (("new", NEW_MANIFEST), ("bad", b"a: &a b"))
    }
    assert result.exit_code == 3
    assert " ".join(result.stdout.splitlines()[3].split()) == f"{BASE} " + cells.format(**digests)
    assert result.stdout.split("\n\n")[2] == f"mobilenet_ssd/2020-12-06: {note}\n"


def test_without_the_datasink_it_tells_what_is_pinned(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("data1", 255, "No route to host")
    result = run(site)
    versions, hosts, notes = result.stdout.split("\n\n")
    assert [line.split() for line in versions.splitlines()[1:]] == [
        ["2026-05-01", *["unknown"] * 3, "yes", "override", "on", "lab1", "unknown"],
        ["2020-12-06", *["unknown"] * 3, "yes", "current", "unknown"],
        ["2019-01-01", *["unknown"] * 3, "yes", "none", "unknown"],
    ]
    assert hosts.splitlines()[1].split() == ["data1", "none", "unknown"]
    assert result.exit_code == 3
    assert notes == "data1 (192.168.10.50): No route to host; look at its power and its cable, then run again\n"


@pytest.mark.parametrize(
    "changes", [{"live": None}, {"live": OLD}, {"commit": "adopted", "models": {}}, {"commit": None, "models": {}}]
)
def test_a_host_that_runs_no_recorded_set_is_unknown(nodes: FakeNodes, site: Path, changes: dict[str, Any]) -> None:
    nodes.change("lab1", **changes)
    result = run(site)
    _, hosts, notes = result.stdout.split("\n\n")
    assert hosts.splitlines()[2].split() == ["lab1", "2026-05-01", "unknown"]
    assert result.exit_code == 3
    assert notes == (
        "lab1 (192.168.10.20): found imagenode running no recorded set; see what is known: modelctl status lab1\n"
    )


def test_a_stopped_service_runs_none(nodes: FakeNodes, site: Path) -> None:
    nodes.change("lab1", active=False, live=None)
    result = run(site)
    assert (result.exit_code, result.stdout.split("\n\n")[1].splitlines()[2].split()[1:]) == (0, ["2026-05-01", "none"])


FULL = b"""name: mobilenet_ssd
version: 2026-05-01
framework: caffe
source: ssd.ipynb
host: deepend
date_deployed: '2026-05-03'
training_metrics: {accuracy: 0.9, papermill: {duration: 12.5, version: null}}
requires: {numpy: 1.24.4}
files:
- {name: a, sha256: 'aa', size: 1000}
- {name: b, checksum: 'bb'}
"""
PLAIN = """\
of                                mobilenet_ssd/2026-05-01
manifest                          DIGEST
marks                             override on lab1
runs on                           lab1
source                            ssd.ipynb
host                              deepend
framework                         caffe
date_deployed                     2026-05-03
requires.numpy                    1.24.4
training_metrics.accuracy         0.9
training_metrics.papermill.duration  12.5
files.a                           1.0 kB, SHA-256 aa
files.b                           SHA-256 bb
"""


def test_one_version_whole(nodes: FakeNodes, site: Path) -> None:
    nodes.store({**STORED, (MODEL, "2026-05-01"): entry(FULL)})
    result = CliRunner().invoke(cli.main, ["show", MODEL, "2026-05-01", "--site", str(site)], catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    wanted = PLAIN.replace("DIGEST", hashlib.sha256(FULL).hexdigest())
    assert [line.split() for line in result.stdout.splitlines()] == [line.split() for line in wanted.splitlines()]
    found = json.loads(run(site, "2026-05-01", "--json").stdout)
    assert (found["told"]["requires.numpy"], found["hosts"], found["bad"]) == ("1.24.4", ["lab1"], None)


def test_one_version_while_a_host_gives_no_answer(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("alpha5", 255, "No route to host")
    result = run(site, BASE)
    assert (result.exit_code, "alpha5 (192.168.10.22): No route to host" in result.stdout) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["2019-02-02"], "VERSION: found '2019-02-02'; allowed: one that is stored: "),
        (["v2"], "VERSION: found 'v2'; allowed: a real date"),
    ],
)
def test_a_version_that_is_not_stored(nodes: FakeNodes, site: Path, words: list[str], said: str) -> None:
    del nodes
    result = run(site, *words)
    assert (result.exit_code, result.stderr.startswith(said)) == (1, True), result.stderr


@pytest.mark.parametrize("manifest", [None, b"[]", b"\xff", b"a: &a 1", b"x" * 70000])
def test_a_manifest_that_tells_nothing(nodes: FakeNodes, site: Path, manifest: bytes | None) -> None:
    nodes.store({**STORED, (MODEL, BASE): entry(manifest)})
    result = run(site, BASE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"data1: {MODEL}/{BASE}: ")


def test_two_versions_side_by_side(nodes: FakeNodes, site: Path) -> None:
    nodes.store({**STORED, (MODEL, "2026-05-01"): entry(FULL)})
    words = ["diff", MODEL, BASE, "2026-05-01", "--site", str(site)]
    result = CliRunner().invoke(cli.main, words, catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert rows["of"] == [BASE, "2026-05-01"]
    assert rows["training_metrics.accuracy"] == ["none", "0.9", "differs"]
    assert rows["date_deployed"] == [BASE, "2026-05-03", "differs"]
    data = json.loads(CliRunner().invoke(cli.main, [*words, "--json"], catch_exceptions=False).stdout)
    assert (data["model"], list(data["versions"])) == (MODEL, [BASE, "2026-05-01"])


def test_as_json(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("alpha5", 255, "No route to host")
    result = run(site, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["model"], found["error"], found["ok"]) == (3, MODEL, None, False)
    assert list(found["versions"]) == ["2026-05-01.2", "2026-05-01", "2020-12-06"]
    assert found["versions"]["2026-05-01"] == {
        "stored": True, "date": "2026-05-03", "bytes": 1_000_096, "digest": hashlib.sha256(NEW_MANIFEST).hexdigest(),
        "metrics": {"accuracy": "0.9", "events": "140"}, "fault": None, "unreadable": None, "pinned": "yes",
        "marks": ["override on lab1"], "bad": None,
    }  # fmt: skip
    line = "alpha5 (192.168.10.22): No route to host; look at its power and its cable, then run again"
    assert found["hosts"] == {
        "sentinel": {"gets": BASE, "runs": BASE, "error": None},
        "lab1": {"gets": "2026-05-01", "runs": "2026-05-01", "error": None},
        "alpha5": {"gets": BASE, "runs": None, "error": line},
    }


def test_as_json_of_what_is_absent_or_unknown(nodes: FakeNodes, site: Path) -> None:
    nodes.store({})
    absent = json.loads(run(site, "--json").stdout)["versions"][BASE]
    nothing = {"date": None, "bytes": None, "digest": None, "metrics": None, "fault": None, "unreadable": None}
    assert absent == {"stored": False, **nothing, "pinned": "yes", "marks": ["current"], "bad": None}
    nodes.fail("data1", 255, "No route to host")
    found = json.loads(run(site, "--json").stdout)
    assert found["versions"][BASE] == absent | {"stored": None}
    assert found["error"].startswith("data1 (192.168.10.50): No route to host; ")
    assert found["hosts"]["data1"]["error"] == found["error"]


@pytest.mark.usefixtures("nodes")
def test_an_unknown_model(site: Path) -> None:
    result = CliRunner().invoke(cli.main, ["show", "mobilenet", "--site", str(site)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("MODEL: found 'mobilenet'; allowed: coral_packages, face_detection, ")
    assert result.stderr.endswith("; did you mean mobilenet_ssd?\n")


def test_on_a_terminal_it_is_a_table_in_colour(nodes: FakeNodes, site: Path) -> None:
    nodes.store({**STORED, (MODEL, BASE): entry(NEW_MANIFEST)})
    code, shown = on_a_terminal(site, "show", MODEL, COLUMNS="140")
    assert code == 3
    [red] = [line for line in shown.splitlines() if "\x1b[31m" in line]
    assert red.startswith("\x1b[31m2020-12-06")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"^lab1 +2026-05-01 +2026-05-01 *$", plain, re.MULTILINE)
