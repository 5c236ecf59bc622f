"""The site of the tests, "chandler", as an operator writes one: a fixture. The lab has a site of its own."""

from pathlib import Path

FOLDER = Path(__file__).parent
INVENTORY = FOLDER / "inventory.py"
SOURCES = FOLDER / "inventory"
