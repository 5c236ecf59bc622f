"""Edits of site.py: overrides that come, change and go, with the exact text before and after."""

import pytest

from modelctl.changes.edit import evaluate, set_override
from modelctl.schema import Site
from tests.chandler import SOURCES

SITE = SOURCES / "site.py"
OLD, NEW, OTHER = "2025-01-01", "2026-02-02", "2024-03-03"


def site(entry: str) -> str:
    """A site with this entry between two others."""
    return (
        "SITE = Site(\n    hosts={\n"
        f'        "data1": Datasink(address="192.168.10.50"),\n{entry}\n'
        '        "wall1": Watchtower(  address="192.168.10.70"  ),\n    }, name="x" )\n'
    )


# A host without overrides, with one, and with two.
OVERRIDES = [
    (
        'Outpost(address="::1")',
        'Outpost(address="::1", model_version_overrides={"m": "2026-02-02"})',
        'Outpost(address="::1", model_version_overrides={"m": "2026-02-02", "n": "2026-02-02"})',
    ),
    (
        "Sentinel( address = '::1' )",
        "Sentinel( address = '::1', model_version_overrides={'m': '2026-02-02'} )",
        "Sentinel( address = '::1', model_version_overrides={'m': '2026-02-02', 'n': '2026-02-02'} )",
    ),
    (
        'Outpost(\n            address="::1",\n            cameras={\n                1,\n            },  # c\n'
        "        )",
        'Outpost(\n            address="::1",\n            cameras={\n                1,\n            },  # c\n'
        '            model_version_overrides={"m": "2026-02-02"},\n        )',
        'Outpost(\n            address="::1",\n            cameras={\n                1,\n            },  # c\n'
        '            model_version_overrides={"m": "2026-02-02", "n": "2026-02-02"},\n        )',
    ),
    (
        'Trainer(\n  # a\n  address=str("::1")  # c\n  # d\n)',
        'Trainer(\n  # a\n  address=str("::1"),  # c\n  model_version_overrides={"m": "2026-02-02"}\n  # d\n)',
        'Trainer(\n  # a\n  address=str("::1"),  # c\n'
        '  model_version_overrides={"m": "2026-02-02", "n": "2026-02-02"}\n  # d\n)',
    ),
]


@pytest.mark.parametrize("entries", OVERRIDES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_overrides_come_and_go(entries: tuple[str, str, str], newline: str) -> None:
    none, one, two = (site(f'        "h": {entry},').replace("\n", newline) for entry in entries)
    assert set_override(none, "h", "m", NEW) == one
    assert set_override(one, "h", "n", NEW) == two
    assert set_override(two, "h", "n", None) == one
    assert set_override(one, "h", "m", None) == none
    assert set_override(one, "h", "n", None) == one
    assert set_override(none, "h", "m", None) == none


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{'m': 'x', 'n': 'y'}", "{'m': 'z', 'n': 'y'}"),
        (
            '{\n  # a\n  "n": "y",  # b\n  "m": \'x\',  # c\n  # d\n}',
            '{\n  # a\n  "n": "y",  # b\n  "m": \'z\',  # c\n  # d\n}',
        ),
        ('{\n  "n": "y",  # b\n}', '{\n  "n": "y",  # b\n  "m": "z",\n}'),
        ('{\n  "n": "y"  # b\n}', '{\n  "n": "y",  # b\n  "m": "z"\n}'),
        ("{ 'n': 'y' , }", "{ 'n': 'y' , 'm': 'z', }"),
        ("{}", '{"m": "z"}'),
        ("{  # none\n}", '{  # none\n"m": "z"}'),
    ],
)
def test_an_override_is_written_among_others(before: str, after: str) -> None:
    versions = {"'x'": f"'{OLD}'", "'y'": f"'{OTHER}'", '"y"': f'"{OTHER}"', '"z"': f'"{NEW}"', "'z'": f"'{NEW}'"}
    old, new = (site(f'"h": Datasink(model_version_overrides={each}, address="::1"),') for each in (before, after))
    for name, version in versions.items():
        old, new = old.replace(name, version), new.replace(name, version)
    assert set_override(old, "h", "m", NEW) == new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"m": "x", "n": "y"}', '{"n": "y"}'),
        ('{\n  # a\n  "n": "y",  # b\n  "m": "x",\n  # d\n}', '{\n  # a\n  "n": "y",  # b\n  # d\n}'),
        ('{"n": "y", "m": "x"}', '{"n": "y"}'),
    ],
)
def test_an_override_goes_from_among_others(before: str, after: str) -> None:
    old, new = (site(f'"h": Datasink(model_version_overrides={each}, address="::1"),') for each in (before, after))
    assert set_override(old, "h", "m", None) == new


def test_the_edited_site_says_what_was_asked() -> None:
    hosts = evaluate(set_override(SITE.read_text(encoding="utf-8"), "data1", "face_recognition", NEW), SITE, "SITE")
    assert isinstance(hosts, Site)
    assert hosts.hosts["data1"].model_version_overrides == {"face_recognition": NEW}
    assert hosts.known_hosts == SITE.with_name("known_hosts")
