"""`modelctl import`: its plan, its refusals, and what it leaves on the datasink."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.registry import registry_store
from node.protocol.registry import ImportRoom
from tests import chandler
from tests.unit.modelctl.commands.test_pin_command import SITE
from tests.unit.modelctl.datasinks import REGISTRY_FOLDER, FakeDatasink, NearDatasink
from tests.unit.modelctl.terminal import on_a_terminal

FACES = ("face_recognition", "2026-04-04")
GAMMA = {
    "facelist_gamma3.csv": b"date,event\n",
    "facedata.hdf5": b"faces",
    "facemodel.pickle": b"model",
    "baselines.hdf5": b"lines",
}


def short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


DIGESTS = {name: short(content) for name, content in GAMMA.items()}
MAP = ("--map", "facelist_gamma3.csv=facelist.csv")


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    datasink = NearDatasink(tmp_path, monkeypatch)
    datasink.registry.mkdir()
    return datasink


@pytest.fixture
def pins_file(tmp_path: Path) -> Path:
    path = tmp_path / "pins.json"
    path.write_text("{}\n", encoding="utf-8")
    return path


@pytest.fixture
def site(tmp_path: Path, pins_file: Path) -> Path:
    path = tmp_path / "site.py"
    path.write_text(SITE.format(pins=str(pins_file), mark=str(tmp_path / "connected")), encoding="utf-8")
    return path


@pytest.fixture
def gamma(tmp_path: Path) -> Path:
    folder = tmp_path / "saved_models" / "gamma3"
    folder.mkdir(parents=True)
    for name, content in GAMMA.items():
        (folder / name).write_bytes(content)
    return folder


def run(site: Path, *words: object) -> Result:
    return CliRunner().invoke(cli.main, ["import", *map(str, words), "--site", str(site)], catch_exceptions=False)


def nothing_was_stored(datasink: FakeDatasink, pins_file: Path) -> bool:
    return not list(datasink.registry.rglob("*/*")) and pins_file.read_text() == "{}\n"


def refusals(result: Result) -> list[str]:
    assert result.exit_code == 1
    return result.stderr.splitlines()


def test_a_folder_becomes_a_pinned_version(datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path) -> None:
    (gamma / "notes.txt").write_text("mine")
    before = {path.name: (path.read_bytes(), path.stat().st_ino) for path in gamma.iterdir()}
    result = run(site, *FACES, gamma, *MAP, "--map", "notes.txt=", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    folder = datasink.registry / "face_recognition" / "2026-04-04"
    manifest = (folder / "manifest.yaml").read_bytes()
    lines = result.stdout.splitlines()
    assert lines[:11] == [
        "to import as face_recognition/2026-04-04, on data1:",
        f"  from {gamma}",
        f"  to   {REGISTRY_FOLDER}/face_recognition/2026-04-04",
        "",
        "in the folder        in the version    size  SHA-256",
        f"baselines.hdf5       baselines.hdf5     5 B  {DIGESTS['baselines.hdf5']}",
        f"facedata.hdf5        facedata.hdf5      5 B  {DIGESTS['facedata.hdf5']}",
        f"facelist_gamma3.csv  facelist.csv      11 B  {DIGESTS['facelist_gamma3.csv']}",
        f"facemodel.pickle     facemodel.pickle   5 B  {DIGESTS['facemodel.pickle']}",
        "notes.txt            left out",
        "",
    ]
    assert lines[11] == f"4 files, and the manifest: {26 + len(manifest)} B"
    assert lines[12] == "to pin in " + str(pins_file) + ", as data1 holds them:"
    assert lines[14:] == [f"1 pinned; commit {pins_file}"]
    assert {path.name for path in folder.parent.iterdir()} == {"2026-04-04"}
    assert {path.name for path in folder.iterdir()} == {*GAMMA, "facelist.csv", "manifest.yaml"} - {
        MAP[1].split("=")[0]
    }
    assert (folder / "facelist.csv").read_bytes() == GAMMA["facelist_gamma3.csv"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert folder.stat().st_mode & 0o777 == 0o755
    assert {path.name: (path.read_bytes(), path.stat().st_ino) for path in gamma.iterdir()} == before
    assert {path.stat().st_nlink for path in folder.iterdir()} == {1}
    assert set(json.loads(pins_file.read_text())["face_recognition"]["2026-04-04"]["files"]) == {
        "baselines.hdf5", "facedata.hdf5", "facelist.csv", "facemodel.pickle",
    }  # fmt: skip


@pytest.mark.usefixtures("datasink")
def test_what_takes_long_is_shown_on_a_terminal_only(site: Path, gamma: Path) -> None:
    words = ("import", *FACES, str(gamma), *MAP, "--yes")
    folder, stored, pinned = f"reading {gamma} on", f"reading {'/'.join(FACES)} on data1 ", "(1 of 1)"
    for moments in ([folder, f"copying {gamma} on", stored + pinned], [folder, stored, stored + pinned]):
        code, shown = on_a_terminal(site, *words, COLUMNS="200")
        assert code == 0
        places = [shown.find(each) for each in moments]
        assert -1 not in places
        assert len(set(places)) == len(places)
        assert places == sorted(places)
    assert "reading" not in run(site, *FACES, gamma, *MAP, "--yes").stderr


def test_its_manifest(datasink: FakeDatasink, site: Path, gamma: Path) -> None:
    older = datasink.store("face_recognition", "2026-02-02")
    newer = datasink.store("face_recognition", "2026-05-05")
    for folder in (older, newer):
        assert (
            CliRunner()
            .invoke(cli.main, ["pin", "face_recognition", folder.name, "--yes", "--site", str(site)])
            .exit_code
            == 0
        )
    assert run(site, *FACES, gamma, *MAP, "--yes").exit_code == 0
    text = (datasink.registry / "face_recognition" / "2026-04-04" / "manifest.yaml").read_text()
    manifest = yaml.safe_load(text)
    assert list(manifest) == [
        "name", "version", "framework", "source", "date_deployed", "training_metrics", "files", "previous_version",
    ]  # fmt: skip
    assert manifest["framework"] == "pickle"
    assert manifest["source"] == f"imported from {gamma}"
    assert manifest["training_metrics"] == {}
    assert manifest["previous_version"] == "2026-02-02"
    assert manifest["files"][2]["name"] == "facelist.csv"
    assert manifest["files"][2]["size"] == 11


def test_without_a_yes_nothing_is_stored(datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path) -> None:
    result = run(site, *FACES, gamma, *MAP)
    assert refusals(result) == ["no terminal to ask at, nothing was imported; without a question: --yes"]
    assert "facelist_gamma3.csv  facelist.csv" in result.stdout
    assert nothing_was_stored(datasink, pins_file)


def test_all_faults_of_a_folder_at_once(datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path) -> None:
    (gamma / "sub").mkdir()
    (gamma / "link").symlink_to("facedata.hdf5")
    (gamma / "my file").write_text("mine")
    (gamma / "manifest.yaml").write_text("mine")
    words = ("--map", "facedata.hdf=x", "--map", "baselines.hdf5=../x", "--yes")
    form = "allowed: a file name: a letter or digit, then up to 126 of A-Z, a-z, 0-9 and ._+-, other than manifest.yaml"
    assert refusals(run(site, *FACES, gamma, *words)) == [
        f"data1: --map: found 'facedata.hdf'; allowed: a file of {gamma}: baselines.hdf5, facedata.hdf5, "
        "facelist_gamma3.csv, facemodel.pickle, link, manifest.yaml, my file, sub",
        f"data1: {gamma}/link: a link; leave it out: --map link=",
        f"data1: {gamma}/sub: a folder; leave it out: --map sub=",
        f"data1: --map baselines.hdf5: found '../x'; {form}",
        f"data1: {gamma}/manifest.yaml: found 'manifest.yaml'; {form}; rename it: --map manifest.yaml=NAME, or leave "
        "it out: --map manifest.yaml=",
        f"data1: {gamma}/'my file': found 'my file'; {form}; rename it: --map 'my file=NAME', or leave it out: "
        "--map 'my file='",
        "data1: registry.models.face_recognition.files.baselines: no file fills it; expected baselines.hdf5; name it: "
        "--map baselines.hdf5=baselines.hdf5",
        "data1: registry.models.face_recognition.files.facelist: no file fills it; expected facelist.csv; name it: "
        "--map facelist_gamma3.csv=facelist.csv",
    ]
    assert nothing_was_stored(datasink, pins_file)


def test_two_files_for_one_name(datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path) -> None:
    (gamma / "facelist.csv").touch()
    assert refusals(run(site, *FACES, gamma, *MAP, "--yes")) == [
        "data1: facelist.csv: found facelist.csv and facelist_gamma3.csv for it; expected one file; leave it out: "
        "--map facelist_gamma3.csv="
    ]
    assert nothing_was_stored(datasink, pins_file)


def test_words_that_are_none_are_refused_before_any_connection(datasink: FakeDatasink, site: Path, gamma: Path) -> None:
    [line] = refusals(run(site, *FACES, gamma, *MAP, *MAP))
    assert line.startswith("--map: found ")
    [line] = refusals(run(site, *FACES, "gamma3", "--yes"))
    assert line.startswith("PATH: found 'gamma3'; ")
    assert datasink.asked == []


@pytest.mark.usefixtures("datasink")
def test_a_folder_that_is_not_there_or_a_link(site: Path, gamma: Path, tmp_path: Path) -> None:
    absent, link = gamma / "absent", tmp_path / "link"
    link.symlink_to(gamma)
    expected = "expected a folder with a version's files"
    assert refusals(run(site, *FACES, absent, "--yes")) == [f"data1: {absent}: No such file or directory; {expected}"]
    assert refusals(run(site, *FACES, link, "--yes")) == [f"data1: {link} is a link; {expected}"]
    assert refusals(run(site, *FACES, gamma / "facedata.hdf5", "--yes")) == [
        f"data1: {gamma}/facedata.hdf5 is a file; {expected}"
    ]


def test_a_folder_in_the_registry_or_around_it(datasink: FakeDatasink, site: Path, tmp_path: Path) -> None:
    inside = datasink.store("face_recognition", "2026-02-02")
    (tmp_path / "way").symlink_to(datasink.registry / "face_recognition")
    said = "it is in the model registry, or around it; expected a folder elsewhere"
    for path in (inside, tmp_path / "way" / "2026-02-02", tmp_path):
        assert refusals(run(site, *FACES, path, "--yes")) == [f"data1: {path}: {said}"]


def test_the_source_and_the_metrics_of_an_older_manifest_are_kept(
    datasink: FakeDatasink, site: Path, gamma: Path
) -> None:
    (gamma / "manifest.yaml").write_text(
        "%YAML 1.0\n---\nversion: v2.4\nsource: beta 6 of the notebook\ntraining_metrics: {accuracy: 0.97, f1: ~}\n"
    )
    assert run(site, *FACES, gamma, *MAP, "--map", "manifest.yaml=", "--yes").exit_code == 0
    made = yaml.safe_load((datasink.registry.joinpath(*FACES) / "manifest.yaml").read_text())
    assert (made["source"], made["training_metrics"]) == ("beta 6 of the notebook", {"accuracy": 0.97, "f1": None})


def test_a_version_that_is_stored_with_other_content(
    datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path
) -> None:
    stored = datasink.store(*FACES, files=["facelist.csv", "baselines.hdf5", "other.bin"])
    (stored / "baselines.hdf5").write_bytes(GAMMA["baselines.hdf5"])
    [line] = refusals(run(site, *FACES, gamma, *MAP, "--yes"))
    assert line.startswith(
        "data1: face_recognition/2026-04-04 is stored already, and not as its manifest says: changed: baselines.hdf5: "
    )
    datasink.store("face_recognition", "2026-04-05", files=["facelist.csv", "other.bin"])
    assert refusals(run(site, FACES[0], "2026-04-05", gamma, *MAP, "--yes")) == [
        "data1: face_recognition/2026-04-05 is stored already: it lacks baselines.hdf5; it lacks facedata.hdf5; its "
        f"facelist.csv has SHA-256 {short(b'face_recognition/2026-04-05/facelist.csv')}, the folder's "
        f"{DIGESTS['facelist_gamma3.csv']}; it lacks facemodel.pickle; it has other.bin, "
        "which the folder lacks; store the files as another version: 2026-04-05.2"
    ]
    assert pins_file.read_text() == "{}\n"


@pytest.mark.usefixtures("datasink")
def test_a_version_that_is_stored_with_this_content_is_just_pinned(site: Path, pins_file: Path, gamma: Path) -> None:
    assert run(site, *FACES, gamma, *MAP, "--yes").exit_code == 0
    pinned = pins_file.read_text()
    pins_file.write_text("{}\n")
    said = "face_recognition/2026-04-04: data1 holds just these files as that version already"
    asked = run(site, *FACES, gamma, *MAP)
    assert refusals(asked) == ["no terminal to ask at, nothing was pinned; without a question: --yes"]
    again = run(site, *FACES, gamma, *MAP, "--yes")
    assert (again.exit_code, again.stdout.splitlines()[0], pins_file.read_text()) == (0, said, pinned)
    third = run(site, *FACES, gamma, *MAP)
    assert (third.exit_code, third.stdout.splitlines()) == (
        0, [said, "face_recognition/2026-04-04: already pinned, and data1 holds just that"],
    )  # fmt: skip


def test_a_pinned_version_that_the_datasink_lost(
    datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path
) -> None:
    assert run(site, *FACES, gamma, *MAP, "--yes").exit_code == 0
    (datasink.registry / "face_recognition" / "2026-04-04").rename(datasink.registry.parent / "lost")
    manifest = json.loads(pins_file.read_text())["face_recognition"]["2026-04-04"]["manifest"]
    assert refusals(run(site, *FACES, gamma, *MAP, "--yes")) == [
        f"face_recognition/2026-04-04: pinned with manifest {manifest[:12]}, and not on data1; restore it there from a "
        "copy, or store the files as another version: 2026-04-04.2"
    ]
    assert not list((datasink.registry / "face_recognition").iterdir())


def test_too_little_space(
    datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ImportRoom(stored=False, free=200_000_100)
    monkeypatch.setattr(registry_store, "check_import", lambda *_: place)
    [line] = refusals(run(site, *FACES, gamma, *MAP, "--yes"))
    assert line.startswith(f"data1: {REGISTRY_FOLDER}: too little space: ")
    assert line.endswith(" B needed, 100 B free beside a reserve of 200.0 MB; remove something there and run it again")
    assert nothing_was_stored(datasink, pins_file)


def test_a_version_that_is_none(datasink: FakeDatasink, site: Path, gamma: Path) -> None:
    [line] = refusals(run(site, FACES[0], "2026-02-30", gamma, "--yes"))
    assert line.startswith("VERSION: found '2026-02-30'; allowed: a real date")
    [line] = refusals(run(site, "faces", "2026-02-03", gamma, "--yes"))
    assert line.startswith("MODEL: found 'faces'; allowed: coral_packages, face_detection, ")
    assert datasink.asked == []


def test_an_unreadable_file(datasink: FakeDatasink, site: Path, gamma: Path) -> None:
    answer = {
        "files": {},
        "others": {"facedata.hdf5": "unreadable: Permission denied"},
        "manifest": None,
        "fault": None,
    }
    (gamma.parent / "answer").write_text(json.dumps(answer))
    datasink.answer_with(
        f'case "$command" in *check-import) echo "{{\\"stored\\": false, \\"free\\": 1}}";; *) '
        f"cat {gamma.parent}/answer;; esac"
    )
    assert refusals(run(site, *FACES, gamma, "--yes"))[0] == (
        f"data1: {gamma}/facedata.hdf5: unreadable: Permission denied; leave it out: --map facedata.hdf5="
    )


def test_an_odd_answer(datasink: FakeDatasink, site: Path, gamma: Path) -> None:
    datasink.answer_with("echo Welcome")
    [line] = refusals(run(site, *FACES, gamma, "--yes"))
    assert line.startswith("data1 (192.168.10.50): found Welcome; expected what became of the import as JSON; ")


def test_a_stack_is_not_imported(site: Path) -> None:
    result = CliRunner().invoke(
        cli.main, ["import", "coral_packages", "2025-12-19", "/srv/x", "--site", str(site)], catch_exceptions=False
    )
    assert (result.exit_code, result.stderr) == (
        1,
        "MODEL: found 'coral_packages'; allowed: a model; a stack is brought from the control node: "
        "modelctl coral download VERSION --from DIR\n",
    )
