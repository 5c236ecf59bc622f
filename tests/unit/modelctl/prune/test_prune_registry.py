"""The delete-list that follows from what is known."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.nodes import node_status
from modelctl.nodes.remote import NoAnswer
from modelctl.operator import operator
from modelctl.prune import delete_list, prune_registry
from modelctl.prune.prune_registry import Answer, Plan
from modelctl.registry import registry_store
from modelctl.schema import Standards
from node.protocol.registry import ListedVersion, Listing
from node.protocol.versions import DeleteList, Listed, Sight
from node.registry.own import MANIFEST_LIMIT
from tests.unit.modelctl.sites import fleet

MODEL, NOW, DUE = "haarcascades", "2026-11-23T03:00:00Z", "2026-11-30T03:00:00Z"
FLEET = fleet(standards=Standards(sentinelcam_model_retention=1))
RECENT = "2026-01-01"
SIGHT = Sight(time="2026-11-01T00:00:00Z", named={})


def listed(**versions: Any) -> Listing:
    """Versions of a model by their dates, and the most recent other one; _ for - in their names."""
    stored = {RECENT: version(), **{name.strip("_").replace("_", "-"): each for name, each in versions.items()}}
    return Listing({MODEL: stored}, 50, 100)


def version(content: bytes = b"name: x\n", **files: int) -> ListedVersion:
    return ListedVersion({"manifest.yaml": len(content), **files}, content, sorted({"shared"} & set(files)))


def entry(name: str, **changes: Any) -> Listed:
    values = {
        "model": MODEL, "version": name, "manifest": sha256(b"name: x\n").hexdigest(), "bytes": 8, "due": DUE,
        "since": NOW, "operator": operator(),
    }  # fmt: skip
    return Listed(**{**values, **changes})


def state(*entries: Listed, **seen: Sight) -> DeleteList:
    return DeleteList(now=NOW, digest="0" * 64, entries=list(entries), seen=seen)


def decide(listing: Listing, old: DeleteList | None = None, **answers: Answer) -> Plan:
    return prune_registry.decide(FLEET, listing, old or state(), answers)


def test_what_may_go_gets_its_time() -> None:
    plan = decide(listed(_2020_01_02=version(x=100, shared=50), _2020_01_01=version()))
    assert plan.entries == [entry("2020-01-01"), entry("2020-01-02", bytes=108)]
    assert plan.is_new
    assert plan.kept == {(MODEL, RECENT): ("one of the 1 most recent others",)}


def test_what_is_on_the_list_keeps_its_time_and_tells_its_bytes_of_now() -> None:
    older = entry("2020-01-01", due="2026-11-24T00:00:00Z", since="2026-11-17T00:00:00Z", operator="anna@ramrod")
    plan = decide(listed(_2020_01_01=version(x=1)), state(older))
    assert plan.entries == [older._replace(bytes=9)]
    assert not decide(listed(_2020_01_01=version()), state(older)).is_new


def test_another_version_of_the_same_name_is_listed_anew() -> None:
    older = entry("2020-01-01", due="2026-11-24T00:00:00Z", manifest="0" * 64)
    assert decide(listed(_2020_01_01=version()), state(older)).entries == [entry("2020-01-01")]


def test_what_is_wanted_again_or_gone_leaves_the_list() -> None:
    old = state(entry("2020-01-01"), entry("2020-01-02"), entry("2020-01-03"))
    plan = decide(listed(_2020_01_01=version(), _2020_01_03=version()), old, lab1={MODEL: ["2020-01-01"]})
    assert plan.entries == [entry("2020-01-03")]
    assert plan.leave == {f"{MODEL}/2020-01-01": "it stays: named by lab1", f"{MODEL}/2020-01-02": "it is gone"}


def test_what_is_being_removed_stays_on_the_list() -> None:
    listing = Listing({}, 0, 0, [f"{MODEL}/.retired-2020-01-01", f"{MODEL}/.import-2020-01-02"])
    plan = decide(listing, state(entry("2020-01-01"), entry("2020-01-02")))
    assert plan.entries == [entry("2020-01-01")]


@pytest.mark.parametrize(
    "odd", [ListedVersion({"x": 1}, None), version(b"x" * (MANIFEST_LIMIT + 1))], ids=["no manifest", "too long"]
)
def test_what_has_no_manifest_neither_goes_nor_counts(odd: ListedVersion) -> None:
    plan = decide(listed(_2020_01_01=odd, _2027_01_01=odd))
    assert plan.entries == []
    assert plan.kept == {
        (MODEL, RECENT): ("one of the 1 most recent others",),
        **{(MODEL, name): ("without a manifest.yaml it is no version",) for name in ("2020-01-01", "2027-01-01")},
    }


def test_a_host_that_is_unreachable_counts_with_what_was_last_seen_of_it() -> None:
    sight = Sight(time="2026-11-01T00:00:00Z", named={MODEL: ["2020-01-01"]})
    away = NoAnswer("lab1 (1.2.3.4): no route")
    plan = decide(listed(_2020_01_01=version()), state(lab1=sight, gone=SIGHT), lab1=away, east={})
    assert plan.entries == []
    assert plan.seen == {"lab1": sight, "east": Sight(time=NOW, named={})}
    assert plan.absent == {"lab1": "lab1 (1.2.3.4): no route"}


@pytest.mark.parametrize("seen", [{}, {"east": SIGHT}, None])
def test_nothing_is_decided_without_a_host_of_which_nothing_is_known(seen: dict[str, Sight] | None) -> None:
    answers: dict[str, Answer] = {name: NoAnswer(f"{name}: no route") for name in ("lab1", "lab2")}
    with pytest.raises(Faults) as refused:
        prune_registry.decide(FLEET, listed(), DeleteList(now=NOW, digest="0" * 64, entries=[], seen=seen), answers)
    assert str(refused.value).splitlines() == [
        f"{name}: no route; nothing is known of what {name} names, so nothing is decided without it" for name in answers
    ]


def test_a_damaged_list_is_made_anew() -> None:
    plan = decide(listed(_2020_01_01=version()), DeleteList(now=NOW, digest="0" * 64, entries=None, seen={}))
    assert (plan.entries, plan.leave, plan.is_new) == ([entry("2020-01-01")], {}, True)
    assert decide(listed(), DeleteList(now=NOW, digest="0" * 64, entries=None, seen={})).is_new


def test_the_list_is_read_before_any_host_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is spared while hosts are asked changes the list, and so the plan is not written."""
    steps: list[str] = []

    def step(name: str, answer: Any) -> Callable[..., Any]:
        def answered(*_: object) -> Any:
            steps.append(name)
            return answer

        return answered

    monkeypatch.setattr(delete_list, "read", step("list", state()))
    monkeypatch.setattr(node_status, "referenced_versions", step("host", {}))
    monkeypatch.setattr(registry_store, "listing", step("registry", listed()))
    monkeypatch.setattr(prune_registry, "_require_clock", lambda *_: None)
    prune_registry.look(FLEET)
    assert steps[0] == "list"
    assert {"host", "registry"} < set(steps)


@pytest.mark.parametrize(("there", "is_right"), [(NOW, True), ("2026-11-22T03:00:00Z", False), (DUE, False)])
def test_a_grace_time_is_not_counted_by_a_clock_that_is_wrong(there: str, is_right: bool) -> None:
    here = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
    if is_right:
        prune_registry._require_clock(FLEET, there, here)
        return
    with pytest.raises(OperatorError, match=f"^data1: its clock says {there}, this machine's 2026-11-23T03:30:00Z; "):
        prune_registry._require_clock(FLEET, there, here)
