"""Hosts of a site: one type per role."""

from typing import Annotated, Literal

from pydantic import Field

from modelctl.inventory.cameras import AnyCamera, Confidence
from modelctl.inventory.part import OneOf, Part
from modelctl.inventory.values import Address, CameraName, HostName, Login, ModelName, NodeName, PositiveInt, Version

ServiceState = Literal["running", "stopped", "disabled"]


class Host(Part):
    """What every host has. `service` says how a deploy leaves the host's service."""

    address: Address
    login: Login = "ops"
    model_version_overrides: dict[ModelName, Version] = Field(default_factory=dict)
    debug_mode: bool = False
    service: ServiceState = "running"


class Datasink(Host):
    """Collects images and events and serves them; the primary one also holds the model registry."""


class FaceConfidence(Part):
    """The least confidence of a face detection, per kind of detector."""

    ssd_mobilenet: Confidence = 0.5
    blazeface: Confidence = 0.5
    cpu: Confidence = 0.5
    ncs2: Confidence = 0.5


class Sentinel(Host):
    """Runs inference tasks. `ncs2` is deprecated; the face model matters with `coral` only.

    With `coral` it gets the Coral stack, unless `coral_packages` is False: then its owner sees to what it loads.
    Every day it deletes the old events of the primary datasink, and of the datasinks in `cleans`.
    """

    accelerator: Literal["coral", "cpu", "ncs2"] = "coral"
    face_model: Literal["ssd_mobilenet", "blazeface"] = "ssd_mobilenet"
    blazeface_variant: Literal["short"] = "short"
    face_confidence: FaceConfidence = FaceConfidence()
    cleans: tuple[HostName, ...] = ()
    coral_packages: bool = True

    def has_accelerator(self, accelerator: Literal["coral", "ncs2"]) -> bool:
        """Whether it uses this accelerator."""
        return self.accelerator == accelerator


class Outpost(Host):
    """Runs cameras.

    Unless given, its node name is the host's name, its datasink the primary one, its models the site's.
    `heartbeat` is in seconds. With a detector on `coral` it gets the Coral stack, unless `coral_packages` is False.
    """

    node_name: NodeName | None = None
    datasink: HostName | None = None
    models: tuple[ModelName, ...] | None = None
    cameras: Annotated[dict[CameraName, AnyCamera], Field(min_length=1)]
    heartbeat: PositiveInt = 10
    coral_packages: bool = True

    def has_accelerator(self, accelerator: Literal["coral", "ncs2"]) -> bool:
        """Whether one of its detectors uses this accelerator."""
        return any(camera.accelerator == accelerator for camera in self.cameras.values())


class Trainer(Host):
    """Trains models and hands them in."""


class Watchtower(Host):
    """Shows cameras; gets no models."""


AnyHost = Annotated[Datasink | Sentinel | Outpost | Trainer | Watchtower, OneOf()]
