"""For texts in any layout: an edit changes just the values that it is about, and its reverse gives back every byte."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from modelctl.changes.edit import evaluate, set_override, set_versions
from modelctl.errors import OperatorError
from tests.unit.modelctl.source_texts import NAMES, REGISTRIES, SITES, VERSIONS


def values(text: str, name: str, field: str) -> dict[str, dict[str, Any]]:
    """What the text says of each entry, as it is written: the types do not look at it before a fleet does."""
    found = evaluate(text, Path("inventory/x.py"), name)
    return {key: deepcopy(vars(part)) for key, part in vars(found)[field].items()}


def unless_a_comment_would_go(edit: Callable[[], str]) -> str | None:
    try:
        return edit()
    except OperatorError as error:
        if "a comment that would go with it" not in str(error):
            raise
        return None


@given(REGISTRIES, VERSIONS, st.none() | VERSIONS, st.data())
def test_versions(written: tuple[str, list[str]], current: str, previous: str | None, data: st.DataObject) -> None:
    text, names = written
    model = data.draw(st.sampled_from(names))
    before = values(text, "REGISTRY", "models")
    edited = unless_a_comment_would_go(lambda: set_versions(text, model, current, previous))
    if edited is None:
        assert previous is None
        return
    expected = deepcopy(before)
    expected[model] |= {"current_version": current, "previous_version": previous}
    assert values(edited, "REGISTRY", "models") == expected
    old_current, old_previous = before[model]["current_version"], before[model]["previous_version"]
    back = set_versions(edited, model, old_current, old_previous)
    assert values(back, "REGISTRY", "models") == before
    # A previous version that went away comes back beside the current one, wherever it was.
    assert back == text or (previous is None and old_previous is not None)


@given(SITES, NAMES, VERSIONS, st.data())
def test_overrides(written: tuple[str, list[str]], model: str, version: str, data: st.DataObject) -> None:
    text, names = written
    host = data.draw(st.sampled_from(names))
    before = values(text, "SITE", "hosts")
    overrides = before[host]["model_version_overrides"]
    model = data.draw(st.sampled_from([model, *overrides]))
    edited = set_override(text, host, model, version)
    expected = deepcopy(before)
    expected[host]["model_version_overrides"] = {**overrides, model: version}
    assert values(edited, "SITE", "hosts") == expected
    assert set_override(edited, host, model, overrides.get(model)) == text


@given(SITES, st.data())
def test_a_cleared_override(written: tuple[str, list[str]], data: st.DataObject) -> None:
    text, names = written
    host = data.draw(st.sampled_from(names))
    expected = values(text, "SITE", "hosts")
    for model in list(expected[host]["model_version_overrides"]):
        edited = unless_a_comment_would_go(partial(set_override, text, host, model, None))
        if edited is None:
            return
        text = edited
        del expected[host]["model_version_overrides"][model]
        assert values(text, "SITE", "hosts") == expected
    assert "model_version_overrides" not in text or len(names) > 1
