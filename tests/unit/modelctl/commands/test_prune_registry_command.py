"""`modelctl prune registry`: what it shows, what it removes, and when it does neither."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from node import protocol
from node.protocol.retention import Retention, Swept, Unneeded
from tests import chandler
from tests.unit.modelctl.fake_nodes import FakeNodes
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned())
SITE = "from tests.unit.modelctl.sites import fleet, pinned\n_FLEET = fleet(pins=pinned())\n"
NOW = "2026-11-29T03:00:00Z"
DUE = Unneeded("haarcascades/2020-01-01", "ab" * 32, 1_019, "2026-11-22T03:00:00Z", "2026-11-28T03:00:00Z")
SOON = Unneeded("haarcascades/2020-01-01.2", "cd" * 32, 70_019, "2026-11-25T03:00:00Z", "2026-12-01T03:00:00Z")
FOUND = Retention(
    now=NOW, held=None, unneeded=[DUE, SOON],
    kept={"haarcascades/2020-03-25": ["anna@ramrod:/site: current, since 2026-11-01T00:00:00Z"]},
    notes=["the roots of east, which no checkout names, end in 3 days"],
    sizes={DUE.label: 1_019, SOON.label: 70_019, "haarcascades/2020-03-25": 6_114},
    unreadable={"openface_torch": "Permission denied"}, free=1_000_000, total=9_000_000,
    going={"haarcascades/2019-01-01": 5_000},
)  # fmt: skip
LINE = f"{NOW} {DUE.line}"
REPORT = """\
model         versions     size
haarcascades         3  77.2 kB

goes                          size  not before            unneeded since
haarcascades/2020-01-01     1.0 kB  2026-11-28T03:00:00Z  2026-11-22T03:00:00Z
haarcascades/2020-01-01.2  70.0 kB  2026-12-01T03:00:00Z  2026-11-25T03:00:00Z

stays                    because
haarcascades/2020-03-25  anna@ramrod:/site: current, since 2026-11-01T00:00:00Z

data1: 3 versions of 77.2 kB are stored, 1.0 MB of its disk's 9.0 MB are free
data1: Permission denied; expected a registry that ops can read; mend that there; it is left alone
data1: the roots of east, which no checkout names, end in 3 days
data1: haarcascades/2019-01-01 is being removed; the next sweep ends that, and frees 5.0 kB
1 version goes now, 1.0 kB
"""
SWEPT = Swept([LINE], None)
Run = Callable[..., Result]


class Depot:
    """A datasink that has this to say of its registry, and sweeps it when told to."""

    def __init__(self, nodes: FakeNodes, folder: Path) -> None:
        self._nodes, self.swept = nodes, folder / "swept"
        self.say()

    def say(self, found: Retention = FOUND, after: Swept = SWEPT) -> None:
        self._nodes.ssh.answer(
            self._nodes.address("data1"),
            f"""case "$command" in
            *retention) printf %s {shlex.quote(protocol.dumps(found))};;
            *sweep-now) printf %s "$input" >{self.swept}; printf %s {shlex.quote(protocol.dumps(after))};;
            esac""",
        )


@pytest.fixture
def depot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Depot:
    monkeypatch.chdir(chandler.FOLDER)
    return Depot(FakeNodes(FLEET, tmp_path, monkeypatch), tmp_path)


@pytest.fixture
def run(depot: Depot, tmp_path: Path) -> Run:
    assert depot
    site = tmp_path / "site.py"
    site.write_text(SITE, encoding="utf-8")
    words = ["prune", "registry", "--site", str(site)]
    return lambda *more: CliRunner().invoke(cli.main, [*words, *more], catch_exceptions=False)


def test_a_dry_run_shows_what_the_run_removes(depot: Depot, run: Run) -> None:
    dry = run("--dry-run")
    assert (dry.exit_code, dry.stdout, dry.stderr, depot.swept.exists()) == (0, REPORT, "", False)
    refused = run()
    assert (refused.exit_code, refused.stdout, depot.swept.exists()) == (1, REPORT, False)
    assert refused.stderr == "no terminal to ask at, nothing was removed; without a question: --yes\n"
    done = run("--yes")
    assert (done.exit_code, done.stdout) == (0, f"{REPORT}{LINE}\n")
    assert json.loads(depot.swept.read_text())["log"] == FLEET.cleanup_log()


def test_as_json(run: Run) -> None:
    found = json.loads(run("--dry-run", "--json").stdout)
    done = run("--yes", "--json")
    assert (found["format"], found["swept"], done.stderr) == (1, {"lines": [], "fault": None}, "")
    assert json.loads(done.stdout) == found | {"swept": {"lines": [LINE], "fault": None}}
    assert (found["datasink"], found["free"], found["held"]) == ("data1", 1_000_000, None)
    assert found["unneeded"][0]["label"] == DUE.label
    assert found["kept"]["haarcascades/2020-03-25"] == FOUND.kept["haarcascades/2020-03-25"]


def test_it_is_swept_also_when_nothing_is_due(depot: Depot, run: Run) -> None:
    """Counting goes on, and the log has its line."""
    depot.say(FOUND._replace(unneeded=[SOON]), Swept([f"{NOW} nothing is removed"], None))
    done = run()
    assert (done.exit_code, done.stdout.splitlines()[-2:]) == (0, ["nothing goes now", f"{NOW} nothing is removed"])


def test_what_holds_all_is_said(depot: Depot, run: Run) -> None:
    depot.say(FOUND._replace(held="the clock is not synchronised"))
    done = run("--dry-run")
    assert done.stdout.splitlines()[-1] == "nothing goes: the clock is not synchronised"


def test_a_unit_that_fails(depot: Depot, run: Run) -> None:
    depot.say(after=Swept([LINE], "systemctl start model_cleanup.service: it failed"))
    done = run("--yes")
    assert (done.exit_code, done.stderr) == (1, "data1: systemctl start model_cleanup.service: it failed\n")
    assert LINE in done.stdout
    assert json.loads(run("--yes", "--json").stdout)["swept"]["fault"].endswith("it failed")
