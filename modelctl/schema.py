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
    """Whose events."""


class MinimalRetention(Part):
    """Deletes other events after some days; without a list it covers the outposts that no other profile covers."""

    strategy: ClassVar[Literal["minimal_retention"]] = "minimal_retention"
    outposts: tuple[HostName, ...] | None = None
    """Whose events; None: of all that no other profile covers."""
    retention_days: NonNegativeInt
    """Days that an event stays."""


class FaceQuality(Part):
    """Keeps events with good faces."""

    strategy: ClassVar[Literal["face_quality"]] = "face_quality"
    outposts: tuple[HostName, ...] = ()
    """Whose events."""
    retention_days: NonNegativeInt
    """Days that another event stays."""
    confidence_threshold: Confidence
    """From which confidence on a face is sure."""
    min_face_ratio: Annotated[float, Field(ge=0, le=1)]
    """Read by no program."""


class VehicleInterest(Part):
    """Keeps events of vehicles longer."""

    strategy: ClassVar[Literal["vehicle_interest"]] = "vehicle_interest"
    outposts: tuple[HostName, ...] = ()
    """Whose events."""
    retention_days: NonNegativeInt
    """Days that another event stays."""
    extended_days: NonNegativeInt
    """Days that an event with speed data stays."""
    speed_cutoff: PositiveFloat
    """Miles per hour."""


AnyRetention = Annotated[NeverDelete | MinimalRetention | FaceQuality | VehicleInterest, OneOf()]
"""How long a sentinel's daily clean-up keeps events, by strategy.

The real clean-up looks at the last `max_scan_days` days: what got older than that stays for ever. Whatever the
strategy, events with usable or sure faces stay for ever, those with speed data for `extended_days` (30 if not given).
"""


class VehicleSpeed(Part):
    """The street that the VehicleSpeed task measures on."""

    camera_distance_meters: PositiveFloat = 17.5
    """Meters."""
    viewport_width_meters: PositiveFloat = 27.0
    """Meters."""
    street_length_meters: PositiveFloat = 21.6
    """Meters."""
    speed_calibration_factor: PositiveFloat = 0.89
    """Factor that a measured speed is multiplied by."""
    speed_limit_mph: PositiveInt = 25
    """Miles per hour."""
    speed_tolerance_mph: PositiveInt = 5
    """Miles per hour."""


class Site(Part):
    """A site's hosts and what they share. In its paths ~ is the operator's home."""

    name: HostName
    """The site's name."""
    hosts: Annotated[dict[HostName, AnyHost], Field(min_length=1)]
    """Every host, by name."""
    primary_datasink: HostName
    """The datasink that holds the model registry."""
    legacy_nodes: tuple[HostName, ...] = ()
    """Nodes of Debian 10 or 11 whose services run as `pi`."""
    ncs2_nodes: tuple[HostName, ...] = ()
    """Nodes that worked with an NCS2 before: no other may have one."""
    outpost_models: tuple[ModelName, ...] = ("mobilenet_ssd",)
    """Models of an outpost that names none."""
    retention_profiles: dict[Word, AnyRetention] = Field(default_factory=dict)
    """How long events stay, by name of the profile."""
    max_scan_days: PositiveInt = 14
    """Days that the daily clean-up looks back."""
    run_deletes: bool = True
    """Whether it deletes; else it only tells."""
    vehicle_speed: VehicleSpeed = VehicleSpeed()
    """The street that speeds are measured on."""
    ssh_key: OwnPath | None = None
    """The operator's private key; SSH's defaults unless given."""
    known_hosts: OwnPath = Path("known_hosts")
    """The hosts' SSH keys; `modelctl trust` adds them. Unless given, the file of that name beside site.py."""
    pull_ca: OwnPath = Path("~/.config/sentinelcam/pull_ca")
    """Private key that signs the nodes' pull certificates, kept outside of git."""
    coral_source: WebAddress = "https://github.com/feranick"
    """Where releases of the Coral packages are downloaded from."""


class Model(Part):
    """A model: its versions, and the name of its file in each role."""

    framework: Word
    """For people."""
    current_version: Version
    """What hosts get."""
    previous_version: Version | None = None
    """The one before, for `modelctl rollback`."""
    auto_promote: bool = False
    """Whether what a trainer publishes becomes the current version at once."""
    files: Annotated[dict[Role, FileName], Field(min_length=1)]
    """Name of the file in each role."""
    linked: frozenset[Literal["facelist", "facedata"]] = frozenset()
    """Roles whose files arrive once on a sentinel and then belong to it."""

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
    """Every model, by name."""
    coral: Coral | None = None
    """The Coral stacks, where a host has a stick."""

    @property
    def artefacts(self) -> dict[str, Model | Coral]:
        """Everything that has versions, by name: the models, and the Coral stack."""
        return {**self.models, **({CORAL: self.coral} if self.coral is not None else {})}
