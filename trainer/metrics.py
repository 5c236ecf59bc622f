"""What an executed notebook says of the training: its metrics, and papermill's own notes.

Metrics are what cells tagged `metrics` put out, a JSON object each, and what scrapbook glued. A later one of the same
name wins, as in the notebook. What is absent is null, and nothing is made up.
"""

import json
import math
from typing import Any, Dict, Iterable, Iterator

from trainer.errors import Refusal
from trainer.names import shown
from trainer.notebook import Notebook, joined, outputs, tags

TAG = "metrics"
SCRAPS = ("application/scrapbook.scrap.json+json", "application/scrapbook.scrap.text+json")
PAPERMILL = "papermill"  # the name of its notes among the metrics
NOTES = ("version", "start_time", "duration", "parameters")
MAX_DEPTH = 8
MAX_LETTERS = 200  # of a name or a text
MAX_METRICS = 500  # with all that is in them
NO_NUMBERS = ("nan", "inf", "infinity")  # nor are they texts: a reader of YAML could take them for numbers


def of(notebook: Notebook) -> Dict[str, Any]:
    """Return the training's metrics. Raises Refusal for what a manifest cannot say."""
    found = {}  # type: Dict[str, Any]
    for number, cell in enumerate(notebook.cells, 1):
        where = "cell %d" % number
        if TAG in tags(cell):
            found.update(_tagged(cell, where))
        found.update(_scraps(cell, where))
    if PAPERMILL in found:
        raise Refusal("metrics: found one with the name %s; expected another: papermill's notes have it" % PAPERMILL)
    found[PAPERMILL] = {name: notebook.papermill.get(name) for name in NOTES}
    _require_sound(found, "metrics", 0)
    count = sum(1 for _ in _all_in(found))
    if count > MAX_METRICS:
        raise Refusal("metrics: found %d of them; expected up to %d" % (count, MAX_METRICS))
    return found


def require(metrics: Dict[str, Any], names: Iterable[str]) -> None:
    """Raise Refusal when the site requires a metric that is absent."""
    missing = [name for name in names if metrics.get(name) is None]
    if missing:
        listed = ", ".join(shown(name) for name in missing)
        raise Refusal("metrics: found no %s; expected what the site requires; name its notebook: --notebook" % listed)


def _tagged(cell: Dict[str, Any], where: str) -> Dict[str, Any]:
    found = {}  # type: Dict[str, Any]
    for output in outputs(cell):
        if output.get("name") != "stderr":
            found.update(_object(output, where))
    return found


def _object(output: Dict[str, Any], where: str) -> Dict[str, Any]:
    data = output.get("data")
    forms = data if isinstance(data, dict) else {"text/plain": output.get("text")}
    if any(form in forms for form in SCRAPS):
        return {}  # taken as a scrap
    value = forms.get("application/json")
    if value is None:
        try:
            value = json.loads(joined(forms.get("text/plain")) or "")
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, dict):
        expected = "a JSON object alone: print(json.dumps(...))"
        raise Refusal("metrics: found something else in the output of %s; expected %s" % (where, expected))
    return value


def _scraps(cell: Dict[str, Any], where: str) -> Iterator[Any]:
    for output in outputs(cell):
        data = output.get("data")
        for form in SCRAPS:
            scrap = data.get(form) if isinstance(data, dict) else None
            if scrap is not None:
                if not isinstance(scrap, dict) or not isinstance(scrap.get("name"), str) or "data" not in scrap:
                    raise Refusal("metrics: found a scrap without name and data in %s; expected both" % where)
                yield scrap["name"], scrap["data"]


def _require_sound(value: Any, where: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refusal("%s: found nesting over %d deep; expected numbers and texts" % (where, MAX_DEPTH))
    is_no_number = isinstance(value, str) and value.lower().lstrip("+-.") in NO_NUMBERS
    if is_no_number or (isinstance(value, float) and not math.isfinite(value)):
        raise Refusal("%s: found %s; expected a number" % (where, value))
    if isinstance(value, str) and not (len(value) <= MAX_LETTERS and value.isprintable()):
        raise Refusal("%s: found %s; expected up to %d printable letters" % (where, shown(value), MAX_LETTERS))
    if isinstance(value, dict):
        for name, each in value.items():
            _require_sound(name, where, depth)
            _require_sound(each, "%s.%s" % (where, name), depth + 1)
    if isinstance(value, list):
        for each in value:
            _require_sound(each, where, depth + 1)


def _all_in(value: Any) -> Iterator[Any]:
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inside:
        yield from _all_in(each)
