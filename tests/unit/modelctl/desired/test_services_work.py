"""What shows that a service does its work: it agrees with the service's own configs and unit."""

from pathlib import Path
from typing import Any

import yaml

from modelctl.desired.desired_state import desired
from modelctl.desired.render import render
from modelctl.desired.services import ENGINES
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.standards import Ports
from node.store.service_set import Work
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from tests.unit.cases import each
from tests.unit.modelctl.sites import fleet, pinned, site_with, site_with_camera

FLEET = fleet(pins=pinned())
OTHER_PORTS = STANDARDS.model_copy(
    update={
        "ports": Ports(
            sentinel_control=1001,
            sentinel_log=1002,
            imagenode_publisher=1003,
            imagenode_log=1004,
            datapump_control=1005,
        )
    }
)
SENTINEL = Work(Path("/home/ops/sentinel/sentinel/sentinel.py"), [5566, 5565], asked=5566, workers=3, on_stick=1)
OUTPOST = Work(Path("/home/ops/imagenode/imagenode/imagenode.py"), [5567, 5565], workers=1, published=5567)


def work_of(fleet: Fleet, host: str) -> Work:
    (found,) = desired(fleet, host).sets
    return found.work


def text_of(fleet: Fleet, host: str, name: str) -> str:
    (text,) = [file.content for file in render(fleet, host) if file.path.name == name]
    return text or ""


def config_of(fleet: Fleet, host: str, name: str) -> dict[str, Any]:
    found = yaml.safe_load(text_of(fleet, host, f"{name}.yaml"))
    assert isinstance(found, dict)
    return found


def outpost(**changes: Any) -> Work:
    return OUTPOST._replace(**changes)


@each(
    "host, expected",
    [
        ("data1", Work(Path("/home/ops/camwatcher/datapump/datapump.py"), [5556])),
        ("sentinel", SENTINEL),
        ("lab1", outpost(views=["outpost PiCamera"])),
        ("east", outpost(views=["east Front"])),
        ("alpha5", outpost(views=["alpha5 PiCam3"], on_stick=1)),
    ],
)
def test_each_host_of_the_default_site(host: str, expected: Work) -> None:
    assert work_of(FLEET, host) == expected


def test_other_hosts_have_none() -> None:
    assert not any(desired(FLEET, host).sets for host in ("deepend", "wall1"))


@each("host", ["data1", "sentinel", "lab1", "east", "alpha5"])
def test_the_script_is_what_its_unit_starts(host: str) -> None:
    (found,) = desired(FLEET, host).sets
    assert f" {found.work.script}\n" in text_of(FLEET, host, found.unit)


@each("standards", [STANDARDS, OTHER_PORTS])
def test_a_sentinels_engines_and_ports_are_those_of_its_config(standards: Any) -> None:
    asked = fleet(pins=pinned(), standards=standards)
    found, config = work_of(asked, "sentinel"), config_of(asked, "sentinel", "sentinel")
    assert found.workers == ENGINES == len(config["task_engines"])
    assert (found.asked, found.ports) == (config["control_port"], [config["control_port"], config["logging_port"]])


@each("accelerator", ["coral", "cpu", "ncs2"])
def test_a_sentinels_engines_with_a_stick(accelerator: str) -> None:
    asked = fleet(site_with("sentinel", accelerator=accelerator), pins=pinned())
    engines = config_of(asked, "sentinel", "sentinel")["task_engines"].values()
    on_stick = sum(engine["accelerator"] == "coral" for engine in engines)
    assert work_of(asked, "sentinel").on_stick == on_stick == (1 if accelerator == "coral" else 0)


@each("standards", [STANDARDS, OTHER_PORTS])
def test_an_outposts_views_and_ports_are_those_of_its_config(standards: Any) -> None:
    asked = fleet(pins=pinned(), standards=standards)
    for host in ("lab1", "east", "alpha5"):
        found, config = work_of(asked, host), config_of(asked, host, "imagenode")
        cameras = config["cameras"].values()
        assert found.views == [f"{config['node']['name']} {camera['viewname']}" for camera in cameras]
        for camera in cameras:
            detector = camera["detectors"]["outpost"]
            assert found.ports == [detector["publish_cam"], detector["publish_log"]]
            assert found.published == detector["publish_cam"]


def test_two_views_have_a_child_each() -> None:
    camera = vars(SITE.hosts["alpha5"])["cameras"]["P1"]
    second = camera.model_copy(update={"viewname": "Yard", "accelerator": "none"})
    asked = fleet(site_with("alpha5", cameras={"P1": camera, "P2": second}), pins=pinned())
    found = work_of(asked, "alpha5")
    assert (found.workers, found.on_stick, found.views) == (2, 1, ["alpha5 PiCam3", "alpha5 Yard"])


def test_a_legacy_nodes_script_is_its_own_users() -> None:
    changed = site_with_camera("lab1", "P1").model_copy(update={"legacy_nodes": ("lab1",)})
    assert work_of(fleet(changed, pins=pinned()), "lab1").script == Path("/home/pi/imagenode/imagenode/imagenode.py")


def test_a_datapump_listens_where_its_config_says() -> None:
    asked = fleet(pins=pinned(), standards=OTHER_PORTS)
    assert work_of(asked, "data1").ports == [config_of(asked, "data1", "datapump")["control_port"]] == [1005]
