"""What a manifest tells of a version's origin: a trainer's, which is not trusted, and an older tool's."""

from typing import Any

import pytest
import yaml

from modelctl.errors import Faults
from modelctl.registry.origin import MAX_METRICS, Origin, kept, uploaded
from tests.unit.node.hostile import trying

PAIR = ("face_recognition", "2026-05-01.2")
PLAIN: dict[str, Any] = {
    "name": "face_recognition", "version": "2026-05-01.2", "framework": "pickle", "source": "train.ipynb",
    "host": "deepend", "date_deployed": "2026-05-01", "files": [], "previous_version": None,
    "training_metrics": {"accuracy": 0.97, "names": ["anna", "bert"], "papermill": {"duration": 12.5, "version": None}},
    "requires": {"python": "3.8.10", "scikit-learn": "1.3.2"},
}  # fmt: skip


def told(**fields: Any) -> bytes:
    return yaml.safe_dump({**PLAIN, **fields}).encode()


def test_what_a_trainer_says() -> None:
    assert uploaded(PAIR, told()) == Origin(
        "train.ipynb", "2026-05-01", PLAIN["training_metrics"], "deepend", PLAIN["requires"]
    )


def test_a_trainer_that_measured_nothing() -> None:
    found = uploaded(PAIR, told(training_metrics={}, requires={}))
    assert (found.metrics, found.requires, found.more) == ({}, {}, {"host": "deepend"})


def nested(depth: int) -> Any:
    return {"a": nested(depth - 1)} if depth else 1


EVIL: dict[str, list[Any]] = {
    "training_metrics": [
        "none", [1], {"a": float("nan")}, {"a": float("-inf")}, {"a": "NaN"}, {"a": "1e999"}, {"a": "x" * 201},
        {"x" * 201: 1}, {"a": "\x1b[2J"}, {"\x1b[2J": 1}, nested(9), {"a": ["b\nc"]}, {"a": [0] * MAX_METRICS},
    ],
    "requires": [["numpy"], {"numpy": {}}, {"numpy": "1;reboot"}, {"../x": "1"}, {str(n): "1" for n in range(21)}],
    "source": ["", "a\nb", "x" * 601, "\x1b]0;x\x07", {}],
    "host": ["", "a\nb", "-x", "x" * 64],
    "date_deployed": ["yesterday", "2026-02-30", "2026-05-01.2", ""],
    "name": ["../x", "A", "haarcascades"],
    "version": ["v2.4", "2026-02-30", "2026-05-01"],
}  # fmt: skip


@pytest.mark.parametrize("field", EVIL)
def test_what_a_manifest_cannot_hold(field: str) -> None:
    for value in EVIL[field]:
        with trying(value):
            with pytest.raises(Faults) as caught:
                uploaded(PAIR, told(**{field: value}))
            for line in caught.value.faults:
                assert (line.startswith("manifest.yaml: "), line.isprintable(), len(line) < 600) == (
                    True, True, True,
                )  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"a: &a [*a]", b"a: !!python/object/apply:os.system [x]", b"\xff", b"{"]
)
def test_a_manifest_that_is_none(content: bytes) -> None:
    with pytest.raises(Faults, match=r"^manifest\.yaml: "):
        uploaded(PAIR, content)
    assert kept(content, Origin("imported", "2026-05-01")) == Origin("imported", "2026-05-01")


def test_an_older_tool_s_manifest() -> None:
    otherwise = Origin("imported from /x", "2026-11-27")
    old = b"%YAML 1.0\n---\nversion: v2.4\nsource: the notebook\ntraining_metrics: {accuracy: '0.9'}\n"
    assert kept(old, otherwise) == Origin("the notebook", "2026-11-27", {"accuracy": 0.9})
    assert kept(b"version: 1\ntraining_metrics: {a: .nan}\n", otherwise) == otherwise
    assert kept(None, otherwise) == Origin("imported from /x", "2026-11-27")
