"""`modelctl list`: its output, its exit codes."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from tests import chandler
from tests.unit.modelctl.fake_nodes import FakeNodes
from tests.unit.modelctl.sites import fleet, pinned
from tests.unit.modelctl.terminal import on_a_terminal

SITE = """
from tests.unit.modelctl.sites import fleet, pinned, site_with
_FLEET = fleet(site_with("lab1", model_version_overrides={{"mobilenet_ssd": "2026-05-01"}}),
               pins=pinned(("mobilenet_ssd", "2026-05-01")))
def _connect():
    open({mark!r}, "w").close()
"""
STORED: dict[tuple[str, str], dict[str, Any]] = {
    ("mobilenet_ssd", "2020-12-06"): {"files": {"a": 23_147_564, "manifest.yaml": 100}},
    ("mobilenet_ssd", "2026-05-01"): {"files": {"a": 1_000, "b": 5_000}, "shared": ["b"]},
    ("mobilenet_ssd", "2026-05-01.10"): {"files": {"a": 1}},
    ("mobilenet_ssd", "2026-05-01.9"): {"files": {"a": 1}, "manifest": base64.b64encode(b"no: manifest").decode()},
    ("face_recognition", "2026-02-02"): {},
}


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    nodes = FakeNodes(fleet(pins=pinned()), tmp_path, monkeypatch)
    nodes.store(STORED)
    return nodes


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.py"
    path.write_text(SITE.format(mark=str(tmp_path / "connected")), encoding="utf-8")
    return path


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["list", *words, "--site", str(site)], catch_exceptions=False)


TABLE = """\
model                     current     previous    overrides        versions     size
mobilenet_ssd             2020-12-06  none        lab1=2026-05-01         4  23.1 MB
mobilenet_ssd_depthai     2022-04-02  none        none                    0      0 B
mobilenet_ssd_edgetpu     2025-12-19  none        none                    0      0 B
face_detection            2020-03-25  none        none                    0      0 B
face_detection_edgetpu    2025-12-19  none        none                    0      0 B
face_detection_blazeface  2026-01-02  none        none                    0      0 B
face_recognition          2026-02-02  2025-02-25  none                    1      0 B
haarcascades              2020-03-25  none        none                    0      0 B
openface_torch            2020-03-25  none        none                    0      0 B
coral_packages            2025-12-19  none        none                    0      0 B
"""


def test_every_model_has_a_row(nodes: FakeNodes, site: Path, tmp_path: Path) -> None:
    result = run(site)
    assert (result.exit_code, result.stdout, result.stderr) == (0, TABLE, "")
    assert nodes.ssh.addresses() == {nodes.address("data1")}
    assert (tmp_path / "connected").exists()


def test_without_an_answer_what_is_stored_is_unknown(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("data1", 255, "No route to host")
    result = run(site)
    assert (result.exit_code, result.stderr) == (3, "")
    table, note = result.stdout.split("\n\n")
    assert [line.split()[-2:] for line in table.splitlines()[1:]] == [["unknown", "unknown"]] * 10
    assert table.splitlines()[1].split()[1:4] == ["2020-12-06", "none", "lab1=2026-05-01"]
    assert note == "data1 (192.168.10.50): No route to host; look at its power and its cable, then run again\n"


@pytest.mark.usefixtures("nodes")
def test_as_json(site: Path) -> None:
    result = run(site, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["error"], len(found["models"])) == (0, None, 10)
    assert found["models"]["mobilenet_ssd"] == {
        "current": "2020-12-06", "previous": None, "overrides": {"lab1": "2026-05-01"},
        "versions": ["2026-05-01.10", "2026-05-01.9", "2026-05-01", "2020-12-06"], "bytes": 23_148_666,
        "unreadable": {},
    }  # fmt: skip
    assert found["models"]["face_recognition"]["previous"] == "2025-02-25"


def test_as_json_without_an_answer(nodes: FakeNodes, site: Path) -> None:
    nodes.ssh.answer(nodes.address("data1"), "echo hello")
    result = run(site, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["models"]["haarcascades"]["versions"]) == (3, None)
    assert found["models"]["haarcascades"]["bytes"] is None
    assert found["error"].startswith("data1 (192.168.10.50): found hello; expected the registry's listing as JSON")


def test_on_a_terminal_it_is_a_table(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("data1", 255, "No route to host")
    code, shown = on_a_terminal(site, "list", COLUMNS="120")
    assert code == 3
    assert "\x1b[33mhaarcascades" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.search(r"^haarcascades +2020-03-25 +none +none +unknown +unknown *$", plain, re.MULTILINE)
    assert "\x1b[3" not in on_a_terminal(site, "list", NO_COLOR="1")[1]
