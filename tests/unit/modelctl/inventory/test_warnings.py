"""What a site's owner is told, and may leave as it is: each once."""

from collections.abc import Callable

import pytest

from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import PinnedFile, Pins
from modelctl.schema import MinimalRetention, NeverDelete, Ports, Standards, VehicleInterest
from tests.unit.cases import each
from tests.unit.modelctl.sites import fleet, pinned, site, site_with, site_with_camera, with_datasink

NCS2 = "ncs2 is deprecated; it works for nodes that have it; choose coral or cpu"
UNCLEANED = "no sentinel cleans it, so its old events stay; name it in a Sentinel's cleans"
PROFILES = "site.retention_profiles"
LOOKS = "since the clean-up looks at the last 14 days alone; choose less, or a larger site.max_scan_days"
TASK = "the daily clean-up's sentinel_task.py connects to"
SPEED = VehicleInterest(outposts=("east",), retention_days=1, extended_days=14, speed_cutoff=40)
LONG = VehicleInterest(outposts=("east",), retention_days=20, extended_days=30, speed_cutoff=40)


def profile(**profiles: MinimalRetention | NeverDelete | VehicleInterest) -> Fleet:
    return fleet(site(retention_profiles=profiles))


def days(count: int) -> Fleet:
    return profile(default=MinimalRetention(retention_days=count))


def without_sentinel() -> Fleet:
    return fleet(site(hosts={name: host for name, host in site().hosts.items() if name != "sentinel"}))


CASES: dict[str, tuple[Callable[[], Fleet], tuple[str, ...]]] = {
    "the site of the tests": (fleet, ()),
    "an example's address": (
        lambda: fleet(site_with("lab1", address="192.0.2.10")),
        ("site.hosts.lab1.address: found 192.0.2.10; it is an example's, which no host has; write the host's own",),
    ),
    "an example's address of IPv6": (
        lambda: fleet(site_with("lab1", address="2001:db8::1")),
        ("site.hosts.lab1.address: found 2001:db8::1; it is an example's, which no host has; write the host's own",),
    ),
    "ncs2 on a sentinel": (
        lambda: fleet(site_with("sentinel", accelerator="ncs2")), (f"site.hosts.sentinel: {NCS2}",),
    ),
    "ncs2 on an outpost": (
        lambda: fleet(site_with_camera("lab1", "P1", accelerator="ncs2")), (f"site.hosts.lab1: {NCS2}",),
    ),
    "blazeface": (
        lambda: fleet(site_with("sentinel", face_model="blazeface")),
        ("site.hosts.sentinel.face_model: found 'blazeface'; GetFaces reads that model's outputs the wrong way round "
         "and fails on the first face, and three such jobs end the engine; choose ssd_mobilenet",),
    ),
    "blazeface, and no stick to run it": (
        lambda: fleet(site_with("sentinel", face_model="blazeface", accelerator="cpu")), (),
    ),
    "threaded_read": (
        lambda: fleet(site_with_camera("lab1", "P1", threaded_read=True)),
        ("site.hosts.lab1.cameras.P1.threaded_read: found True; it needs the old picamera, and without that imagenode "
         "publishes no picture; choose False on Debian 12",),
    ),
    "threaded_read on a node that is old enough": (
        lambda: fleet(site_with_camera("lab1", "P1", threaded_read=True).model_copy(
            update={"legacy_nodes": ("lab1",)})), (),
    ),
    "events kept as long as the clean-up looks": (
        lambda: days(14),
        (f"{PROFILES}.default.retention_days: found 14; no event is ever deleted, {LOOKS}",),
    ),
    "events kept for less": (lambda: days(13), ()),
    "speed data kept as long as the clean-up looks": (
        lambda: profile(cars=SPEED),
        (f"{PROFILES}.cars.extended_days: found 14; no event with speed data is ever deleted, {LOOKS}",),
    ),
    "both": (
        lambda: profile(cars=LONG), (f"{PROFILES}.cars.retention_days: found 20; no event is ever deleted, {LOOKS}",),
    ),
    "events that are meant to stay": (lambda: profile(all=NeverDelete(outposts=("east",))), ()),
    "a further datasink": (lambda: fleet(with_datasink("data2")), (f"site.hosts.data2: {UNCLEANED}",)),
    "a further datasink that is cleaned": (lambda: fleet(with_datasink("data2", cleans=("data2",))), ()),
    "no sentinel": (without_sentinel, (f"site.hosts.data1: {UNCLEANED}",)),
    "a site that deletes nothing": (
        lambda: fleet(with_datasink("data2").model_copy(update={
            "run_deletes": False, "retention_profiles": {"default": MinimalRetention(retention_days=99)}})), (),
    ),
    "ports that sentinel_task.py does not know": (
        lambda: fleet(standards=Standards(ports=Ports(sentinel_control=7000, datapump_control=7001))),
        (f"standards.ports.sentinel_control: found 7000; {TASK} 5566 only, so old events stay; choose 5566",
         f"standards.ports.datapump_control: found 7001; {TASK} 5556 only, so old events stay; choose 5556"),
    ),
}  # fmt: skip


@each("name", CASES)
def test_warnings(name: str) -> None:
    build, lines = CASES[name]
    assert tuple(build().warnings()) == lines


EYE = "haarcascade_eye.xml"


def sizes(**versions: dict[str, int]) -> Pins:
    """Pins of the eye model: its files' sizes by version, of which the host gets 2020-03-25."""
    found = pinned(*(("haarcascades", version.replace("_", "-")[1:]) for version in versions))
    for version, files in versions.items():
        table = {name: PinnedFile(sha256="a" * 64, size=size) for name, size in files.items()}
        pin = found.models["haarcascades"][version.replace("_", "-")[1:]]
        found.models["haarcascades"][version.replace("_", "-")[1:]] = pin.model_copy(update={"files": table})
    return found


@pytest.mark.parametrize(
    ("pins", "lines"),
    [
        (
            sizes(v2020_03_25={EYE: 3_413}, v2019_01_01={EYE: 341_406}),
            [f"haarcascades/2020-03-25: {EYE} has 3.4 kB, and had 341.4 kB in 2019-01-01; was it cut off? "
             "modelctl show haarcascades"],
        ),
        (sizes(v2020_03_25={EYE: 3_415}, v2019_01_01={EYE: 341_406}), []),
        (sizes(v2020_03_25={EYE: 1}, v2019_01_01={EYE: 2}, v2018_01_01={EYE: 341_406}), []),
        (sizes(v2020_03_25={EYE: 1}, v2021_01_01={EYE: 341_406}), []),
        (sizes(v2020_03_25={EYE: 1, "more": 1}, v2019_01_01={"other": 341_406}), []),
    ],
    ids=["under 1 %", "just not", "the version before alone", "no later one", "other files"],
)  # fmt: skip
def test_a_file_that_has_shrunk(pins: Pins, lines: list[str]) -> None:
    """S11."""
    assert fleet(pins=pins).warnings() == lines


def test_an_empty_face_list() -> None:
    """S11: it is linked, and may begin empty on a sentinel; a datapump cannot read it."""
    pins = pinned()
    pin = pins.models["face_recognition"]["2026-02-02"]
    files = {**pin.files, "facelist.csv": PinnedFile(sha256="a" * 64, size=0)}
    pins.models["face_recognition"]["2026-02-02"] = pin.model_copy(update={"files": files})
    assert fleet(pins=pins).warnings() == [
        "face_recognition/2026-02-02: facelist.csv is empty: a datapump ends at its start with an empty list"
    ]
