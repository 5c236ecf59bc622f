"""Notebooks that papermill executed: which of them failed, and what they say of the training."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cases import each
from tests.unit.trainer.trainers import NOTEBOOKS
from trainer import metrics, notebook
from trainer.errors import Refusal

DEEP = "no notebook (maximum recursion depth exceeded while decoding a JSON array from a unicode string)"
TRAIN_AGAIN = "; expected a notebook that ran to its end; train again"


def refusal(path: Path) -> str:
    with pytest.raises(Refusal) as error:
        metrics.of(notebook.read(path))
    return str(error.value)


def changed(tmp_path: Path, name: str, **cell: Any) -> Path:
    """A notebook of papermill with its third cell changed."""
    data = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())
    data["cells"][2].update(cell)
    path = tmp_path / "changed.ipynb"
    path.write_text(json.dumps(data))
    return path


@each(
    "name, sign",
    [
        ("raises", "that papermill met an exception"),
        ("exits", "that papermill met an exception"),
        ("tolerated", "cell 5 with the error 'RuntimeError'"),
        ("shell", "cell 3 with a traceback in what it shows"),
        ("shown", "cell 3 with a traceback in what it shows"),
    ],
)
def test_failed(name: str, sign: str) -> None:
    """Three of these ended with exit code 0: see make.py."""
    path = NOTEBOOKS / f"{name}.ipynb"
    assert refusal(path) == f"{path}: found {sign}{TRAIN_AGAIN}"


def test_each_sign_is_enough_alone() -> None:
    data = json.loads((NOTEBOOKS / "exits.ipynb").read_text())
    assert list(notebook.failures(notebook.Notebook(data))) == [
        "that papermill met an exception",
        "cell 3 with the status 'failed'",
        "cell 3 with the error 'SystemExit'",
        "cell 4 with the status 'pending'",
    ]


@each("status", ["failed", "pending", "running", "other", 5])
def test_a_cell_that_is_not_completed(tmp_path: Path, status: object) -> None:
    path = changed(tmp_path, "plain", metadata={"papermill": {"status": status}})
    assert refusal(path) == f"{path}: found cell 3 with the status {status!r}{TRAIN_AGAIN}"


@each(
    "output",
    [
        {"output_type": "stream", "name": "stderr", "text": "Traceback (most recent call last):\n"},
        {"output_type": "stream", "name": "stdout", "text": ["\n", "Traceback (most recent call last):\n"]},
        {"output_type": "display_data", "data": {"text/html": "<b>Traceback (most recent call last)</b>"}},
        {"output_type": "execute_result", "data": {"text/plain": ["Traceback (most recent", " call last):"]}},
    ],
)
def test_a_traceback_in_an_output(tmp_path: Path, output: dict[str, Any]) -> None:
    path = changed(tmp_path, "plain", outputs=[output])
    assert refusal(path) == f"{path}: found cell 3 with a traceback in what it shows{TRAIN_AGAIN}"


@each(
    "content, found",
    [
        (b"", "no notebook (Expecting value: line 1 column 1 (char 0))"),
        (b"[]", "no notebook (list indices must be integers or slices, not str)"),
        (b"{}", "no notebook ('cells')"),
        (b'{"cells": 5}', "no notebook ('int' object is not iterable)"),
        (b"\xff", "no notebook ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)"),
        (b"[" * 100_000, DEEP),
    ],
)  # fmt: skip
def test_no_notebook(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "odd.ipynb"
    path.write_bytes(content)
    assert refusal(path) == f"{path}: found {found}; expected the notebook that papermill wrote"


def test_absent(tmp_path: Path) -> None:
    expected = "found No such file or directory; expected the notebook that papermill wrote"
    assert refusal(tmp_path / "absent.ipynb") == f"{tmp_path}/absent.ipynb: {expected}"


def test_metrics_scraps_and_papermills_notes() -> None:
    found = metrics.of(notebook.read(NOTEBOOKS / "good.ipynb"))
    notes = found.pop("papermill")
    assert found == {
        "accuracy": 0.981, "faces": 412, "mean_threshold": 0.62, "macro_f1": 0.973,
        "names": {"alice": 0.99, "bob": 0.95}, "detector": "hog",
    }  # fmt: skip
    assert notes.pop("duration") > 0
    assert notes.pop("start_time").startswith("20")
    assert notes == {"version": "2.7.0", "parameters": {"model_version": "2025-12-08"}}


def test_what_is_absent_is_null(tmp_path: Path) -> None:
    path = tmp_path / "by-hand.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "outputs": []}], "metadata": {}}))
    assert metrics.of(notebook.read(path)) == {
        "papermill": {"version": None, "start_time": None, "duration": None, "parameters": None}
    }


def scrap(**content: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"application/scrapbook.scrap.json+json": content}}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


TAKEN = "metrics: found one with the name papermill; expected another: papermill's notes have it"
NESTED = f"metrics{'.a' * 9}: found nesting over 8 deep; expected numbers and texts"
OTHER = "metrics: found something else in the output of cell 3; expected a JSON object alone: print(json.dumps(...))"


@each(
    "output, error",
    [
        (printed("accuracy: 0.98\n"), OTHER),
        (printed('[{"a": 1}]'), OTHER),
        (printed('{"a": 1} {"b": 2}'), OTHER),
        (printed("[" * 100_000), OTHER),
        ({"output_type": "execute_result", "data": {"text/plain": "{'a': 1}"}}, OTHER),
        ({"output_type": "display_data", "data": {"application/json": [1]}}, OTHER),
        (printed('{"a": NaN}'), "metrics.a: found nan; expected a number"),
        (printed('{"a": {"b": [1, Infinity]}}'), "metrics.a.b: found inf; expected a number"),
        (printed('{"a": -1e999}'), "metrics.a: found -inf; expected a number"),
        (scrap(name="a", data=float("nan")), "metrics.a: found nan; expected a number"),
        (printed('{"a": "NaN"}'), "metrics.a: found NaN; expected a number"),
        (printed('{"a": "-.inf"}'), "metrics.a: found -.inf; expected a number"),
        (printed(json.dumps({"a": [1] * 500})), "metrics: found 508 of them; expected up to 500"),
        (printed('{"a": "\\u001b[2J"}'), r"metrics.a: found '\x1b[2J'; expected up to 200 printable letters"),
        (printed('{"\\u001b[2J": 1}'), r"metrics: found '\x1b[2J'; expected up to 200 printable letters"),
        (printed('{"a": "\\ud800"}'), r"metrics.a: found '\ud800'; expected up to 200 printable letters"),
        (printed('{"papermill": 1}'), TAKEN),
        (printed('{"a":' * 9 + "1" + "}" * 9), NESTED),
        (scrap(data=1), "metrics: found a scrap without name and data in cell 3; expected both"),
        (scrap(name=1, data=1), "metrics: found a scrap without name and data in cell 3; expected both"),
        (scrap(name="a"), "metrics: found a scrap without name and data in cell 3; expected both"),
    ],
)  # fmt: skip
def test_metrics_that_a_manifest_cannot_say(tmp_path: Path, output: dict[str, Any], error: str) -> None:
    metadata = {"tags": ["metrics"], "papermill": {"status": "completed"}}
    assert refusal(changed(tmp_path, "plain", outputs=[output], metadata=metadata)) == error


def test_real_ones_that_a_manifest_cannot_say() -> None:
    assert refusal(NOTEBOOKS / "nan.ipynb") == "metrics.accuracy: found nan; expected a number"
    assert refusal(NOTEBOOKS / "words.ipynb") == OTHER


def test_a_later_one_wins(tmp_path: Path) -> None:
    outputs = [scrap(name="a", data=1), printed('{"a": 2, "b": 2}'), scrap(name="a", data=3)]
    path = changed(tmp_path, "plain", outputs=outputs, metadata={"tags": ["metrics"]})
    found = metrics.of(notebook.read(path))
    assert (found["a"], found["b"]) == (3, 2)


def test_nan_elsewhere_is_no_matter(tmp_path: Path) -> None:
    """A plot's data can hold it."""
    output = {"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": {"y": [float("nan")]}}}
    assert "papermill" in metrics.of(notebook.read(changed(tmp_path, "plain", outputs=[output])))
