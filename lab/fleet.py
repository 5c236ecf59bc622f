"""The lab as a fleet, as this checkout has it."""

from __future__ import annotations

from pathlib import Path

from lab import pins
from lab.site.registry import REGISTRY
from lab.site.site import SITE
from lab.site.standards import STANDARDS
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins

SOURCES = Path(__file__).with_name("site")
PINS = pins.file()


def fleet() -> Fleet:
    """The lab's fleet, validated.

    :raises modelctl.errors.Faults: its site or its registry is invalid, or they do not agree.
    """
    return Fleet(SITE, REGISTRY, STANDARDS, load_pins(PINS))
