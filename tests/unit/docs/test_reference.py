"""The pages that are made from the code say what it says, and the others name what it names."""

import re
from html import unescape
from pathlib import Path

import pytest

from docs.make import PAGES, REFERENCE
from docs.make.inventory import PARTS
from docs.make.type_words import declarations
from modelctl import schema
from modelctl.closing.host_end import Standing
from modelctl.inventory.json_files import BadVersions, Pins, Revoked
from modelctl.inventory.values import Part
from node import layout

EXPLANATION = REFERENCE.parent / "explanation"


@pytest.mark.parametrize("name", PAGES)
def test_a_made_page_is_as_it_would_be_made_now(name: str) -> None:
    found = (REFERENCE / name).read_text(encoding="utf-8")
    assert found == PAGES[name](), "make them anew: .venv/bin/python -m docs.make"


def test_the_inventory_s_page_has_each_type_that_a_site_can_import() -> None:
    named = {name for names in PARTS.values() for name in names}
    written = {each.__name__ for each in (BadVersions, Pins, Revoked)} | {"BadVersion", "Pin", "PinnedFile", "Part"}
    types = {name for name, value in vars(schema).items() if isinstance(value, type) and issubclass(value, Part)}
    assert types - written <= named <= set(declarations())


def test_the_page_of_a_node_s_files_names_each_place() -> None:
    text = (REFERENCE / "node-files.md").read_text(encoding="utf-8")
    constants = [value for value in vars(layout).values() if isinstance(value, Path)]
    ours = [path for path in constants if "usb" not in str(path) and path != layout.TIMER_STAMPS]
    places = [
        layout.program(),
        layout.access(),
        layout.coral(),
        layout.checksum_cache(),
        layout.pull_lock(),
        layout.history(),
    ]
    below = [
        path.name for path in (*places, layout.roots(), layout.backups(), layout.pending("s"), layout.switch_lock("s"))
    ]
    runtime = [
        layout.clock().name,
        layout.restarted("SERVICE").name,
        layout.RETIRED,
        layout.STAGING,
        str(layout.sweeps()),
    ]
    for name in (*map(str, ours), *below, *runtime):
        assert re.search(rf"(?<![\w-]){re.escape(name)}", text), name


def test_the_picture_shows_the_words_of_its_source() -> None:
    source = (EXPLANATION / "version.dot").read_text(encoding="utf-8")
    labels = re.findall(r'label="([^"]*)"', source)
    words = [word.strip() for label in labels for word in label.split(r"\n")]
    picture = (EXPLANATION / "version.svg").read_text(encoding="utf-8")
    shown = [unescape(text).replace("\xa0", " ").strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]
    assert sorted(shown) == sorted(words)


def test_what_can_become_of_a_host_is_explained() -> None:
    text = (REFERENCE.parent / "how-to" / "failures.md").read_text(encoding="utf-8")
    table = text.partition("| a host is |")[2].partition("\n\n")[0]
    told = {word for line in table.splitlines()[2:] for word in re.findall(r"`([^`]+)`", line.split("|")[1])}
    assert told == {each.value for each in Standing}
