"""Evaluating an edited text: nothing stays behind, and whatever fails in it is one line."""

import sys
from pathlib import Path

import pytest

from modelctl.changes.edit import evaluate
from modelctl.errors import OperatorError


def test_evaluating_leaves_modules_and_disk_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "orchard"
    package.mkdir()
    for name in ("__init__.py", "trees.py"):
        (package / name).write_text("HEIGHT = 3\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    modules, files = dict(sys.modules), sorted(tmp_path.rglob("*"))
    path = package / "registry.py"
    assert evaluate("from .trees import HEIGHT\nREGISTRY = HEIGHT, __file__", path, "REGISTRY") == (3, str(path))
    assert (dict(sys.modules), sorted(tmp_path.rglob("*"))) == (modules, files)
    assert sys.dont_write_bytecode is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\nREGISTRY = (", "reg/x.py:2: '(' was never closed; expected Python"),
        ("x = 1\nREGISTRY = a", "reg/x.py:2: NameError: name 'a' is not defined"),
        ("raise SystemExit('no\\x1b[2J\\n more')", "reg/x.py:1: SystemExit: no?[2J more"),
        ("f = lambda: f()\n\nf()", "reg/x.py:1: RecursionError: maximum recursion depth exceeded"),
        ("raise ValueError('x' * 1000)", f"reg/x.py:1: ValueError: {'x' * 148}..."),
        ("from modelctl.inventory.hosts import no_such", "reg/x.py:1: ImportError: cannot import name 'no_such' from "),
        ("SITE = 1", "reg/x.py: found no REGISTRY; expected REGISTRY = ..."),
        ("\0", "reg/x.py: source code string cannot contain null bytes; expected Python"),
        (
            "x = '\ud800'",
            "reg/x.py: UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in position 5: ",
        ),
        (
            "class E(Exception):\n  def __str__(self): raise E\nraise E()",
            "reg/x.py:3: reg.x.E: <exception str() failed>",
        ),
    ],
)
def test_a_text_that_fails_is_one_line(text: str, said: str) -> None:
    with pytest.raises(OperatorError) as caught:
        evaluate(text, Path("reg/x.py"), "REGISTRY")
    assert str(caught.value).startswith(said)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200
