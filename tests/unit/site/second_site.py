"""A second site: one small file. Two sentinels, an ncs2 and a legacy node, two datasinks, a webcam."""

from pathlib import Path

from modelctl.inventory.fleet import Fleet
from modelctl.schema import (
    Datasink,
    FaceQuality,
    MinimalRetention,
    OakCamera,
    Outpost,
    PiCamera,
    Pins,
    Sentinel,
    Site,
    Trainer,
    WebCamera,
)
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.standards import STANDARDS

SITE = Site(
    name="orchard",
    primary_datasink="barn",
    ncs2_nodes=("attic", "gate"),
    legacy_nodes=("gate", "attic"),
    known_hosts=Path("known_hosts"),
    pull_ca=Path("pull_ca"),
    hosts={
        "attic": Sentinel(address="10.1.0.10", accelerator="ncs2", login="pi"),
        "cellar": Sentinel(
            address="10.1.0.11",
            accelerator="cpu",
            debug_mode=True,
            cleans=("shed",),
            model_version_overrides={"face_recognition": "2025-02-25"},
        ),
        "barn": Datasink(address="10.1.0.2"),
        "shed": Datasink(address="10.1.0.3", model_version_overrides={"face_recognition": "2025-02-25"}),
        "gate": Outpost(
            address="10.1.0.20",
            login="pi",
            node_name="Front_Gate",
            cameras={
                "P1": PiCamera(
                    viewname="In",
                    resolution=(640, 480),
                    framerate=20,
                    vflip=True,
                    detectobjects="mobilenetssd",
                    accelerator="ncs2",
                ),
            },
        ),
        "porch": Outpost(
            address="10.1.0.21",
            datasink="shed",
            models=("mobilenet_ssd_depthai",),
            service="stopped",
            cameras={
                "W1": WebCamera(viewname="Door", resolution=(640, 360), framerate=15, detectobjects="motion"),
                "O1": OakCamera(viewname="Street", resolution=(640, 360), framerate=30),
            },
        ),
        "forge": Trainer(address="10.1.0.30", login="pyimagesearch"),
    },
    retention_profiles={
        "people": FaceQuality(outposts=("gate",), retention_days=3, confidence_threshold=0.9, min_face_ratio=0.2),
        "default": MinimalRetention(retention_days=5),
    },
)

_FLEET = Fleet(SITE, REGISTRY, STANDARDS, Pins())
