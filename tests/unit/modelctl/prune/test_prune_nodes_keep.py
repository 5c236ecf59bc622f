"""What stays, and why."""

from collections.abc import Mapping
from typing import Any

import pytest

from modelctl.prune.prune_nodes import keep
from modelctl.prune.roots import Pair
from tests.unit.modelctl.sites import registry_with

MODEL = "haarcascades"
CURRENT, PREVIOUS = "2026-05-01", "2026-04-01"
REGISTRY = registry_with(MODEL, current_version=CURRENT, previous_version=PREVIOUS)


def kept(*versions: str, retention: int = 2, **known: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = keep(
        REGISTRY, known.get("overrides", {}), known.get("named", {}), retention, [(MODEL, each) for each in versions]
    )
    return {version: reasons for (_, version), reasons in found.items()}


def test_current_and_previous() -> None:
    assert kept(CURRENT, PREVIOUS, "2020-01-01", retention=0) == {CURRENT: ("current",), PREVIOUS: ("previous",)}


def test_what_is_not_stored_is_no_matter() -> None:
    assert kept("2020-01-01", retention=0, overrides={"lab1": {MODEL: "2020-01-02"}}) == {}


def test_overrides_and_what_sets_name() -> None:
    overrides = {"lab1": {MODEL: "2020-01-01"}, "east": {"mobilenet_ssd": "2020-01-03"}}
    named = {"lab1": [f"{MODEL}/2020-01-01", f"{MODEL}/2020-01-02"], "east": [f"{MODEL}/{CURRENT}"]}
    assert kept(CURRENT, "2020-01-01", "2020-01-02", "2020-01-03", retention=0, overrides=overrides, named=named) == {
        CURRENT: ("current", "named by east"),
        "2020-01-01": ("override of lab1", "named by lab1"),
        "2020-01-02": ("named by lab1",),
    }


@pytest.mark.parametrize(
    ("retention", "recent"),
    [(0, []), (1, ["2024-01-01.10"]), (2, ["2024-01-01.10", "2024-01-01.2"]),
     (4, ["2024-01-01.10", "2024-01-01.2", "2024-01-01", "2023-12-31.9999"])],
)  # fmt: skip
def test_the_most_recent_others(retention: int, recent: list[str]) -> None:
    stored = ["2024-01-01", CURRENT, "2024-01-01.10", "2023-12-31.9999", "2024-01-01.2", "2023-12-31"]
    reason = (f"one of the {retention} most recent others",)
    assert kept(*stored, retention=retention) == {CURRENT: ("current",), **dict.fromkeys(recent, reason)}


def test_each_model_by_itself_and_none_but_the_registrys() -> None:
    stored: list[Pair] = [
        (MODEL, "2020-01-01"), (MODEL, "2020-01-02"), ("openface_torch", "2020-01-01"), ("coral", "2020-01-01"),
    ]  # fmt: skip
    assert set(keep(REGISTRY, {}, {}, 1, stored)) == {
        (MODEL, "2020-01-02"), ("openface_torch", "2020-01-01"), ("coral", "2020-01-01"),
    }  # fmt: skip


def test_stacks_are_versions_too() -> None:
    coral, versions = "coral_packages", ("2025-12-19", "2025-11-01", "2025-10-01", "2025-09-01", "2025-08-01")
    pairs = [(coral, each) for each in versions]
    found = keep(REGISTRY, {"alpha5": {coral: "2025-10-01"}}, {"sentinel": [f"{coral}/2025-09-01"]}, 1, pairs)
    assert found == {
        pairs[0]: ("current",),
        pairs[1]: ("one of the 1 most recent others",),
        pairs[2]: ("override of alpha5",),
        pairs[3]: ("named by sentinel",),
    }
