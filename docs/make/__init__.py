"""Makes the pages of docs/reference/ that say what the code says: each field of an inventory, and each command.

A test makes them again and compares. After a change of either: `.venv/bin/python -m docs.make`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.make import commands, inventory

REFERENCE = Path(__file__).parent.parent / "reference"
PAGES: Mapping[str, Callable[[], str]] = {"inventory.md": inventory.page, "commands.md": commands.page}
