"""The types that an inventory is written in. They hold what they are given; `Fleet` validates them, all at once.

A site imports each of them from here.
"""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat

from modelctl.inventory.coral import CORAL, Coral, CoralPackage, CoralStack
from modelctl.inventory.hosts import (
    AnyHost,
    Confidence,
    Control,
    Datasink,
    DepthAI,
    FaceConfidence,
    Host,
    MotionParams,
    OakCamera,
    Outpost,
    PiCamera,
    Sentinel,
    Trainer,
    Watchtower,
    WebCamera,
)
from modelctl.inventory.json_files import BadVersion, BadVersions, Pin, PinnedFile, Pins, Revoked
from modelctl.inventory.standards import HealthCheck, HealthChecks, Limits, Paths, Ports, Standards, Users
from modelctl.inventory.values import (
    FileName,
    HostName,
    ModelName,
    NonNegativeInt,
    OneOf,
    OwnPath,
    Part,
    PositiveInt,
    Role,
    Version,
    WebAddress,
    Word,
)


class NeverDelete(Part):
    """Keeps all events of its outposts."""

    strategy: ClassVar[Literal["never_delete"]] = "never_delete"
    outposts: tuple[HostName, ...] = ()


class MinimalRetention(Part):
    """Deletes other events after some days; without a list it covers the outposts that no other profile covers."""

    strategy: ClassVar[Literal["minimal_retention"]] = "minimal_retention"
    outposts: tuple[HostName, ...] | None = None
    retention_days: NonNegativeInt


class FaceQuality(Part):
    """Keeps events with good faces, as sure as `confidence_threshold`; no program reads `min_face_ratio`."""

    strategy: ClassVar[Literal["face_quality"]] = "face_quality"
    outposts: tuple[HostName, ...] = ()
    retention_days: NonNegativeInt
    confidence_threshold: Confidence
    min_face_ratio: Annotated[float, Field(ge=0, le=1)]


class VehicleInterest(Part):
    """Keeps events of vehicles longer; speeds in miles per hour."""

    strategy: ClassVar[Literal["vehicle_interest"]] = "vehicle_interest"
    outposts: tuple[HostName, ...] = ()
    retention_days: NonNegativeInt
    extended_days: NonNegativeInt
    speed_cutoff: PositiveFloat


AnyRetention = Annotated[NeverDelete | MinimalRetention | FaceQuality | VehicleInterest, OneOf()]
"""How long a sentinel's daily clean-up keeps events, by strategy.

The real clean-up looks at the last `max_scan_days` days: what got older than that stays for ever. Whatever the
strategy, events with usable or sure faces stay for ever, those with speed data for `extended_days` (30 if not given).
"""


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

    `known_hosts` holds the hosts' SSH keys (`modelctl trust` adds them): unless given, the file of that name beside
    site.py. `pull_ca` is the private key that signs the nodes' pull certificates, kept outside git; `ssh_key` is the
    operator's own key, SSH's defaults when None. In these paths ~ is the operator's home. `ncs2_nodes` are those that
    worked with an NCS2 before: no other may have one. `coral_source` is where the releases of the Coral packages are
    downloaded from.
    """

    name: HostName
    hosts: Annotated[dict[HostName, AnyHost], Field(min_length=1)]
    primary_datasink: HostName
    legacy_nodes: tuple[HostName, ...] = ()
    ncs2_nodes: tuple[HostName, ...] = ()
    outpost_models: tuple[ModelName, ...] = ("mobilenet_ssd",)
    retention_profiles: dict[Word, AnyRetention] = Field(default_factory=dict)
    max_scan_days: PositiveInt = 14
    run_deletes: bool = True
    vehicle_speed: VehicleSpeed = VehicleSpeed()
    ssh_key: OwnPath | None = None
    known_hosts: OwnPath = Path("known_hosts")
    pull_ca: OwnPath = Path("~/.config/sentinelcam/pull_ca")
    coral_source: WebAddress = "https://github.com/feranick"


class Model(Part):
    """A model: the version that hosts get, the one before it, and the name of its file in each role.

    Files in `linked` roles arrive once on a sentinel with a new version and then belong to the node. With
    `auto_promote` a version that a trainer publishes becomes the current one at once, else an operator promotes it.
    """

    framework: Word
    current_version: Version
    previous_version: Version | None = None
    auto_promote: bool = False
    files: Annotated[dict[Role, FileName], Field(min_length=1)]
    linked: frozenset[Literal["facelist", "facedata"]] = frozenset()

    @property
    def linked_names(self) -> frozenset[str]:
        """The names of its linked files."""
        return frozenset(self.files[role] for role in self.linked)

    def names_of(self, _version: str) -> frozenset[str]:
        """The files that a stored version must have."""
        return frozenset(self.files.values())


class Registry(Part):
    """All models, and the Coral stacks where a host has a Coral stick."""

    models: Annotated[dict[ModelName, Model], Field(min_length=1)]
    coral: Coral | None = None

    @property
    def artefacts(self) -> dict[str, Model | Coral]:
        """Everything that has versions, by name: the models, and the Coral stack."""
        return {**self.models, **({CORAL: self.coral} if self.coral is not None else {})}
