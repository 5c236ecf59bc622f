"""The lab's hosts: one of each kind that a site has, and a second datasink."""

from lab import keys
from lab.hosts import CONTROL, HOSTS
from lab.network import PAGES
from modelctl.schema import (
    Control,
    Datasink,
    FaceQuality,
    MinimalRetention,
    NeverDelete,
    OakCamera,
    Outpost,
    PiCamera,
    Sentinel,
    Site,
    Trainer,
    VehicleInterest,
)

SITE = Site(
    name="lab",
    primary_datasink="data1",
    outpost_models=("mobilenet_ssd",),
    ssh_key=keys.OPERATOR,
    known_hosts=keys.KNOWN_HOSTS,
    pull_ca=keys.PULL_CA,
    coral_source=f"http://{PAGES}",
    hosts={
        "data1": Datasink(address=HOSTS["data1"].address),
        "sentinel": Sentinel(address=HOSTS["sentinel"].address, accelerator="coral", cleans=("data2",)),
        "lab1": Outpost(
            address=HOSTS["lab1"].address,
            node_name="outpost",
            cameras={
                "P1": PiCamera(
                    viewname="PiCamera",
                    resolution=(640, 480),
                    framerate=32,
                    detectobjects="mobilenetssd",
                    sentinel_tasks={"default": "MobileNetSSD_allFrames", "person": "GetFaces2"},
                ),
            },
        ),
        "east": Outpost(
            address=HOSTS["east"].address,
            models=("mobilenet_ssd_depthai",),
            cameras={
                "O1": OakCamera(
                    viewname="Front",
                    resolution=(640, 360),
                    framerate=30,
                    encoder="oak",
                    interesting_objects=("person", "vehicle", "dog", "motorcycle", "car", "truck", "bird", "cat"),
                    sentinel_tasks={"default": "VehicleSpeed", "person": "GetFaces2"},
                ),
            },
        ),
        "alpha5": Outpost(
            address=HOSTS["alpha5"].address,
            models=("mobilenet_ssd", "mobilenet_ssd_edgetpu"),
            cameras={
                "P1": PiCamera(
                    viewname="PiCam3",
                    resolution=(640, 480),
                    framerate=32,
                    detectobjects="mobilenetssd",
                    accelerator="coral",
                    sentinel_tasks={"default": "MobileNetSSD_allFrames", "person": "GetFaces2"},
                ),
            },
        ),
        "deepend": Trainer(
            address=HOSTS["deepend"].address,
            login=HOSTS["deepend"].login,
            control=Control(address=CONTROL.address, login=CONTROL.login),
        ),
        "data2": Datasink(address=HOSTS["data2"].address),
    },
    retention_profiles={
        "person_tracking": FaceQuality(
            outposts=("lab1", "alpha5"),
            retention_days=2,
            confidence_threshold=0.975,
            min_face_ratio=0.15,
        ),
        "vehicle_tracking": VehicleInterest(
            outposts=("east",),
            retention_days=1,
            extended_days=2,
            speed_cutoff=40.0,
        ),
        "archive_all": NeverDelete(),
        "default": MinimalRetention(retention_days=7),
    },
    max_scan_days=14,
)
