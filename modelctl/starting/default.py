"""The whole default site: a copy of the values of this checkout."""

from pathlib import Path

from modelctl import text_file
from modelctl.inventory_file import NEIGHBOURS, load
from modelctl.product import CHECKOUT
from modelctl.starting.files import Files, common


def files() -> Files:
    """Its files. Raises OperatorError, Faults where those values are not valid."""
    inventory = CHECKOUT / "inventory.py"
    name = load(inventory).fleet.site.name
    values = (path for path in sorted((CHECKOUT / NEIGHBOURS).iterdir()) if _is_of_the_site(path))
    return common(name) | {str(path.relative_to(CHECKOUT)): text_file.read(path) for path in [inventory, *values]}


def _is_of_the_site(path: Path) -> bool:
    """Locks and notes, which a deploy leaves, begin with a dot."""
    return path.is_file() and not path.name.startswith(".")
