"""Face models that real scikit-learn wrote, and pickles that are none: tests/unit/node/registry/bombs.py."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import Refusal
from node.machine import commands
from node.registry import baselines, model_labels
from node.registry.model_labels import ModelSays
from tests.unit.node.registry import bombs
from tests.unit.node.registry.copied_reader import fed_to_a_copy

MODELS = Path(__file__).parent / "models"
NAMES = ["ann", "ben", "zo\u00eb"]
NUMPY_2 = "1.8.0"  # the scikit-learn that was with it
FLOOD_SECONDS = 20


@pytest.fixture
def in_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "fed", fed_to_a_copy)


def said(folder: Path, content: bytes) -> ModelSays:
    path = folder / "facemodel.pickle"
    path.write_bytes(content)
    return model_labels.read(path)


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        said(folder, content)
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.pickle")), ids=lambda path: path.stem)
def test_an_honest_model(path: Path) -> None:
    release = path.stem.partition("-")[0]
    assert model_labels.read(path) == ModelSays([release], ["2" if release == NUMPY_2 else "1"], NAMES)


def test_there_are_models_of_each_protocol() -> None:
    found = {path.stem.split("-")[1] for path in MODELS.glob("*.pickle")}
    assert found == {"2", "3", "4", "5", "objects", "words", "seeded"}


LOAD = """
import pickle, sys
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        model = pickle.load(file)
    print(",".join(model["labels"].classes_))
"""


@pytest.mark.long
@pytest.mark.parametrize(("release", "needs"), [
    ("1.3.2", ["scikit-learn==1.3.2", "numpy==1.24.4", "h5py==3.8.0"]),
    ("1.6.1", ["scikit-learn==1.6.1", "numpy==1.26.4", "h5py==3.12.1"]),
])  # fmt: skip
def test_models_that_are_written_anew(release: str, needs: list[str], tmp_path: Path) -> None:
    """By scikit-learn from PyPI. What is read without a load is what a load says."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True, timeout=120)
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *needs], check=True, timeout=500)
    subprocess.run([python, MODELS / "make.py", release, tmp_path], check=True, timeout=120)
    paths = sorted(tmp_path.glob("*.pickle"))
    loaded = subprocess.run([python, "-c", LOAD, *paths], capture_output=True, text=True, check=True, timeout=120)
    found = [model_labels.read(path) for path in paths]
    assert len(found) == 7
    assert [",".join(each.labels or []) for each in found] == loaded.stdout.splitlines()
    assert [each.versions for each in found] == [[release]] * len(paths)
    for path in tmp_path.glob("*.hdf5"):
        assert set(baselines.thresholds(path.read_bytes())) == set(NAMES)


def test_lists_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a lower limit: to fill a gigabyte bit by bit takes seconds."""
    source, limit = model_labels.READER.read_text(), "RLIMIT_AS: 1 << 30"
    assert limit in source
    reader = tmp_path / "reader.py"
    reader.write_text(source.replace(limit, "RLIMIT_AS: 1 << 27"))
    monkeypatch.setattr(model_labels, "READER", reader)
    assert "wants more memory" in refusal(tmp_path, b"\x80\x04" + b"]" * (2 << 20))


@pytest.mark.usefixtures("in_copies")
@pytest.mark.parametrize("size", range(0, len(bombs.HONEST), 97))
def test_a_model_that_was_cut_off(size: int, tmp_path: Path) -> None:
    refusal(tmp_path, bombs.HONEST[:size])


def test_a_state_is_kept_as_it_was_set(tmp_path: Path) -> None:
    assert said(tmp_path, bombs.CHANGED_LATER).labels == ["a"]


LABELS = {
    "the first byte first": (bombs.dtype("U1", 3, ">", None, None, None, 4, 4, 8), b"C\x04\0\0\0a", ["a"]),
    "shorter than the others": (bombs.dtype("U2", 3, "<", None, None, None, 8, 4, 8), b"C\x08a\0\0\0\0\0\0\0", ["a"]),
    "objects": (bombs.OBJECTS, b"]" + bombs.text("a") + b"a", ["a"]),
    "numbers": (bombs.F8, b"C\x08AAAAAAAA", "its labels are no array of texts"),
    "objects that are no texts": (bombs.OBJECTS, b"]K\x01a", "its labels are no short texts"),
    "long": (bombs.OBJECTS, b"]" + bombs.text("a" * 201) + b"a", "its labels are no short texts"),
    "no Unicode": (bombs.U4, b"C\x04\xff\xff\xff\xff", "its labels are no Unicode"),
}


@pytest.mark.usefixtures("in_copies")
@pytest.mark.parametrize("name", LABELS)
def test_the_labels_of_a_model(name: str, tmp_path: Path) -> None:
    kind, content, expected = LABELS[name]
    found = said(tmp_path, bombs.model(bombs.array(kind, b"K\x01\x85", content)))
    assert (found.why if isinstance(expected, str) else found.labels) == expected


@pytest.mark.usefixtures("in_copies")
@pytest.mark.parametrize("labels", [b"N", b"]", bombs.EMPTY, bombs.array(bombs.U4, b"K\x01K\x01\x86", b"C\x04a\0\0\0")])
def test_labels_that_are_no_array(labels: bytes, tmp_path: Path) -> None:
    found = said(tmp_path, bombs.model(labels))
    assert (found.labels, found.why) == (None, "its labels are no array of texts")


def test_a_model_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "facemodel.pickle"
    with path.open("wb") as file:
        file.truncate(model_labels.LARGEST + 1)
    with pytest.raises(Refusal, match="it is larger than 256 MiB"):
        model_labels.read(path)


SHORT = 0.3
OVERDUE = "takes longer than 0.3 s"
CHILDREN = {
    "no JSON": ("print('{')", "said what it never says"),
    "another thing": ("print('[1]')", "said what it never says"),
    "another kind of label": ("print('{\"labels\": [1]}')", "said what it never says"),
    "no text": ("import os; os.write(1, b'\\xff')", "said what it never says"),
    "brackets": ("print('[' * 100000)", "said what it never says"),
    "flood": ("while True: print('a' * 1000)", OVERDUE),
    "silence": ("import time; time.sleep(60)", OVERDUE),
    "death": ("import os; os.abort()", "ended with -6"),
    "escapes": ('print(\'{"refused": "\\\\u001b[2J"}\')', "?[2J"),
}


@pytest.mark.parametrize("name", CHILDREN)
def test_a_reader_that_a_model_took_over(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, why = CHILDREN[name]
    reader = tmp_path / "reader.py"
    reader.write_text(program)
    monkeypatch.setattr(model_labels, "READER", reader)
    monkeypatch.setattr(model_labels, "SECONDS", SHORT if why == OVERDUE else FLOOD_SECONDS)
    line = refusal(tmp_path, pickle.dumps({}))
    assert why in line
    assert line.isprintable()


def test_the_reader_has_no_file_to_open_and_none_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = model_labels.READER.read_text()
    reader = tmp_path / "reader.py"
    tried = "os.listdir('/')", "open('/etc/passwd')", "open('/dev/null')", "socket.socket()", "os.pipe()"
    body = "\n".join(
        f"    try:\n        {each}\n        done.append({each!r})\n    except OSError: pass" for each in tried
    )
    read = f"import os, socket\ndef read(stream):\n    done = []\n{body}\n    return {{'versions': done}}\n\n"
    reader.write_text(source.replace("\nif __name__", "\n" + read + "\nif __name__"))
    monkeypatch.setattr(model_labels, "READER", reader)
    assert said(tmp_path, b"").versions == []


def test_nothing_of_the_environment_reaches_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    code, found = commands.fed(["/usr/bin/env"], (tmp_path / "a").open("w+b"), 10.0, 1000)
    assert (code, found) == (0, b"")
