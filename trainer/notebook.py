"""An executed notebook: whether it failed.

papermill's exit code does not tell: it is 0 when a cell calls sys.exit(), and when a cell that may raise does. A
notebook that was written by another program has none of papermill's notes, which is no failure.
"""

import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

from trainer.errors import Refusal

LIMIT = 200 << 20  # bytes that are read: pictures are in it
TRACEBACK = "Traceback (most recent call last)"

Cell = Dict[str, Any]


class Notebook:
    """The content of a notebook, as far as it has the form of one."""

    def __init__(self, data: Dict[str, Any]) -> None:
        self.cells = [cell for cell in data["cells"] if isinstance(cell, dict)]  # type: List[Cell]
        self.papermill = _mapping(_mapping(data, "metadata"), "papermill")


def read(path: Path) -> Notebook:
    """Return an executed notebook. Raises Refusal for what is none, and for one that failed."""
    notebook = _load(path)
    for sign in failures(notebook):
        raise Refusal("%s: found %s; expected a notebook that ran to its end; train again" % (path, sign))
    return notebook


def failures(notebook: Notebook) -> Iterator[str]:
    """Yield each sign of a failure."""
    if notebook.papermill.get("exception"):
        yield "that papermill met an exception"
    for number, cell in enumerate(notebook.cells, 1):
        status = _mapping(_mapping(cell, "metadata"), "papermill").get("status")
        if status not in (None, "completed"):
            yield "cell %d with the status %.40r" % (number, status)
        for output in outputs(cell):
            if output.get("output_type") == "error":
                yield "cell %d with the error %.80r" % (number, output.get("ename"))
            elif any(TRACEBACK in text for text in texts(output)):
                yield "cell %d with a traceback in what it shows" % number


def outputs(cell: Cell) -> Iterator[Dict[str, Any]]:
    """Yield what a cell has put out."""
    found = cell.get("outputs")
    return (each for each in (found if isinstance(found, list) else []) if isinstance(each, dict))


def texts(output: Dict[str, Any]) -> Iterator[str]:
    """Yield each text of an output: what was printed, and what was shown, in all of its forms."""
    for value in [output.get("text"), *_mapping(output, "data").values()]:
        text = joined(value)
        if text is not None:
            yield text


def joined(value: Any) -> Optional[str]:
    """Return a text, which a notebook's file holds whole or as a list of lines."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else None


def tags(cell: Cell) -> List[Any]:
    """Return a cell's tags."""
    found = _mapping(cell, "metadata").get("tags")
    return found if isinstance(found, list) else []


def _load(path: Path) -> Notebook:
    try:
        with path.open("rb") as file:
            return Notebook(json.loads(file.read(LIMIT).decode("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        found = error.strerror if isinstance(error, OSError) else "no notebook (%.120s)" % error
        raise Refusal("%s: found %s; expected the notebook that papermill wrote" % (path, found)) from None


def _mapping(data: Dict[str, Any], key: str) -> Dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
