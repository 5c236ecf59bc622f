"""`modelctl prune registry`: what it shows, what it writes, and when it does neither."""

import base64
import json
import shlex
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.errors import OperatorError
from modelctl.prune import delete_list
from node.protocol import UNKNOWN_COMMAND
from tests import chandler
from tests.unit.modelctl.fake_nodes import FakeNodes
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned())
SITE = "from tests.unit.modelctl.sites import fleet, pinned\n_FLEET = fleet(pins=pinned())\n"
NOW = "2026-11-23T03:00:00Z"
STATE: dict[str, Any] = {"now": NOW, "digest": "0" * 64, "entries": [], "seen": {}}
MANIFEST = b"name: haarcascades\n"
OTHERS = [f"2024-01-0{day}" for day in range(1, 6)]


def stored(size: int = 1000) -> dict[str, Any]:
    manifest = base64.b64encode(MANIFEST).decode()
    return {"files": {"manifest.yaml": len(MANIFEST), "eye.xml": size}, "manifest": manifest}


class Depot:
    """A datasink that answers as its programs would."""

    def __init__(self, nodes: FakeNodes, folder: Path) -> None:
        self.nodes, self._folder = nodes, folder
        going = {"2020-01-01": stored(), "2020-01-01.2": stored(70_000)}
        self.versions = {**going, **dict.fromkeys([*OTHERS, "2020-03-25"], stored())}
        self.state = STATE
        self.fault: str | None = None

    def answer(self) -> None:
        listing = {
            "models": {"haarcascades": self.versions},
            "unreadable": {},
            "leftovers": [],
            "free": 1_000_000,
            "total": 9_000_000,
            "fault": None,
            "is_there": True,
        }
        status = {"program": "f" * 64, "services": self.nodes.services["data1"]}
        fault = f"echo {shlex.quote(self.fault)} >&2; exit {UNKNOWN_COMMAND}" if self.fault else ""
        self.nodes.ssh.answer(
            self.nodes.address("data1"),
            f"""case "$command" in
            *list-registry) printf %s {shlex.quote(json.dumps(listing))};;
            *status*) printf %s {shlex.quote(json.dumps(status))};;
            *renew-delete-list*) printf %s "$input" >{self._folder}/written; {fault}
                echo "{{}}";;
            *delete-list*) {fault}
                printf %s {shlex.quote(json.dumps(self.state))};;
            *spare*) printf %s "$input" >{self._folder}/spared; echo '{{"versions": ["haarcascades/2020-01-01"]}}';;
            esac""",
        )

    def written(self) -> Any:
        path = self._folder / "written"
        return json.loads(path.read_text()) if path.exists() else None


@pytest.fixture
def depot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Depot:
    monkeypatch.chdir(chandler.FOLDER)
    monkeypatch.setattr("modelctl.prune.prune_registry.operator", lambda: "anna@ramrod")
    monkeypatch.setattr("modelctl.prune.prune_registry._require_clock", lambda *_: None)  # the time is that of STATE
    return Depot(FakeNodes(FLEET, tmp_path, monkeypatch), tmp_path)


def run(depot: Depot, tmp_path: Path, *words: str) -> Result:
    depot.answer()
    site = tmp_path / "site.py"
    site.write_text(SITE, encoding="utf-8")
    return CliRunner().invoke(cli.main, ["prune", "registry", *words, "--site", str(site)], catch_exceptions=False)


REPORT = """\
model         versions   bytes  go
haarcascades         8  77,152   2

goes                        bytes  not before            listed by    since
haarcascades/2020-01-01     1,019  2026-11-30T03:00:00Z  anna@ramrod  2026-11-23T03:00:00Z
haarcascades/2020-01-01.2  70,019  2026-11-30T03:00:00Z  anna@ramrod  2026-11-23T03:00:00Z

data1: 8 versions of 77,152 bytes are stored, 1,000,000 of its disk's 9,000,000 bytes are free
2 versions go, 71,038 bytes
"""


def test_a_dry_run_shows_what_the_run_writes(depot: Depot, tmp_path: Path) -> None:
    dry = run(depot, tmp_path, "--dry-run")
    assert (dry.exit_code, dry.stdout, dry.stderr, depot.written()) == (0, REPORT, "", None)
    refused = run(depot, tmp_path)
    assert (refused.exit_code, refused.stdout, depot.written()) == (1, REPORT, None)
    assert refused.stderr == "no terminal to ask at, nothing was written; without a question: --yes\n"
    done = run(depot, tmp_path, "--yes")
    assert (done.exit_code, done.stdout) == (0, REPORT + "the delete-list is written\n")
    written = depot.written()
    assert written["was"] == "0" * 64
    assert written["entries"][1] == {
        "model": "haarcascades", "version": "2020-01-01.2", "manifest": sha256(MANIFEST).hexdigest(), "bytes": 70_019,
        "due": "2026-11-30T03:00:00Z", "since": NOW, "operator": "anna@ramrod",
    }  # fmt: skip
    assert written["seen"]["lab1"] == {"time": NOW, "named": {"mobilenet_ssd": ["2020-12-06"]}}
    assert set(written["seen"]) == {"data1", "sentinel", "lab1", "east", "alpha5"}


def test_as_json(depot: Depot, tmp_path: Path) -> None:
    found = json.loads(run(depot, tmp_path, "--dry-run", "--json").stdout)
    done = run(depot, tmp_path, "--yes", "--json")
    assert (json.loads(done.stdout), done.stderr) == (found, "the delete-list is written\n")
    assert found["go"] == depot.written()["entries"]
    assert (found["datasink"], found["free"], found["total"]) == ("data1", 1_000_000, 9_000_000)
    assert found["stored"] == {"haarcascades": {"versions": 8, "bytes": 77_152}}
    assert found["kept"]["haarcascades/2020-03-25"] == ["current", "named by sentinel"]
    assert found["kept"]["haarcascades/2024-01-01"] == ["one of the 5 most recent others"]
    refused = run(depot, tmp_path, "--json")
    assert (refused.exit_code, refused.stderr) == (1, "--json: it cannot ask; add --dry-run or --yes\n")


def test_what_was_seen_is_written_also_when_nothing_goes(depot: Depot, tmp_path: Path) -> None:
    depot.versions = dict(list(depot.versions.items())[2:])
    done = run(depot, tmp_path)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == ["nothing goes", "the delete-list is as it was"]
    assert (depot.written()["entries"], len(depot.written()["seen"])) == ([], 5)


def test_hosts_that_cannot_tell(depot: Depot, tmp_path: Path) -> None:
    depot.nodes.change("lab1", named=None)
    depot.nodes.fail("east", 255, "No route to host")
    refused = run(depot, tmp_path, "--yes")
    assert (refused.exit_code, refused.stdout, depot.written()) == (1, "", None)
    known = "nothing is known of what {} names, so nothing is decided without it"
    assert refused.stderr.splitlines() == [
        "lab1 (192.168.10.20): it does not say which versions its sets name; a deploy brings a program that does, and "
        f"mends sets: pyinfra inventory.py deploys/models.py --limit lab1 -y; {known.format('lab1')}",
        "east (192.168.10.21): No route to host; is it up, and trusted? modelctl trust east; " + known.format("east"),
    ]
    sight = {"time": "2026-11-01T00:00:00Z", "named": {"haarcascades": ["2020-01-01"]}}
    depot.state = {**STATE, "seen": {"lab1": sight, "east": {**sight, "named": {}}}}
    done = run(depot, tmp_path, "--yes")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "1 versions go, 70,019 bytes" in lines
    assert lines[-2] == (
        "east (192.168.10.21): No route to host; is it up, and trusted? modelctl trust east; "
        "it counts with what was seen of it at 2026-11-01T00:00:00Z"
    )
    assert depot.written()["seen"]["lab1"] == sight


def test_a_damaged_list_is_told_of(depot: Depot, tmp_path: Path) -> None:
    depot.state = {**STATE, "entries": None}
    line = "data1: its delete-list is damaged, so nothing is removed; it is written anew, with new times"
    assert line in run(depot, tmp_path, "--dry-run").stdout.splitlines()


def test_a_datasink_that_refuses(depot: Depot, tmp_path: Path) -> None:
    depot.fault = "found delete-list; allowed: status, history, revert, restore"
    refused = run(depot, tmp_path, "--yes")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "data1 (192.168.10.50): its sentinelcam-node knows no delete-list; a deploy brings one: "
        "pyinfra inventory.py deploys/models.py --limit data1 -y\n",
    )


@pytest.mark.parametrize("state", ["{}", "[]", {**STATE, "now": "today"}, {**STATE, "entries": [{"model": "../x"}]}])
def test_an_answer_that_is_none(depot: Depot, tmp_path: Path, state: Any) -> None:
    depot.state = state
    refused = run(depot, tmp_path, "--yes")
    assert (refused.exit_code, depot.written()) == (1, None)
    assert refused.stderr.startswith("data1 (192.168.10.50): found ")
    assert len(refused.stderr.splitlines()) == 1


class TestSparing:
    def test_what_was_on_the_list_is_told(self, depot: Depot, tmp_path: Path) -> None:
        depot.answer()
        spared = delete_list.keep_referenced(FLEET, [("haarcascades", "2020-01-01")], ["sentinel"])
        assert spared == ["haarcascades/2020-01-01"]
        assert json.loads((tmp_path / "spared").read_text()) == {
            "versions": ["haarcascades/2020-01-01"], "hosts": {"sentinel": ["haarcascades/2020-01-01"]}, "format": 1,
        }  # fmt: skip

    def test_an_unreachable_datasink(self, depot: Depot) -> None:
        depot.nodes.fail("data1", 255, "No route to host")
        with pytest.raises(OperatorError, match=r"data1 \(192\.168\.10\.50\): No route to host"):
            delete_list.keep_referenced(FLEET, [("haarcascades", "2020-01-01")])
