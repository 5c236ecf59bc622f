"""Suggestions: a typing error has one, another thing has none (U9)."""

import pytest

from modelctl.nearest import nearest

HOSTS = ["alpha5", "data1", "east", "lab1", "sentinel"]


@pytest.mark.parametrize(
    ("found", "names", "meant"),
    [
        ("sentinal", HOSTS, "sentinel"),
        ("esat", HOSTS, "east"),
        ("mobilenet", ["haarcascades", "mobilenet_ssd"], "mobilenet_ssd"),
        ("2026-0303", ["2026-03-02", "2026-03-03"], "2026-03-03"),
        ("stauts", ["show", "status"], "status"),
    ],
)
def test_a_typing_error_has_a_suggestion(found: str, names: list[str], meant: str) -> None:
    assert nearest(found, names) == f"; did you mean {meant}?"


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ("2024-01-01", ["2026-03-03"]),
        ("2026-03-04", ["2026-03-03"]),
        ("lab2", HOSTS),
        ("lab", HOSTS),
        ("west", HOSTS),
        ("east,lab1", HOSTS),
        ("remove", ["restore", "revoke"]),
        ("zz*", HOSTS),
        (7, ["7"]),
        (None, HOSTS),
        ("lab1", []),
    ],
)
def test_another_thing_has_none(found: object, names: list[str]) -> None:
    assert nearest(found, names) == ""
