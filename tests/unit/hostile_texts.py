"""Answers that are none, or nearly: of a node that is damaged, of another release, or in somebody else's hands."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

from tests.unit.modelctl.hostile import NAMES

_STRINGS = [json.dumps(text) for name, text in NAMES.items() if name != "a million letters"]
FRAGMENTS = [
    *_STRINGS,
    *("null", "true", "false", "0", "-1", "1.5", "-0", "1e999", "NaN", "Infinity", "9" * 25, "9" * 4300, "9" * 5000),
    *("[]", "{}", "[[]]", "[null]", '{"": null}', "[" * 300 + "]" * 300, "[" * 10_000, '"' + "a" * 5000 + '"'),
    *('"\\ud800"', '"\\u0000"', '"2026-99-99T99:99:99Z"', '"0000-00-00T00:00:00Z"', '"9999-12-31T23:59:59Z"'),
    *(f'"{"0" * 64}"', '"2026-02-30"', '"2026-02-02"', '"face_recognition"', '"adopted"', '"unknown"'),
    *('["a", "a"]', '{"a": {"a": {"a": 1}}}', '"a/b"', '"../../x"', '"1"', '"\\r\\n"', "\udcff", "}", ",", "\\"),
]
"""JSON that belongs elsewhere, and what is no JSON."""
_PLACE = "@{}@"


@st.composite
def hostile_texts(draw: st.DrawFn, valid: Any) -> str:
    """What may come in place of a valid answer, as the text that arrives."""
    kind = draw(st.sampled_from(["changed"] * 8 + ["cut", "beginning", "any"]))
    if kind == "any":
        return draw(st.one_of(st.text(), st.sampled_from(FRAGMENTS)))
    text = _changed(draw, valid)
    if kind == "cut":
        return text[: draw(st.integers(0, len(text)))]
    return draw(st.sampled_from(FRAGMENTS)) + "\n" + text if kind == "beginning" else text


def _changed(draw: st.DrawFn, valid: Any) -> str:
    """The answer with other things in one to three of its places."""
    tree, fragments = {"": copy.deepcopy(valid)}, []
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(_places(tree)))
        fragments.append(draw(st.sampled_from(FRAGMENTS)))
        _change(draw, holder, key, _PLACE.format(len(fragments) - 1))
    text = json.dumps(tree[""])
    for number, fragment in enumerate(fragments):
        text = text.replace(json.dumps(_PLACE.format(number)), fragment)
    return text


def _change(draw: st.DrawFn, holder: Any, key: Any, place: str) -> None:
    how = draw(st.sampled_from(["other", "other", "gone", "more"]))
    if how == "other" or key == "":
        holder[key] = place
    elif how == "gone":
        del holder[key]
    elif isinstance(holder, list):
        holder.insert(key, place)
    else:
        holder[place] = holder[key]


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in a tree: what holds it, and its key or index there."""
    found = []
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        found.append((tree, key))
        if isinstance(value, dict | list):
            found += _places(value)
    return found
