"""The lab's site with a pins file of its own, in which nothing is pinned yet."""

from pathlib import Path

REGISTRY = "/home/ops/sentinelcam/model_registry"
SITE = """\
from dataclasses import replace
from pathlib import Path

from lab.network import enter as _connect
from lab.fleet import fleet
from modelctl.inventory.json_files import load_pins

_PINS = Path({pins!r})
_FLEET = replace(fleet(), pins=load_pins(_PINS))
"""


def write(folder: Path) -> tuple[Path, Path]:
    """Write an inventory file and its pins file."""
    site, pins = folder / "inventory.py", folder / "pins.json"
    pins.write_text("{}\n", encoding="utf-8")
    site.write_text(SITE.format(pins=str(pins)), encoding="utf-8")
    return site, pins
