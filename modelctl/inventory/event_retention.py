"""How long a sentinel's daily clean-up keeps events: one type per strategy.

The real clean-up looks at the last `max_scan_days` days: what got older than that stays for ever. Whatever the
strategy, events with usable or sure faces stay for ever, those with speed data for `extended_days` (30 if not given).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveFloat

from modelctl.inventory.cameras import Confidence
from modelctl.inventory.part import OneOf, Part
from modelctl.inventory.values import HostName, NonNegativeInt

Outposts = tuple[HostName, ...]
Ratio = Annotated[float, Field(ge=0, le=1)]


class NeverDelete(Part):
    """Keeps all events of its outposts."""

    strategy: ClassVar[Literal["never_delete"]] = "never_delete"
    outposts: Outposts = ()


class MinimalRetention(Part):
    """Deletes other events after some days; without a list it covers the outposts that no other profile covers."""

    strategy: ClassVar[Literal["minimal_retention"]] = "minimal_retention"
    outposts: Outposts | None = None
    retention_days: NonNegativeInt


class FaceQuality(Part):
    """Keeps events with good faces, as sure as `confidence_threshold`; no program reads `min_face_ratio`."""

    strategy: ClassVar[Literal["face_quality"]] = "face_quality"
    outposts: Outposts = ()
    retention_days: NonNegativeInt
    confidence_threshold: Confidence
    min_face_ratio: Ratio


class VehicleInterest(Part):
    """Keeps events of vehicles longer; speeds in miles per hour."""

    strategy: ClassVar[Literal["vehicle_interest"]] = "vehicle_interest"
    outposts: Outposts = ()
    retention_days: NonNegativeInt
    extended_days: NonNegativeInt
    speed_cutoff: PositiveFloat


AnyRetention = Annotated[NeverDelete | MinimalRetention | FaceQuality | VehicleInterest, OneOf()]
