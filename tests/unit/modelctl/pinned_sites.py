"""Sites whose pins are those of what a datasink stores."""

from collections.abc import Iterable
from pathlib import Path

from modelctl.inventory.json_files import Pins, dump_pins
from modelctl.registry import registry_store
from modelctl.registry.manifest import pin_of
from tests.unit.modelctl.sites import fleet

SITE = """
from pathlib import Path
from modelctl.inventory.json_files import load_pins
from tests.unit.modelctl.sites import fleet
_PINS = Path({pins!r})
_FLEET = fleet(pins=load_pins(_PINS))
"""


def pinned_site(folder: Path, pairs: Iterable[tuple[str, str]]) -> Path:
    """Write the inventory file of a site that pins these models and versions, and the pins beside it."""
    pins = {pair: pin_of(*pair, registry_store.read(fleet(), *pair)) for pair in pairs}
    text = dump_pins(Pins(models={model: {version: pin} for (model, version), pin in pins.items()}))
    (folder / "pins.json").write_text(text, encoding="utf-8")
    path = folder / "site.py"
    path.write_text(SITE.format(pins=str(folder / "pins.json")), encoding="utf-8")
    return path
