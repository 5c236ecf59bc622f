"""What becomes of a folder's files when it is imported: the words of the command, and what a version would be."""

import hashlib
from pathlib import PurePosixPath

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.registry.importing import differences, folder, parse_maps, plan
from modelctl.registry.manifest import pin_of
from modelctl.registry.origin import Origin
from node.protocol.registry import FolderContents, Measured
from tests.unit.modelctl.sites import fleet

EYE = ("haarcascades", "2026-04-04")
PATH = PurePosixPath("/home/ops/saved_models/eye")
ORIGIN = Origin(f"imported from {PATH}", "2026-11-23")


def file(content: bytes) -> Measured:
    return Measured(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def found(*names: str) -> FolderContents:
    return FolderContents({name: file(name.encode()) for name in names})


@pytest.mark.parametrize("path", ["/home/ops/saved_models/gamma3", "/home/ops/saved_models/gamma3//", "/a b/ü"])
def test_a_path(path: str) -> None:
    assert str(folder(path)) == path.rstrip("/")


@pytest.mark.parametrize(
    "path", ["gamma3", "", "/", "/home/../etc", "//home/ops", "/home/./ops", "/a\nb", "/\x1b[2J", "/" + "x" * 5000]
)
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(OperatorError) as caught:
        folder(path)
    line = str(caught.value)
    assert line.startswith("PATH: found '")
    assert line.endswith("; allowed: the absolute path of a folder, in printable letters, without . or ..")
    assert (line.isprintable(), len(line) < 300) == (True, True)


def test_maps() -> None:
    assert parse_maps(["a.csv=b.csv", "log=", "a=b=c.csv"]) == {"a.csv": "b.csv", "log": "", "a=b": "c.csv"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["facelist.csv"], "found 'facelist.csv'; allowed: OLD=NEW, or OLD= to leave a file out"),
        (["=facelist.csv"], "found '=facelist.csv'; allowed: OLD=NEW, or OLD= to leave a file out"),
        (["a=b", "a=c"], "found 'a=c'; allowed: each file once; a has another --map before it"),
    ],
)
def test_maps_that_are_none(words: list[str], said: str) -> None:
    with pytest.raises(Faults) as caught:
        parse_maps(words)
    assert str(caught.value) == f"--map: {said}"


def test_a_plan_is_what_will_be_read_back() -> None:
    made = plan(fleet(), EYE, PATH, found("eye.xml", "log"), {"eye.xml": "haarcascade_eye.xml", "log": ""}, ORIGIN)
    assert made.left_out == ("log",)
    assert made.table == {"haarcascade_eye.xml": file(b"eye.xml")}
    assert made.bytes == 7 + len(made.manifest)
    assert pin_of(*EYE, FolderContents(made.table, manifest=made.manifest.encode())).measured == made.table
    assert "source: imported from /home/ops/saved_models/eye\ndate_deployed: '2026-11-23'\n" in made.manifest


def test_a_manifest_says_where_its_version_comes_from() -> None:
    origin = Origin("the notebook", "2026-11-23", {"accuracy": 0.97, "epochs": None}, "deepend", {"numpy": "1.24.4"})
    manifest = plan(fleet(), EYE, PATH, found("haarcascade_eye.xml"), {}, origin).manifest
    assert "source: the notebook\nhost: deepend\nrequires:\n  numpy: 1.24.4\ndate_deployed: '2026-11-23'\n" in manifest
    assert "training_metrics:\n  accuracy: 0.97\n  epochs: null\n" in manifest


def test_more_files_than_a_manifest_has_room_for() -> None:
    names = [f"part{number}" for number in range(1000)]
    with pytest.raises(Faults, match=r"^manifest\.yaml: found more than 65536 bytes; expected a manifest$"):
        plan(fleet(), EYE, PATH, found("haarcascade_eye.xml", *names), {}, ORIGIN)


def test_no_file_at_all() -> None:
    with pytest.raises(Faults, match=r"no file fills it; expected haarcascade_eye\.xml; name it: --map OLD=haar"):
        plan(fleet(), EYE, PATH, found(), {}, ORIGIN)


def test_differences() -> None:
    made = plan(fleet(), EYE, PATH, found("haarcascade_eye.xml", "more"), {}, ORIGIN)
    stored = {"haarcascade_eye.xml": file(b"other"), "extra": file(b"")}
    assert list(differences(made, stored)) == [
        "it has extra, which the folder lacks",
        f"its haarcascade_eye.xml has SHA-256 {file(b'other').sha256[:12]}, the folder's "
        f"{file(b'haarcascade_eye.xml').sha256[:12]}",
        "it lacks more",
    ]
    assert list(differences(made, made.table)) == []
