"""Whether a face model's files belong together, as an import looks at the copy of them."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from node.codec import Text
from node.errors import Refusal
from node.machine import commands
from node.protocol.registry import FaceModelFiles, Import, ImportedFile, ImportPlace, Measured
from node.registry import face_model
from node.store import disk
from tests.unit.attacks.evil_lists import LIST
from tests.unit.node.registry import bombs
from tests.unit.node.registry.asking import refusal, travel
from tests.unit.node.registry.copied_reader import fed_to_a_copy

MODELS = Path(__file__).parent / "models"
FILES = FaceModelFiles("facemodel.pickle", "baselines.hdf5", "facelist.csv")
BASELINES_AS = (
    "expected what h5py writes by default: 128 floats of each name, with an attribute threshold; train it anew"
)
LIST_AS = "expected a face list in CSV with the columns date, event, timestamp; train it anew"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(commands, "fed", fed_to_a_copy)
    folder = tmp_path / "incoming"
    folder.mkdir()
    shutil.copyfile(MODELS / "1.3.2-4.pickle", folder / "facemodel.pickle")
    shutil.copyfile(MODELS / "1.3.2.hdf5", folder / "baselines.hdf5")
    (folder / "facelist.csv").write_text(LIST)
    return folder


def fault(folder: Path, requires: dict[str, str] | None = None) -> str | None:
    try:
        face_model.require_right(folder, FILES._replace(requires=requires or {}))
    except Refusal as why:
        return str(why)
    return None


def test_files_that_belong_together(folder: Path) -> None:
    assert fault(folder) is None


def test_a_name_without_a_baseline(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(
        bombs.model(labels("ann", "ben", "cleo", "dan", "eve", "fay", "zo\u00eb"))
    )
    assert fault(folder) == (
        "baselines.hdf5: no baseline of cleo, dan, eve and 1 more; "
        "expected one of each name that facemodel.pickle knows, and no other; train it anew"
    )


def test_a_baseline_without_a_name(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(bombs.model(labels("ann", "ben")))
    assert fault(folder) == (
        "baselines.hdf5: found a baseline of zo\u00eb; "
        "expected one of each name that facemodel.pickle knows, and no other; train it anew"
    )


def test_a_label_twice(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(bombs.model(labels("ann", "ann", "ben", "zo\u00eb")))
    assert fault(folder) == "facemodel.pickle: it has a label twice; expected each name once; train it anew"


def test_labels_that_cannot_be_read(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(bombs.model(b"N"))
    assert fault(folder) == (
        "facemodel.pickle: its labels are no array of texts; expected the names of people; train it anew"
    )


def test_labels_that_a_terminal_would_obey(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(bombs.model(labels("\x1b[2J")))
    assert (fault(folder) or "").startswith("baselines.hdf5: no baseline of ?[2J; ")


def labels(*names: str) -> bytes:
    return bombs.array(
        bombs.OBJECTS, b"K" + bytes([len(names)]) + b"\x85", b"](" + b"".join(map(bombs.text, names)) + b"e"
    )


@pytest.mark.parametrize(("requires", "expected"), [
    ({}, None),
    ({"scikit-learn": "1.3.2", "numpy": "1.24.4", "python": "3.8.18", "h5py": "3.8.0"}, None),
    ({"scikit-learn": "1.6.1"}, "it was written by scikit-learn 1.3.2; expected 1.6.1, as its manifest says"),
    ({"numpy": "2.4.6"}, "it was written by numpy 1; expected 2, as its manifest says"),
    ({"numpy": "\x1b"}, "it was written by numpy 1; expected ?, as its manifest says"),
])  # fmt: skip
def test_a_manifest_that_lies(requires: dict[str, str], expected: str | None, folder: Path) -> None:
    assert fault(folder, requires) == (f"facemodel.pickle: {expected}; train it anew" if expected else None)


def test_a_manifest_that_hides_numpy_2(folder: Path) -> None:
    shutil.copyfile(MODELS / "1.8.0-4.pickle", folder / "facemodel.pickle")
    lie = {"scikit-learn": "1.8.0", "numpy": "1.24.4"}
    assert fault(folder, lie) == (
        "facemodel.pickle: it was written by numpy 2; expected 1, as its manifest says; train it anew"
    )


def test_a_model_that_does_not_say_what_wrote_it(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(bombs.model(labels("ann", "ben", "zo\u00eb")))
    assert fault(folder) is None
    assert fault(folder, {"scikit-learn": "1.3.2"}) == (
        "facemodel.pickle: it was written by scikit-learn of an unknown version; "
        "expected 1.3.2, as its manifest says; train it anew"
    )


def test_a_pickle_that_is_no_model(folder: Path) -> None:
    (folder / "facemodel.pickle").write_bytes(b"cos\nsystem\n.")
    assert fault(folder) == (
        "facemodel.pickle: it names os.system; expected a face model's classes alone; "
        "expected a face model of scikit-learn, {'svm': SVC, 'labels': LabelEncoder}; train it anew"
    )


def test_baselines_that_are_none(folder: Path) -> None:
    (folder / "baselines.hdf5").write_bytes(b"ann")
    assert fault(folder) == f"baselines.hdf5: the signature lies outside of the file; {BASELINES_AS}"


def test_baselines_that_are_too_large(folder: Path) -> None:
    with (folder / "baselines.hdf5").open("r+b") as file:
        file.truncate(face_model.LARGEST_BASELINES + 1)
    assert fault(folder) == f"baselines.hdf5: it is larger than 8 MiB; {BASELINES_AS}"


def test_a_list_of_too_many_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_model, "MOST_ROWS", 1)
    assert fault(folder) is None
    (folder / "facelist.csv").write_text(LIST + "a,b,c,d,e,f\n")
    assert fault(folder) == f"facelist.csv: it has more than 1 rows; {LIST_AS}"


def test_a_list_that_is_too_large(folder: Path) -> None:
    with (folder / "facelist.csv").open("r+b") as file:
        file.truncate(disk.MOST + 1)
    assert fault(folder) == f"facelist.csv: it is larger than 64 MiB; {LIST_AS}"


class TestImport:
    @pytest.fixture(autouse=True)
    def _registry(self, tmp_path: Path) -> None:
        (tmp_path / "registry").mkdir()

    @pytest.mark.parametrize("user", ["", "65534"])
    def test_a_face_model_comes_in(self, folder: Path, user: str) -> None:
        for path in (folder.parent / "registry", folder):
            shutil.chown(path, int(user or 0), int(user or 0))
        done = travel("import", asked(folder), user=user)
        assert (done.stdout, done.stderr) == (b'{"format": 1}\n', b"")
        assert final(folder).is_dir()

    @pytest.mark.parametrize("change", [
        lambda folder: (folder / "facemodel.pickle").write_bytes(bombs.COMMANDS["posix"]),
        lambda folder: (folder / "baselines.hdf5").write_bytes(b"a"),
        lambda folder: (folder / "facelist.csv").write_bytes(b"a"),
    ], ids=["pickle", "baselines", "list"])  # fmt: skip
    def test_what_is_none_is_refused_and_leaves_nothing(self, folder: Path, change: Callable[[Path], None]) -> None:
        change(folder)
        why = fault(folder)
        assert why is not None
        assert refusal("import", asked(folder)) == f"{folder}: {why}"
        assert list(final(folder).parent.iterdir()) == []

    def test_other_models_are_not_looked_into(self, folder: Path) -> None:
        (folder / "facemodel.pickle").write_bytes(b"weights")
        assert refusal("import", asked(folder)._replace(face_model=None)) is None
        assert final(folder).is_dir()

    def test_a_file_that_is_not_among_them(self, folder: Path) -> None:
        wrong = asked(folder)._replace(face_model=FILES._replace(model="other.pickle"))
        staged = final(folder).with_name(".import-2026-01-01") / "other.pickle"
        expected = f"{staged}: No such file or directory; mend that there and run it again"
        assert refusal("import", wrong) == expected

    @pytest.mark.parametrize("name", ["../facemodel.pickle", "a/b", "", ".."])
    def test_a_name_that_leads_elsewhere(self, folder: Path, name: str) -> None:
        with pytest.raises(ValueError, match=r"face_model\.model: found"):
            refusal("import", asked(folder)._replace(face_model=FILES._replace(model=name)))


def final(folder: Path) -> Path:
    return folder.parent / "registry" / "faces" / "2026-01-01"


def asked(folder: Path) -> Import:
    place = ImportPlace(folder.parent / "registry", "faces", "2026-01-01", folder)
    return Import(place, [imported(folder / name) for name in FILES[:3]], Text("name: faces\n"), FILES)


def imported(path: Path) -> ImportedFile:
    content = path.read_bytes()
    return ImportedFile(path.name, path.name, Measured(hashlib.sha256(content).hexdigest(), len(content)))
