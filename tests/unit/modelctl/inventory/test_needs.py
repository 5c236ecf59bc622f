"""What a site has to say: nothing of what it does not have."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from modelctl.desired.check import check
from modelctl.desired.render import render_service
from modelctl.desired.services import service_of
from modelctl.errors import Faults
from modelctl.inventory.consistency import named_models
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Datasink, OakCamera, Outpost, Pins, Registry, Sentinel, Site, Standards, WebCamera
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.sites import fleet, site, site_with, site_with_camera
from tests.unit.site import second_site

SINK = Datasink(address="10.1.0.2")
WEBCAM = WebCamera(viewname="Gate", resolution=(640, 480), framerate=10, detectobjects="motion")
OAK = OakCamera(viewname="Gate", resolution=(640, 360), framerate=10)
WATCHED = Outpost(address="10.1.0.4", cameras={"O1": OAK}, models=("mobilenet_ssd_depthai",))


def of_models(*names: str) -> Registry:
    return Registry(models={name: REGISTRY.models[name] for name in names})


def small(registry: Registry, **hosts: Sentinel | Outpost) -> Fleet:
    """A site that says as little as it can, and has no Coral stack."""
    return Fleet(
        Site(name="small", primary_datasink="sink", hosts={"sink": SINK, **hosts}), registry, Standards(), Pins()
    )


def test_what_a_site_says_nothing_of() -> None:
    found = small(of_models("face_recognition")).site
    assert found.pull_ca == Path.home() / ".config" / "sentinelcam" / "pull_ca"
    assert (found.known_hosts, found.hosts["sink"].address) == (Path("known_hosts"), ip_address("10.1.0.2"))


def test_a_datasink_alone_needs_the_face_list() -> None:
    assert check(small(of_models("face_recognition"))).files == 4
    with pytest.raises(Faults) as caught:
        small(of_models("haarcascades"))
    assert caught.value.faults == (
        "registry.models.face_recognition: found nothing; allowed: a Model with files for baselines, facedata, "
        "facelist, facemodel: site.hosts.sink needs it",
    )


def test_an_outpost_needs_what_its_cameras_do() -> None:
    found = small(of_models("face_recognition", "mobilenet_ssd_depthai"), gate=WATCHED)
    assert found.versions("gate") == {"mobilenet_ssd_depthai": "2022-04-02"}


def test_the_sites_models_are_needed_where_an_outpost_gets_them() -> None:
    with pytest.raises(Faults, match=r"^site\.outpost_models\.0: found 'mobilenet_ssd'; allowed: face_recognition$"):
        small(of_models("face_recognition"), gate=Outpost(address="10.1.0.4", cameras={"W1": WEBCAM}))


def test_the_sites_models_are_looked_at_where_it_says_them() -> None:
    with pytest.raises(Faults, match=r"^site\.outpost_models\.0: found 'yolo'; "):
        Fleet(
            Site(name="small", primary_datasink="sink", hosts={"sink": SINK}, outpost_models=("yolo",)),
            of_models("face_recognition"),
            Standards(),
            Pins(),
        )


def test_another_fault_makes_no_fault_of_what_is_not_said() -> None:
    with pytest.raises(Faults) as caught:
        small(of_models("face_recognition", "mobilenet_ssd_depthai"), gate=WATCHED, cellar=Sentinel(address="x"))
    assert [line.partition(":")[0] for line in caught.value.faults] == ["site.hosts.cellar.address"]


@pytest.mark.parametrize(
    "asked",
    [
        fleet(),
        fleet(site_with("sentinel", accelerator="cpu")),
        fleet(site_with("sentinel", face_model="blazeface")),
        fleet(site_with_camera("lab1", "P1", detectobjects="motion")),
        Fleet(second_site.SITE, REGISTRY, Standards(), Pins()),
    ],
)
def test_what_configs_name_is_what_is_needed(asked: Fleet) -> None:
    for name in asked.with_service():
        service = service_of(asked, name)
        assert service is not None
        named = {model for model, _ in render_service(asked, name, service)[1].values()}
        assert named == set(named_models(asked.host(name))), name


def test_a_model_that_no_host_uses_may_be_absent() -> None:
    without = {name: model for name, model in REGISTRY.models.items() if name != "face_detection_blazeface"}
    found = fleet(site(), REGISTRY.model_copy(update={"models": without}))
    assert "face_detection_blazeface" not in found.versions("sentinel")
