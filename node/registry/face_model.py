"""Whether the files of a face model belong together: who is recognised has a baseline, and the list is a face list."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Dict, Iterable, List, Optional

from node.errors import Refusal, printable
from node.protocol.registry import FaceModelFiles
from node.registry import baselines, model_labels
from node.registry.hdf5 import Unreadable
from node.store import disk, handles

LARGEST_BASELINES = 8 << 20  # bytes
MOST_ROWS = 1_000_000
LONGEST_FIELD = 200
COLUMNS = ("date", "event", "timestamp")  # that the real programs read it by
SHOWN = 3
AGAIN = "train it anew"


def require_right(folder: Path, files: FaceModelFiles) -> None:
    """Raises Refusal, which names a file and no folder; OSError where one is not there."""
    said = model_labels.read(folder / files.model)
    _require_told(files, "scikit-learn", said.versions, files.requires.get("scikit-learn"))
    _require_told(files, "numpy", said.numpy, files.requires.get("numpy", "").partition(".")[0])
    if said.labels is None:
        why = printable(said.why or "no reason given", LONGEST_FIELD)
        raise Refusal("%s: %s; expected the names of people; %s" % (files.model, why, AGAIN))
    known = _baselines(folder / files.baselines)
    _require_same(files, said.labels, known)
    _require_list(folder / files.face_list)


def _require_told(files: FaceModelFiles, package: str, found: List[str], told: Optional[str]) -> None:
    """The manifest's word is compared with what the nodes have; here the model's with the manifest's."""
    if told and found != [told]:
        by = printable(" and ".join(found), LONGEST_FIELD) or "of an unknown version"
        expected = "expected %s, as its manifest says" % printable(told, LONGEST_FIELD)
        raise Refusal("%s: it was written by %s %s; %s; %s" % (files.model, package, by, expected, AGAIN))


def _baselines(path: Path) -> Dict[str, float]:
    with handles.opened(path) as file:
        content = file.read(LARGEST_BASELINES + 1)
    expected = "expected what h5py writes by default: 128 floats of each name, with an attribute threshold; " + AGAIN
    if len(content) > LARGEST_BASELINES:
        raise Refusal("%s: it is larger than %d MiB; %s" % (path.name, LARGEST_BASELINES >> 20, expected))
    try:
        return baselines.thresholds(content)
    except Unreadable as why:
        raise Refusal("%s: %s; %s" % (path.name, printable(str(why), 400), expected)) from None


def _require_same(files: FaceModelFiles, labels: List[str], known: Dict[str, float]) -> None:
    """A face whose name has no baseline fails every job that recognises it."""
    if len(set(labels)) != len(labels):
        raise Refusal("%s: it has a label twice; expected each name once; %s" % (files.model, AGAIN))
    expected = "expected one of each name that %s knows, and no other; %s" % (files.model, AGAIN)
    without, unknown = set(labels) - set(known), set(known) - set(labels)
    if without:
        raise Refusal("%s: no baseline of %s; %s" % (files.baselines, _some(without), expected))
    if unknown:
        raise Refusal("%s: found a baseline of %s; %s" % (files.baselines, _some(unknown), expected))


def _some(names: Iterable[str]) -> str:
    first = sorted(names)
    more = len(first) - SHOWN
    shown = ", ".join(printable(each, LONGEST_FIELD) for each in first[:SHOWN])
    return shown + (" and %d more" % more if more > 0 else "")


def _require_list(path: Path) -> None:
    """The data pump does not start with a list that is empty or has no time stamps."""
    expected = "expected a face list in CSV with the columns %s; %s" % (", ".join(COLUMNS), AGAIN)
    with handles.opened(path) as file:
        if os.fstat(file.fileno()).st_size > disk.MOST:  # it could be one line
            raise Refusal("%s: it is larger than %d MiB; %s" % (path.name, disk.MOST >> 20, expected))
        try:
            why = _fault_of(csv.reader(io.TextIOWrapper(file, "utf-8", newline=""), strict=True))
        except UnicodeDecodeError:
            why = "it is no UTF-8"
        except csv.Error as error:
            why = printable(str(error), LONGEST_FIELD)
    if why:
        raise Refusal("%s: %s; %s" % (path.name, why, expected))


def _fault_of(rows: Iterable[List[str]]) -> str:
    """What is wrong with the rows of a face list; nothing where it is one."""
    columns: List[str] = []
    stamped = False
    for number, row in enumerate(rows):
        if number == 0:
            columns = row
            absent = [name for name in COLUMNS if row.count(name) != 1]
            if absent:
                return "it has not one column %s" % absent[0]
        if len(row) != len(columns):
            return "row %d has %d fields, and the first one %d" % (number + 1, len(row), len(columns))
        if not all(each.isprintable() and len(each) <= LONGEST_FIELD for each in row):
            return "row %d has a field that is no short line of text" % (number + 1)
        if number > MOST_ROWS:
            return "it has more than %d rows" % MOST_ROWS
        stamped = stamped or (number > 0 and bool(row[columns.index("timestamp")]))
    return "" if stamped else "it has no row with a time stamp"
