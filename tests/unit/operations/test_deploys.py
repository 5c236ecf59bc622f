"""A second site is a second file: what runs a deploy knows no host by name."""

import re
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT
from tests.chandler.inventory.site import SITE
from tests.unit.cases import each

# Names that are words of the trade too: the service, the role and the folders are called so on every site.
ALSO_WORDS = {"sentinel"}
FILES = [
    path
    for folder in ("deploys", "operations", "modelctl", "node", "templates", "trainer")
    for path in sorted((CHECKOUT / folder).rglob("*"))
    if path.suffix in {".py", ".j2", ".sh"}
]


def test_there_are_files_and_names() -> None:
    assert {path.relative_to(CHECKOUT).parts[0] for path in FILES} == {
        "deploys", "operations", "modelctl", "node", "templates", "trainer",
    }  # fmt: skip
    assert set(SITE.hosts) - ALSO_WORDS >= {"data1", "lab1", "east", "alpha5", "deepend", "wall1"}


@each("path", FILES)
def test_no_host_by_name_or_address(path: Path) -> None:
    names = [*sorted(set(SITE.hosts) - ALSO_WORDS), *(str(host.address) for host in SITE.hosts.values())]
    pattern = "|".join(rf"(?<![\w.-]){re.escape(name)}(?![\w-])" for name in names)
    assert re.findall(pattern, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted((CHECKOUT / "deploys").glob("*.py")), ids=lambda path: path.name)
def test_every_operation_has_a_name(path: Path) -> None:
    """pyinfra shows all arguments of an operation that has none."""
    calls = re.findall(
        r"^ *(?:access|audit|cleanup|configs|coral|coral_download|models|prepare|ready|trainer)\.\w+\((.*)\)$",
        path.read_text(),
        re.MULTILINE,
    )
    assert all(call.startswith('name="') for call in calls)
    imported = re.findall(r"^from operations import (.*)$", path.read_text(), re.MULTILINE)
    assert bool(calls) == bool(imported)
