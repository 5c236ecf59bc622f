"""`modelctl verify`: its output, its exit codes. The datasink's registry is a folder, the nodes' words are made up."""

import hashlib
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from tests import chandler
from tests.unit.modelctl.datasinks import FakeDatasink, NearDatasink
from tests.unit.modelctl.pinned_sites import pinned_site
from tests.unit.modelctl.sites import fleet
from tests.unit.modelctl.terminal import on_a_terminal

MODEL = "mobilenet_ssd"
OLD, NEW, LIST = (MODEL, "2020-12-06"), (MODEL, "2026-05-01"), ("face_recognition", "2026-02-02")


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    """It holds two versions of one model and the face list's."""
    datasink = NearDatasink(tmp_path, monkeypatch)
    for pair in (OLD, NEW, LIST):
        datasink.store(*pair)
    return datasink


@pytest.fixture
def site(tmp_path: Path, datasink: FakeDatasink) -> Path:
    """All that is stored is pinned, but for the newer version."""
    assert datasink.registry.is_dir()
    return pinned_site(tmp_path, (OLD, LIST))


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["verify", *words, "--site", str(site)], catch_exceptions=False)


def answer(datasink: FakeDatasink, fleet: Fleet, **answers: dict[str, Any] | str) -> None:
    """Let hosts answer what the node program says; the datasink still answers for its registry."""
    for host, said in answers.items():
        text = f"printf %s {shlex.quote(said if isinstance(said, str) else json.dumps(said))}"
        address = str(fleet.host(host).address)
        old = datasink.ssh.script(address) if host == "data1" else "exit 9"
        script = f'case "$command" in *"sentinelcam-node verify") {text};; *) {old.strip()};; esac'
        datasink.ssh.answer(address, script)


WELL: dict[str, Any] = {"stored": True, "missing": [], "extra": [], "changed": {}}
GONE: dict[str, Any] = WELL | {"stored": False}


def said(*folders: dict[str, Any]) -> dict[str, Any]:
    return {"folders": list(folders), "versions": []}


SHA = hashlib.sha256(b"other").hexdigest()
PIN_NOTE = (
    "data1 registry: mobilenet_ssd/2026-05-01: not pinned, so its own manifest counts; "
    "to pin it: modelctl pin mobilenet_ssd 2026-05-01"
)
MEND = (
    "data1 registry: put the files back below /home/ops/sentinelcam/model_registry, or name another version; "
    "then: modelctl verify"
)


@pytest.mark.usefixtures("datasink")
def test_pinned_versions_and_others(site: Path) -> None:
    result = run(site, MODEL)
    assert (result.exit_code, result.stderr) == (0, "")
    assert (
        result.stdout
        == f"""\
host   folder    model          version     against   missing  extra  changed
data1  registry  mobilenet_ssd  2026-05-01  manifest        0      0        0
data1  registry  mobilenet_ssd  2020-12-06  pin             0      0        0

{PIN_NOTE}
"""
    )


def test_what_differs_is_listed_apart_and_sorted(datasink: FakeDatasink, site: Path) -> None:
    folder, new = datasink.registry.joinpath(*OLD), datasink.registry.joinpath(*NEW)
    (folder / "MobileNetSSD_deploy.prototxt").write_bytes(b"other")
    (folder / "MobileNetSSD_deploy.caffemodel").unlink()
    (folder / "MobileNetSSD_deploy.caffemodel").symlink_to("/etc/hostname")
    (folder / "z").touch()
    (folder / "sub").mkdir()
    (new / "MobileNetSSD_deploy.prototxt").write_bytes(b"other")
    (new / "MobileNetSSD_deploy.caffemodel").unlink()
    result = run(site, MODEL)
    pinned = {
        pair: hashlib.sha256(f"{'/'.join(pair)}/MobileNetSSD_deploy.prototxt".encode()).hexdigest()
        for pair in (OLD, NEW)
    }
    assert (result.exit_code, result.stderr) == (3, "")
    prototxt = f"MobileNetSSD_deploy.prototxt: found SHA-256 {SHA}"
    assert (
        result.stdout
        == f"""\
host   folder    model          version     against   missing  extra  changed
data1  registry  mobilenet_ssd  2026-05-01  manifest        1      0        1
data1  registry  mobilenet_ssd  2020-12-06  pin             1      2        1

missing: data1 registry: mobilenet_ssd/2020-12-06: MobileNetSSD_deploy.caffemodel (a link)
missing: data1 registry: mobilenet_ssd/2026-05-01: MobileNetSSD_deploy.caffemodel
extra: data1 registry: mobilenet_ssd/2020-12-06: sub (a folder)
extra: data1 registry: mobilenet_ssd/2020-12-06: z
changed: data1 registry: mobilenet_ssd/2020-12-06: {prototxt}; its pin says {pinned[OLD]}
changed: data1 registry: mobilenet_ssd/2026-05-01: {prototxt}; manifest.yaml says {pinned[NEW]}
{PIN_NOTE}
{MEND}
"""
    )


def test_a_pinned_manifest_counts_too(datasink: FakeDatasink, site: Path) -> None:
    (datasink.registry.joinpath(*OLD) / "manifest.yaml").write_bytes(b"other")
    line = run(site, MODEL).stdout.split("\n\n")[1].splitlines()[0]
    assert line.startswith(f"changed: data1 registry: mobilenet_ssd/2020-12-06: manifest.yaml: found SHA-256 {SHA}; ")


@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        (None, "missing: data1 registry: mobilenet_ssd/2026-05-01: manifest.yaml"),
        ("a: &a b", "changed: data1 registry: mobilenet_ssd/2026-05-01: manifest.yaml: line 1: "
                    "found an anchor or alias; expected plain YAML"),
    ],
)  # fmt: skip
def test_an_unpinned_version_without_a_good_manifest(
    datasink: FakeDatasink, site: Path, manifest: str | None, line: str
) -> None:
    path = datasink.registry.joinpath(*NEW) / "manifest.yaml"
    path.unlink()
    if manifest is not None:
        path.write_text(manifest, encoding="utf-8")
    result = run(site, MODEL)
    assert (result.exit_code, result.stdout.split("\n\n")[1].splitlines()[0]) == (3, line)


def test_an_unpinned_manifest_of_another_version(datasink: FakeDatasink, site: Path) -> None:
    path = datasink.registry.joinpath(*NEW) / "manifest.yaml"
    path.write_text(path.read_text().replace("2026-05-01", "2026-05-02"), encoding="utf-8")
    line = run(site, MODEL).stdout.split("\n\n")[1].splitlines()[0]
    assert line.endswith(": manifest.yaml: version: found '2026-05-02'; allowed: 2026-05-01, as the folder says")


@pytest.mark.usefixtures("datasink")
def test_a_wanted_version_that_is_not_stored_is_missing(site: Path) -> None:
    result = run(site)
    assert result.exit_code == 3
    rows = [line.split() for line in result.stdout.split("\n\n")[0].splitlines()[1:]]
    assert rows[-1] == ["data1", "registry", "coral_packages", "2025-12-19", "manifest", "1", "0", "0"]
    missing = [line for line in result.stdout.splitlines() if line.startswith("missing: ")]
    assert missing[3] == "missing: data1 registry: face_detection_edgetpu/2025-12-19: the whole version"
    assert "missing: data1 registry: face_recognition/2025-02-25: the whole version" in missing
    assert len(missing) == 9
    assert [line for line in result.stdout.splitlines() if "own manifest" in line] == [PIN_NOTE]


def test_without_the_datasink_all_is_unknown(datasink: FakeDatasink, site: Path) -> None:
    datasink.answer_with("echo 'No route to host' >&2; exit 255")
    result = run(site, MODEL)
    assert (result.exit_code, result.stderr) == (3, "")
    assert (
        result.stdout
        == """\
host   folder    model          version     against  missing    extra  changed
data1  registry  mobilenet_ssd  2020-12-06  pin      unknown  unknown  unknown

data1 (192.168.10.50): No route to host; look at its power and its cable, then run again
"""
    )


def test_a_datasink_that_dies_meanwhile(datasink: FakeDatasink, site: Path, tmp_path: Path) -> None:
    script = datasink.ssh.script("192.168.10.50")
    datasink.answer_with(f"echo >>{tmp_path}/n; [ $(wc -l <{tmp_path}/n) -lt 3 ] || exit 255\n{script}")
    result = run(site, MODEL)
    rows = [line.split()[3:] for line in result.stdout.split("\n\n")[0].splitlines()[1:]]
    assert rows == [["2026-05-01", "manifest", "0", "0", "0"], ["2020-12-06", "pin", *["unknown"] * 3]]
    assert result.exit_code == 3


WHOLE, SOUND = ("1", "0", "0"), ("0", "0", "0")


class TestNodes:
    def test_every_node_and_every_face_list(self, datasink: FakeDatasink, site: Path) -> None:
        changed = WELL | {"changed": {"facemodel.pickle": SHA}, "extra": ["notes\x1b"], "missing": ["x"]}
        answer(datasink, fleet(), sentinel=said(WELL, WELL), lab1=said(WELL, changed), alpha5=said(GONE, WELL),
               data1=said(GONE))  # fmt: skip
        result = run(site, "--nodes")
        rows = [line for line in result.stdout.split("\n\n")[0].splitlines() if " registry " not in line]
        assert [line.split() for line in rows[1:]] == [
            ["data1", "face", "list", *LIST, "pin", *WHOLE], ["sentinel", "models", *OLD, "pin", *SOUND],
            ["sentinel", "models", *LIST, "pin", *SOUND], ["lab1", "models", *OLD, "pin", *SOUND],
            ["lab1", "models", *LIST, "pin", "1", "1", "1"], ["alpha5", "models", *OLD, "pin", *WHOLE],
            ["alpha5", "models", *LIST, "pin", *SOUND],
        ]  # fmt: skip
        assert (result.exit_code, result.stderr) == (3, "")

    def test_lines_for_nodes(self, datasink: FakeDatasink, site: Path) -> None:
        name = "MobileNetSSD_deploy.prototxt"
        pinned = hashlib.sha256(f"{'/'.join(OLD)}/{name}".encode()).hexdigest()
        found = WELL | {"changed": {name: SHA}, "extra": ["notes\x1b"]}
        others = ["mobilenet_ssd/2020-12-06", "mobilenet_ssd/2019-01-01", "face_recognition/2026-02-02", "cats/old"]
        answer(datasink, fleet(), lab1={"folders": [found], "versions": others})
        result = run(site, MODEL, "--nodes")
        lines = [line for line in result.stdout.split("\n\n")[1].splitlines() if "lab1" in line]
        deploy = "pyinfra inventory.py deploys/models.py --limit lab1 --data verify=full -y"
        assert lines == [
            "extra: lab1 models: mobilenet_ssd/2020-12-06: notes?",
            f"changed: lab1 models: mobilenet_ssd/2020-12-06: {name}: found SHA-256 {SHA}; its pin says {pinned}",
            "lab1: mobilenet_ssd/2019-01-01: not read, no pin covers it",
            f"lab1 models: a deploy mends what the host gets, and leaves what is extra: {deploy}",
        ]

    def test_a_node_without_an_answer_is_unknown(self, datasink: FakeDatasink, site: Path) -> None:
        datasink.ssh.answer("192.168.10.20", "echo 'found verify; allowed: status' >&2; exit 64")
        answer(datasink, fleet(), alpha5="hello", sentinel=said(WELL, WELL))
        result = run(site, MODEL, "--nodes")
        table, notes = result.stdout.split("\n\n")
        assert [line.split()[0] for line in table.splitlines() if line.endswith("unknown  unknown  unknown")] == [
            "sentinel", "lab1", "alpha5",
        ]  # fmt: skip
        hello = "expected what differs there as JSON; does a login there print something of its own?"
        assert notes.splitlines() == [
            f"sentinel (192.168.10.60): found {one_line(json.dumps(said(WELL, WELL) | {'format': 1}))}; {hello}",
            "lab1 (192.168.10.20): its sentinelcam-node knows no verify; a deploy brings one: "
            "pyinfra inventory.py deploys/models.py --limit lab1 -y",
            f"alpha5 (192.168.10.22): found hello; {hello}",
            PIN_NOTE,
        ]
        assert result.exit_code == 3


def test_as_json(datasink: FakeDatasink, site: Path) -> None:
    answer(datasink, fleet(), lab1={"folders": [WELL | {"missing": ["a"]}], "versions": ["mobilenet_ssd/old"]})
    result = run(site, MODEL, "--nodes", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"], found["unchecked"]) == (3, False, ["lab1: mobilenet_ssd/old"])
    place = {"host": "lab1", "folder": "models", "model": MODEL, "version": "2020-12-06", "against": "pin"}
    [lab1] = [each for each in found["versions"] if each["host"] == "lab1"]
    assert lab1 == place | {"missing": ["a"], "extra": [], "changed": [], "error": None}
    [sentinel] = [each for each in found["versions"] if each["host"] == "sentinel"]
    assert sentinel["error"].startswith("sentinel (192.168.10.60): ssh: connect to host ")
    assert json.loads(run(site, MODEL, "--json").stdout)["ok"] is True


@pytest.mark.usefixtures("datasink")
def test_an_unknown_model(site: Path) -> None:
    result = run(site, "mobilenet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("; did you mean mobilenet_ssd?\n")


@pytest.mark.usefixtures("datasink")
def test_progress_on_a_terminal_only(site: Path) -> None:
    code, shown = on_a_terminal(site, "verify", MODEL, COLUMNS="120")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert code == 0
    assert "reading data1 " in plain
    assert re.search(r"^data1 +registry +mobilenet_ssd +2020-12-06 +pin +0 +0 +0 *$", plain, re.MULTILINE)
    assert os.linesep not in run(site, MODEL).stderr
