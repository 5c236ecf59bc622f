"""Other releases of the programs: a queue outlives a stop, and what this checkout has no configs for is refused."""

import json
from pathlib import Path

import pytest

from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import DEFAULT_SITE, begin, deploy, end, modelctl, predict
from tests.fleet.releases import looks_like

QUEUE = "/home/ops/sentinel/state.json"
HEALTH_CHECKS = {"sentinel": {"start_timeout": 4, "settle_time": 2}}
DRAIN, JOBS = 12, 3  # seconds: more than the 10 after which a service was killed before


@pytest.mark.usefixtures("settled")
def test_running_jobs_may_end_and_a_start_that_fails_loses_no_queue(node: NodeOf, tmp_path: Path) -> None:
    there = node("sentinel")
    variant = site.write(tmp_path / "site.py", hosts={"sentinel": {"debug_mode": True}}, health_checks=HEALTH_CHECKS)
    with looks_like(there, "sentinel 0.2.6"):
        there.misbehave(queued=JOBS, drain=DRAIN)
        there.shell("systemctl restart sentinel")
        wait_until(lambda: there.code("grep -q 5566 /proc/net/tcp || ss -ltn | grep -q 5566") == 0, 20, "its port")
        chosen, pid = there.link("chosen"), there.pid()
        process = begin("--limit", "sentinel", "--limit", "data2", site=variant)
        wait_until(lambda: there.shell("systemctl is-active sentinel; true") == "deactivating", 60, "the stop")
        there.misbehave(when="DEBUG", crash_after=0.5)
        run = end(process)
        assert run.code == 1
        assert run.lines_with(f"sentinel: its queue: {JOBS} queued")
        assert there.link("chosen") == chosen
        assert there.seconds_of_switch() > DRAIN - 2
        assert "killed" not in there.shell("journalctl --unit=sentinel --lines=100 --output=cat").lower()
        assert there.pid() not in (0, pid)
        assert there.status()["restored"] == JOBS
        assert not there.exists(QUEUE)
        assert not there.exists("/var/lib/sentinelcam/sets/sentinel/state.json")
        there.shell("rm -r /etc/sentinelcam-lab; systemctl restart sentinel")


@pytest.mark.usefixtures("settled")
def test_an_outpost_of_a_release_without_configs_is_refused_before_anything_changes(
    node: NodeOf, tmp_path: Path
) -> None:
    lab1, east = node("lab1"), node("east")
    changed = {"debug_mode": True}
    variant = site.write(tmp_path / "site.py", hosts={"lab1": changed, "east": changed})
    limits = ("--limit", "lab1", "--limit", "east")
    with looks_like(lab1, "imagenode 0.3"):
        before = lab1.snapshot(), lab1.link("chosen")
        predicted, run = predict(*limits, site=variant), deploy(*limits, site=variant)
        line = "lab1: /home/ops/imagenode/imagenode/imagenode.py: of imagenode 0.3; expected 0.2"
        assert predicted.lines_with(line)
        assert run.lines_with(line)
        assert run.failed() == {"lab1"}
        assert (lab1.snapshot(), lab1.link("chosen")) == before
        assert "DEBUG" in east.read("/home/ops/imagenode.yaml")
        shown = modelctl("status", "lab1", "--json", "--site", str(DEFAULT_SITE))
        assert json.loads(shown.out)["hosts"]["lab1"]["services"]["imagenode"]["code"] == "0.3"
