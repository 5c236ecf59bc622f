"""The types that an inventory is written in. They hold what they are given; `Fleet` validates them, all at once."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from modelctl.inventory.cameras import DepthAI, MotionParams, OakCamera, PiCamera, WebCamera
from modelctl.inventory.hosts import AnyHost, Datasink, FaceConfidence, Host, Outpost, Sentinel, Trainer, Watchtower
from modelctl.inventory.part import Part
from modelctl.inventory.pins import Pin, PinnedFile, Pins
from modelctl.inventory.retention import AnyRetention, FaceQuality, MinimalRetention, NeverDelete, VehicleInterest
from modelctl.inventory.revoked import Revoked
from modelctl.inventory.standards import Gate, Gates, Limits, Paths, Ports, Standards, Users
from modelctl.values import FileName, HostName, ModelName, OwnPath, PositiveInt, Role, Version, Word

__all__ = [
    "CoralPackage",
    "CoralPackages",
    "Datasink",
    "DepthAI",
    "FaceConfidence",
    "FaceQuality",
    "Gate",
    "Gates",
    "Host",
    "Limits",
    "MinimalRetention",
    "Model",
    "MotionParams",
    "NeverDelete",
    "OakCamera",
    "Outpost",
    "Paths",
    "PiCamera",
    "Pin",
    "PinnedFile",
    "Pins",
    "Ports",
    "Registry",
    "Revoked",
    "Sentinel",
    "Site",
    "Standards",
    "Trainer",
    "Users",
    "VehicleInterest",
    "VehicleSpeed",
    "Watchtower",
    "WebCamera",
]


class VehicleSpeed(Part):
    """The street that the VehicleSpeed task measures on: lengths in meters, speeds in miles per hour."""

    camera_distance_meters: PositiveFloat = 17.5
    viewport_width_meters: PositiveFloat = 27.0
    street_length_meters: PositiveFloat = 21.6
    speed_calibration_factor: PositiveFloat = 0.89
    speed_limit_mph: PositiveInt = 25
    speed_tolerance_mph: PositiveInt = 5


class Site(Part):
    """A site's hosts and what they share.

    `known_hosts` holds the hosts' SSH keys (`modelctl trust` adds them); `pull_ca` is the private key that signs the
    nodes' pull certificates, kept outside git; `ssh_key` is the operator's own key, SSH's defaults when None. In these
    paths ~ is the operator's home.
    """

    name: HostName
    hosts: Annotated[dict[HostName, AnyHost], Field(min_length=1)]
    primary_datasink: HostName
    legacy_nodes: tuple[HostName, ...] = ()
    outpost_models: tuple[ModelName, ...] = ("mobilenet_ssd",)
    retention_profiles: dict[Word, AnyRetention] = Field(default_factory=dict)
    max_scan_days: PositiveInt = 14
    run_deletes: bool = True
    vehicle_speed: VehicleSpeed = VehicleSpeed()
    ssh_key: OwnPath | None = None
    known_hosts: OwnPath
    pull_ca: OwnPath


class Model(Part):
    """A model: the version that hosts get, the one before it, and the name of its file in each role.

    Files in `linked` roles arrive once on a sentinel with a new version and then belong to the node.
    """

    framework: Word
    current_version: Version
    previous_version: Version | None = None
    files: Annotated[dict[Role, FileName], Field(min_length=1)]
    linked: frozenset[Literal["facelist", "facedata"]] = frozenset()

    @property
    def linked_names(self) -> set[str]:
        """The names of its linked files."""
        return {self.files[role] for role in self.linked}


class CoralPackage(Part):
    """A package of the Coral EdgeTPU software, installed from its staged files only."""

    version: Word
    files: tuple[FileName, ...]
    release_page: Annotated[str, Field(pattern=r"^https://github\.com/[A-Za-z0-9._/-]+$")]


class CoralPackages(Part):
    """One matching set of Coral packages; `usb_ids` are those of the stick as boot loader and running."""

    tensorflow: Word
    python: Word
    packages: dict[Word, CoralPackage]
    usb_ids: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...]
    group: Word


class Registry(Part):
    """All models, and the Coral packages where some of them need any."""

    models: Annotated[dict[ModelName, Model], Field(min_length=1)]
    coral: CoralPackages | None = None
