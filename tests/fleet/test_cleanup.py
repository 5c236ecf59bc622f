"""The clean-up of the registry: what may go is listed first, and goes when its time has come. Then, and no sooner."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.conftest import SERVED, NodeOf
from tests.fleet.depot import (
    FOLDER,
    INSTALL,
    KEEP,
    LATER,
    LIST,
    LOG,
    MADE,
    MODEL,
    OLD,
    SEEN,
    SERVICE,
    STORED,
    TIMER,
    begin,
    cleanup,
    cleanup_deploy,
    entries,
    exposure,
    in_short,
    let_the_sentinel_forget,
    make_due,
    show,
    store,
    sums,
    used,
    versions,
)
from tests.fleet.held import Held
from tests.fleet.node import STATE, Node
from tests.fleet.operator import deploy, hint, modelctl, predict

REPORT = """\
model                     versions       bytes  go
coral_packages                   2   5,425,880   0
face_detection                   1  10,694,725   0
face_detection_blazeface         1     230,064   0
face_detection_edgetpu           1   6,984,338   0
face_recognition                 3   9,014,824   0
haarcascades                     9   1,345,317   3
mobilenet_ssd                    3  24,882,858   0
mobilenet_ssd_depthai            1  14,511,175   0
mobilenet_ssd_edgetpu            1   6,999,484   0
openface_torch                   1  31,511,078   0

goes                           bytes  not before            listed by  since
haarcascades/2019-01-01        1,039  TIME                  OPERATOR   TIME
haarcascades/2019-01-01.2      2,041  TIME                  OPERATOR   TIME
haarcascades/2026-05-01    1,000,301  TIME                  OPERATOR   TIME

data1: 23 versions of 111,599,743 bytes are stored, N of its disk's N bytes are free
3 versions go, 1,003,381 bytes
"""


@pytest.fixture(scope="module")
def depot(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The primary datasink with the clean-up installed, and as it was afterwards."""
    data1 = Node(deployed, "data1")
    let_the_sentinel_forget(tmp_path_factory.mktemp("sites"))
    assert cleanup_deploy("-y").code == 0
    yield data1
    data1.shell(f"systemctl disable --now {TIMER}; rm /etc/systemd/system/model_cleanup.*; systemctl daemon-reload")
    data1.shell(f"rm -rf {STATE}/cleanup {LOG}")


@pytest.fixture
def stored(depot: Node) -> Iterator[Node]:
    """Seven more versions of a model, and no list yet."""
    depot.shell(f"rm -rf {STATE}/cleanup {LOG}")
    store(depot, *MADE)
    yield depot
    depot.shell(f"rm -rf {' '.join(f'{FOLDER}/{version} {FOLDER}/.retired-{version}' for version in MADE)}")


class TestInstalling:
    def test_the_units_come_as_predicted_and_nothing_runs(self, depot: Node) -> None:
        depot.shell(f"systemctl disable --now {TIMER}; rm /etc/systemd/system/model_cleanup.*; systemctl daemon-reload")
        # As after weeks without its timer: systemd would make up for what was missed.
        depot.shell(f"touch -d '40 days ago' /var/lib/systemd/timers/stamp-{TIMER}")
        predicted, first = cleanup_deploy("--dry"), cleanup_deploy("-y")
        assert (first.code, predicted.predicted()) == (0, {INSTALL: {"data1"}}), first.err
        assert first.changed() == {INSTALL: {"data1"}}
        assert show(depot, TIMER, "ActiveState") == "active"
        assert depot.shell(f"systemctl is-enabled {TIMER}") == "enabled"
        assert "OnCalendar=Sun *-*-* 03:00:00" in show(depot, TIMER, "TimersCalendar")
        assert show(depot, TIMER, "RandomizedDelayUSec") == "30min"
        assert show(depot, TIMER, "Persistent") == "yes"
        assert SERVICE not in show(depot, TIMER, "Requires")
        assert show(depot, SERVICE, "ActiveState") == "inactive"
        assert show(depot, SERVICE, "ExecMainStartTimestampMonotonic") == "0"

    def test_again_it_changes_nothing(self, depot: Node) -> None:
        assert (cleanup_deploy("--dry").predicted(), cleanup_deploy("-y").changed()) == ({}, {})
        assert depot.exists(f"/etc/systemd/system/{SERVICE}")

    @pytest.mark.parametrize(
        "change",
        [f"echo '# mine' >>/etc/systemd/system/{SERVICE}", f"systemctl disable {TIMER}", f"systemctl stop {TIMER}"],
    )
    def test_drift_is_healed(self, depot: Node, change: str) -> None:
        wanted = depot.sha256(f"/etc/systemd/system/{SERVICE}")
        depot.shell(change)
        predicted, run = cleanup_deploy("--dry").predicted(), cleanup_deploy("-y").changed()
        assert (predicted, run) == ({INSTALL: {"data1"}}, {INSTALL: {"data1"}})
        assert depot.sha256(f"/etc/systemd/system/{SERVICE}") == wanted
        assert (show(depot, TIMER, "ActiveState"), show(depot, TIMER, "UnitFileState")) == ("active", "enabled")
        assert show(depot, SERVICE, "NeedDaemonReload") == "no"

    @pytest.mark.usefixtures("depot")
    def test_no_other_host_has_it(self, node: NodeOf) -> None:
        assert [name for name in SERVED if node(name).exists(f"/etc/systemd/system/{TIMER}")] == ["data1"]

    def test_both_cleanups_are_confined(self, depot: Node, node: NodeOf) -> None:
        assert exposure(depot, SERVICE) <= 0.5
        assert exposure(node("sentinel"), "sentinel_cleanup.service") <= 2.5

    def test_the_sentinels_own_cleanup_does_its_work(self, node: NodeOf) -> None:
        sentinel = node("sentinel")
        sentinel.shell("rm -f /home/ops/sentinel/sentinel_task.log; systemctl start sentinel_cleanup.service")
        assert sentinel.read("/home/ops/sentinel/sentinel_task.log").split()[1:] == ["DailyCleanup", "data1"]


class TestListing:
    def test_a_dry_run_shows_just_what_the_run_then_lists(self, stored: Node) -> None:
        dry = cleanup("--dry-run")
        assert (dry.code, dry.err, in_short(dry.out)) == (0, "", REPORT)
        assert not stored.exists(f"{STATE}/cleanup")

        refused = cleanup()
        assert (refused.code, in_short(refused.out)) == (1, REPORT)
        assert refused.err == "no terminal to ask at, nothing was written; without a question: --yes\n"
        assert not stored.exists(LIST)

        run = cleanup("--yes")
        assert (run.code, in_short(run.out)) == (0, REPORT + "the delete-list is written\n")
        assert [(each["version"], each["bytes"]) for each in entries(stored)] == [
            (OLD, 1039), (LATER, 2041), (STORED, 1_000_301),
        ]  # fmt: skip
        assert set(json.loads(stored.read(SEEN))) == set(SERVED)

        before = entries(stored)
        again, as_json = cleanup("--yes"), cleanup("--dry-run", "--json")
        assert (again.code, again.out.splitlines()[-1]) == (0, "the delete-list is as it was")
        assert entries(stored) == before
        assert as_json.json["go"] == before

    def test_an_offline_host_counts_with_what_was_last_seen_of_it(self, stored: Node, lab: Lab) -> None:
        lab.cut("sentinel")
        try:
            unseen = cleanup("--yes")
            assert (unseen.code, unseen.out) == (1, "")
            [line] = unseen.err.splitlines()
            assert line.startswith("sentinel (198.18.0.")
            assert line.endswith("; nothing is known of what sentinel names, so nothing is decided without it")
            assert not stored.exists(LIST)
            lab.mend("sentinel")
            assert cleanup("--yes").code == 0
            seen = json.loads(stored.read(SEEN))
            seen["sentinel"]["named"][MODEL].append(OLD)
            stored.write(SEEN, json.dumps(seen))
            lab.cut("sentinel")
            run = cleanup("--yes")
        finally:
            lab.mend("sentinel")
        assert run.code == 0, run.err
        assert f"{MODEL}/{OLD} leaves the list: it stays: named by sentinel" in run.out.splitlines()
        [line] = [line for line in run.out.splitlines() if line.startswith("sentinel (")]
        assert line.endswith(f"; it counts with what was seen of it at {seen['sentinel']['time']}")
        assert [each["version"] for each in entries(stored)] == [LATER, STORED]

    def test_what_a_deploy_needs_leaves_the_list_first(self, stored: Node, tmp_path: Path, lab: Lab) -> None:
        assert cleanup("--yes").code == 0
        wanting = site.write(tmp_path / "wanting.py", versions={MODEL: STORED})
        predicted = predict("--limit", "data1", "--limit", "sentinel", site=wanting).predicted()
        run = deploy("--limit", "data1", "--limit", "sentinel", site=wanting)
        try:
            assert run.code == 0, run.err
            assert predicted[KEEP] == run.changed()[KEEP] == {"data1"}
            assert predicted == run.changed()
            assert [each["version"] for each in entries(stored)] == [OLD, LATER]
            assert STORED in json.loads(stored.read(SEEN))["sentinel"]["named"][MODEL]
            assert deploy("--limit", "data1", "--limit", "sentinel", site=wanting).changed() == {}
        finally:
            let_the_sentinel_forget(tmp_path)
        lab.run("sentinel", f"rm -rf /home/ops/sentinel/models/{MODEL}/{STORED}")

    def test_what_is_named_by_hand_and_deployed_without_the_datasink_is_told(
        self, stored: Node, tmp_path: Path, lab: Lab
    ) -> None:
        assert cleanup("--yes").code == 0
        wanting = site.write(tmp_path / "wanting.py", versions={MODEL: STORED})
        line = f"data1: {MODEL}/{STORED} is on the delete-list, and named here; take it off: "
        line += hint("prune registry", wanting)
        try:
            assert deploy("--limit", "sentinel", site=wanting).code == 0
            assert line in modelctl("status", "sentinel", "--site", str(wanting)).out.splitlines()
            assert modelctl("prune", "registry", "--yes", "--site", str(wanting)).code == 0
            assert [each["version"] for each in entries(stored)] == [OLD, LATER]
            assert line not in modelctl("status", "sentinel", "--site", str(wanting)).out.splitlines()
        finally:
            let_the_sentinel_forget(tmp_path)
        lab.run("sentinel", f"rm -rf /home/ops/sentinel/models/{MODEL}/{STORED}")


class TestRemoving:
    def test_the_unit_removes_what_is_due_and_nothing_else(self, stored: Node) -> None:
        assert cleanup("--yes").code == 0
        before, bytes_before = sums(stored), used(stored)
        stored.shell(f"systemctl start {SERVICE}")
        assert sums(stored) == before  # nothing is due

        make_due(stored, OLD)
        stored.shell(f"systemctl start {SERVICE}")
        assert sums(stored) == {path: each for path, each in before.items() if f"/{OLD}/" not in path}
        assert versions(stored) == {"2020-03-25", STORED, *MADE} - {OLD}
        assert bytes_before - used(stored) == 1039
        [line] = stored.read(LOG).splitlines()
        assert re.fullmatch(rf"\S+Z removed {MODEL}/{OLD}, 1039 bytes; listed 2026-01-01T00:00:00Z by root@\S+", line)
        assert stored.shell(f"stat --format='%U %a' {LOG}") == "ops 644"
        stored.shell(f"systemctl start {SERVICE}")
        assert len(stored.read(LOG).splitlines()) == 1

        after = cleanup("--yes")
        assert after.out.splitlines()[-2:] == ["2 versions go, 1,002,342 bytes", "the delete-list is as it was"]
        assert [each["version"] for each in entries(stored)] == [LATER, STORED]

    def test_what_differs_from_its_entry_stays_and_the_unit_fails(self, stored: Node) -> None:
        assert cleanup("--yes").code == 0
        make_due(stored, OLD, LATER)
        stored.shell(f"echo mine >{FOLDER}/{OLD}/notes.txt")
        assert stored.code(f"systemctl start {SERVICE}") == 1
        assert stored.exists(f"{FOLDER}/{OLD}/notes.txt")
        assert not stored.exists(f"{FOLDER}/{LATER}")
        line = (
            f"{FOLDER}/{OLD}: found 1044 bytes to free; listed were 1039; it stays; to list it anew: modelctl "
            "prune registry"
        )
        assert line in stored.shell(f"journalctl --quiet --output=cat --unit={SERVICE}").splitlines()
        stored.shell(f"systemctl reset-failed {SERVICE}")

    @pytest.mark.parametrize("times", [2, pytest.param(3, marks=pytest.mark.long)])
    def test_it_ends_what_a_kill_or_a_power_cut_began(self, stored: Node, lab: Lab, times: int) -> None:
        assert cleanup("--yes").code == 0
        held = Held(stored)
        make_due(stored, OLD)
        held.order("retire", at=0)
        begin(stored)
        stored.shell(f"until [ -e {LOG} ] && [ ! -e {FOLDER}/.retired-{OLD} ]; do sleep 0.05; done")
        held.forget()
        moments = held.moments()
        points = [
            f"after rename {FOLDER}/.retired-{OLD}",
            f"after unlink {FOLDER}/.retired-{OLD}/eye.xml",
            f"after append {LOG}",
        ]
        for number, point in enumerate(points[:times], 1):
            store(stored, OLD)
            assert cleanup("--yes").code == 0
            make_due(stored, OLD, since=f"2026-01-0{number}T00:00:01Z")
            held.order("retire", at=moments.index(point) + 1)
            begin(stored)
            held.wait()
            if number == 2:
                lab.power_cut("data1")
                lab.boot("data1")
            else:
                stored.shell("systemctl kill --signal=SIGKILL retire-now; systemctl reset-failed retire-now; true")
            assert f".retired-{OLD}" in versions(stored)
            stored.shell(f"systemctl start {SERVICE}")
            assert versions(stored) == {"2020-03-25", STORED, *MADE} - {OLD}
            assert len(stored.read(LOG).splitlines()) == number + 1
        assert cleanup("--dry-run").code == 0
