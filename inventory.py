"""The default site as pyinfra groups."""

from pathlib import Path as _Path

from inventory.registry import REGISTRY as _REGISTRY
from inventory.site import SITE as _SITE
from inventory.standards import STANDARDS as _STANDARDS
from modelctl.errors import exit_with_message as _exit_with_message
from modelctl.fleet import Fleet as _Fleet
from modelctl.groups import groups as _groups
from modelctl.inventory.pins import load_pins as _load_pins
from operations.command_line import check as _check

_SOURCES = _Path(__file__).parent / "inventory"
_PINS = _SOURCES / "pins.json"

with _exit_with_message():
    _FLEET = _Fleet(_SITE, _REGISTRY, _STANDARDS, _load_pins(_PINS))
    _check(_FLEET, _groups(_FLEET))

# pyinfra makes a group of each public list: outposts, sentinels, datasinks, primary_datasink, ml_trainers, ...
globals().update(_groups(_FLEET))
