"""A site of seven hosts: one sentinel, three outposts of different kinds, a datasink, a trainer, a watchtower."""

from pathlib import Path

from modelctl.schema import (
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
    Watchtower,
)

SITE = Site(
    name="chandler",
    primary_datasink="data1",
    outpost_models=("mobilenet_ssd",),
    known_hosts=Path(__file__).with_name("known_hosts"),
    pull_ca=Path.home() / ".config" / "sentinelcam" / "pull_ca",
    hosts={
        "data1": Datasink(address="192.168.10.50"),
        "sentinel": Sentinel(address="192.168.10.60", accelerator="coral"),
        "lab1": Outpost(
            address="192.168.10.20",
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
            address="192.168.10.21",
            models=("mobilenet_ssd_depthai",),
            cameras={
                "O1": OakCamera(
                    viewname="Front",
                    resolution=(640, 360),
                    framerate=30,
                    encoder="oak",
                    interesting_objects=(
                        "person",
                        "vehicle",
                        "dog",
                        "motorcycle",
                        "car",
                        "truck",
                        "bird",
                        "cat",
                    ),
                    sentinel_tasks={"default": "VehicleSpeed", "person": "GetFaces2"},
                ),
            },
        ),
        "alpha5": Outpost(
            address="192.168.10.22",
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
        "deepend": Trainer(address="192.168.10.100", login="pyimagesearch"),
        "wall1": Watchtower(address="192.168.10.70"),
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
