"""The clean-up of the registry: what nothing needs goes a week after it was found so, and no sooner."""

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
    LATER,
    LOG,
    MADE,
    MEMORY,
    MODEL,
    OLD,
    ROOTS,
    SERVICE,
    STORED,
    TIMER,
    begin,
    cleanup,
    cleanup_deploy,
    exposure,
    in_short,
    leave_the_clock,
    let_a_week_pass,
    let_the_sentinel_forget,
    show,
    store,
    sums,
    sweep,
    synchronise,
    used,
    versions,
)
from tests.fleet.held import Held
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, deploy, modelctl, pyinfra


@pytest.fixture(scope="module")
def depot(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The primary datasink with the clean-up installed, and as it was afterwards."""
    data1 = Node(deployed, "data1")
    let_the_sentinel_forget(tmp_path_factory.mktemp("sites"))
    assert cleanup_deploy("-y").code == 0
    yield data1
    data1.shell(f"systemctl disable --now {TIMER}; rm /etc/systemd/system/model_cleanup.*; systemctl daemon-reload")
    synchronise(data1)
    data1.shell(f"rm -rf /var/lib/model_cleanup {LOG}")


@pytest.fixture
def stored(depot: Node) -> Iterator[Node]:
    """Seven more versions of a model, a clock to rely on, and no sweep yet."""
    depot.shell(f"rm -rf {MEMORY} {LOG}")
    synchronise(depot)
    store(depot, *MADE)
    depot.shell(f"rm -rf /root/stored && cp -a {FOLDER}/{STORED} /root/stored")
    yield depot
    depot.shell(f"rm -rf {FOLDER}/{STORED} && mv /root/stored {FOLDER}/{STORED}")
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
        limit = ("--limit", "data1")
        predicted, run = cleanup_deploy("--dry", *limit).predicted(), cleanup_deploy("-y", *limit).changed()
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


class TestDeciding:
    def test_without_a_synchronised_clock_no_time_is_counted(self, stored: Node) -> None:
        leave_the_clock(stored)
        why = "the clock is not synchronised, so no time is counted: timedatectl"
        assert cleanup("--dry-run").out.splitlines()[-1] == f"nothing goes: {why}"
        assert sweep(stored) == f"nothing is removed: {why}"

    def test_what_nothing_needs_goes_a_week_after_it_was_found(self, stored: Node) -> None:
        assert sweep(stored) == "nothing is removed: nothing is due"
        found = {each["label"] for each in cleanup("--dry-run", "--json").json["unneeded"]}
        assert found == {f"{MODEL}/{version}" for version in (OLD, LATER, STORED)}
        let_a_week_pass(stored)
        dry = cleanup("--dry-run")
        assert (dry.code, dry.err, dry.out.splitlines()[-1]) == (0, "", "3 versions go now, 1.0 MB")
        refused = cleanup()
        assert (refused.code, in_short(refused.out)) == (1, in_short(dry.out))
        assert refused.err == "no terminal to ask at, nothing was removed; without a question: --yes\n"

        before, bytes_before = sums(stored), used(stored)
        run = cleanup("--yes")
        assert run.code == 0, run.err
        gone = [f"{MODEL}/{version}/" for version in (OLD, LATER, STORED)]
        assert sums(stored) == {path: each for path, each in before.items() if not any(part in path for part in gone)}
        assert bytes_before - used(stored) == 1_003_381
        lines = run.out.splitlines()[-3:]
        assert lines == stored.read(LOG).splitlines()[-3:]
        assert re.fullmatch(rf"\S+Z removed {MODEL}/{OLD}, 1039 bytes; unneeded since \S+Z", lines[0])
        assert stored.shell(f"stat --format='%U %a' {LOG}") == "ops 644"
        assert sweep(stored) == "nothing is removed: nothing is due"

    @pytest.mark.usefixtures("stored")
    def test_why_the_others_stay(self) -> None:
        kept = cleanup("--dry-run", "--json").json["kept"]
        assert any(why.startswith("sentinel: in a set of sentinel, since ") for why in kept[f"{MODEL}/2020-03-25"])
        assert any(":" in why and ": current, since " in why for why in kept[f"{MODEL}/2020-03-25"])
        assert kept[f"{MODEL}/2026-06-05"] == ["one of the 5 most recent others"]
        assert not any("coral_packages" in label for label in cleanup("--dry-run", "--json").json["unneeded"])

    def test_a_run_without_the_datasink_in_it_tells_what_it_brings(
        self, stored: Node, tmp_path: Path, lab: Lab
    ) -> None:
        sweep(stored)
        let_a_week_pass(stored)
        wanting = site.write(tmp_path / "wanting.py", versions={MODEL: STORED})
        try:
            assert deploy("--limit", "sentinel", site=wanting).code == 0
            assert STORED in stored.read(f"{ROOTS}/hosts/sentinel.json")
            sweep(stored)
            assert versions(stored) == {"2020-03-25", STORED, *MADE} - {OLD, LATER}
        finally:
            let_the_sentinel_forget(tmp_path)
        assert deploy("--limit", "sentinel").code == 0  # it reads what the sets of before were
        assert STORED not in stored.read(f"{ROOTS}/hosts/sentinel.json")
        lab.run("sentinel", f"rm -rf /home/ops/sentinel/models/{MODEL}/{STORED}")

    def test_a_host_that_tells_nothing_holds_all(self, stored: Node) -> None:
        sweep(stored)
        let_a_week_pass(stored)
        stored.shell(f"rm {ROOTS}/hosts/sentinel.json")
        why = "sentinel: nothing is known of what it needs; a deploy of it tells"
        assert sweep(stored) == f"nothing is removed: {why}"
        told = modelctl("status", "sentinel", "--site", str(DEFAULT_SITE)).out.splitlines()
        assert f"data1: its registry is not swept: {why}" in told
        assert deploy("--limit", "sentinel").code == 0
        assert sweep(stored).startswith(f"removed {MODEL}/")

    def test_a_lost_datasink_holds_up_only_what_it_does_not_know(self, stored: Node, tmp_path: Path, lab: Lab) -> None:
        assert stored.exists(ROOTS)
        wanting = site.write(tmp_path / "wanting.py", versions={MODEL: STORED})
        lab.cut("data1")
        try:
            assert pyinfra("deploys/configs.py", "-y", "--limit", "sentinel").code == 0
            refused = pyinfra("deploys/configs.py", "-y", "--limit", "sentinel", site=wanting)
        finally:
            lab.mend("data1")
        assert refused.code == 1
        assert "sentinel: it wants versions that the registry does not know to be needed; data1 (" in refused.err


class TestRemoving:
    def test_a_file_that_somebody_put_there_goes_too_and_is_counted(self, stored: Node) -> None:
        sweep(stored)
        let_a_week_pass(stored)
        stored.shell(f"echo mine >{FOLDER}/{OLD}/notes.txt")
        sweep(stored)
        assert f"removed {MODEL}/{OLD}, 1044 bytes" in stored.read(LOG)

    @pytest.mark.parametrize("times", [2, pytest.param(3, marks=pytest.mark.long)])
    def test_it_ends_what_a_kill_or_a_power_cut_began(self, stored: Node, lab: Lab, times: int) -> None:
        stored.shell(f"rm -rf {FOLDER}/{LATER} {FOLDER}/{STORED}")
        sweep(stored)
        let_a_week_pass(stored)
        held = Held(stored)
        held.order("sweep", at=0)
        begin(stored)
        stored.shell(f"until grep -q ' removed {MODEL}' {LOG} && [ ! -e {FOLDER}/.retired-{OLD} ]; do sleep 0.05; done")
        held.forget()
        moments = held.moments()
        points = [
            f"after rename {FOLDER}/.retired-{OLD}",
            f"after unlink {FOLDER}/.retired-{OLD}/eye.xml",
            f"after append {LOG}",
        ]
        for number, point in enumerate(points[:times], 1):
            store(stored, OLD)
            stored.shell(f"rm {LOG}")  # a line of the same second, which no real week has, would pass for this one's
            sweep(stored)
            let_a_week_pass(stored)
            held.order("sweep", at=moments.index(point) + 1)
            begin(stored)
            held.wait()
            if number == 2:
                lab.power_cut("data1")
                lab.boot("data1")
            else:
                stored.shell("systemctl kill --signal=SIGKILL sweep-now; systemctl reset-failed sweep-now; true")
            assert f".retired-{OLD}" in versions(stored)
            sweep(stored)
            assert OLD not in versions(stored)
            assert f".retired-{OLD}" not in versions(stored)
            assert stored.read(LOG).count(f"removed {MODEL}/{OLD}, 1039 bytes") == 1
