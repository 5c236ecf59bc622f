"""`modelctl rollback` and `modelctl override` of the Coral stack: as of a model."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.inventory_file import load
from tests.unit.modelctl.datasinks import manifest
from tests.unit.modelctl.fake_changes import FAIL, FakeHosts, Stage, use
from tests.unit.modelctl.sites import file_names

CORAL, NEW, OLD = "coral_packages", "2025-12-19", "2025-11-01"
BEGIN, END = f'            "{NEW}": CoralStack(', "            ),\n        },\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """With an older stack, which is pinned too."""
    stage = Stage.build(tmp_path / "site é 1")
    text = stage.registry.read_text()
    start = text.index(BEGIN)
    end = text.index(END, start) + len("            ),\n")
    older = text[start:end].replace(NEW, OLD, 1)
    text = f"{text[:end]}{older}{text[end:]}"
    current = f'    coral=Coral(\n        current_version="{NEW}",\n'
    assert current in text
    stage.registry.write_text(
        text.replace(current, f'{current}        previous_version="{OLD}",  # the last good one\n')
    )
    pins = stage.folder / "inventory" / "pins.json"
    data = json.loads(pins.read_text())
    data[CORAL][OLD] = {**data[CORAL][NEW], "manifest": hashlib.sha256(_manifest()).hexdigest()}
    data[CORAL][OLD]["files"] = _files()
    pins.write_text(json.dumps(data))
    stage.git("commit", "--quiet", "--all", "--message", "second")
    stage.git("tag", "--force", "first")
    for host in stage.fleet():
        (stage.state / "fleet" / host).write_text(stage.wanted())
    return stage


def _contents() -> dict[str, bytes]:
    return {name: name.encode() for name in file_names(CORAL, NEW)}


def _manifest() -> bytes:
    return manifest(CORAL, OLD, _contents()).encode()


def _files() -> dict[str, dict[str, object]]:
    return {name: {"sha256": hashlib.sha256(each).hexdigest(), "size": len(each)} for name, each in _contents().items()}


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    found = use(stage, monkeypatch)
    text = _manifest()
    files = {**_files(), "manifest.yaml": {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text)}}
    found.stored = {"files": files, "manifest": base64.b64encode(text).decode()}
    return found


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words, catch_exceptions=False)


def test_back_and_to_what_was(stage: Stage, hosts: FakeHosts) -> None:
    hosts.previews["alpha5"] = '{"bytes": 4711, "unlocked": [], "chosen": {}}'
    before = stage.registry.read_text()
    result = run("rollback", CORAL, "--previous", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "host      from        to          restarts   to move  events unlocked\n"
        f"sentinel  {NEW}  {OLD}  sentinel       0 B                0\n"
        f"alpha5    {NEW}  {OLD}  imagenode   4.7 kB                0\n"
        f"\nRoll back {CORAL} from {NEW} to {OLD}\n"
        f"{CORAL}: {OLD} is the current version; to {NEW} again: modelctl rollback {CORAL} --previous\n"
    )
    assert stage.registry.read_text() == before.replace(
        f'current_version="{NEW}",\n        previous_version="{OLD}",  #',
        f'current_version="{OLD}",\n        previous_version="{NEW}",  #',
    )
    words = ["--limit", "sentinel", "--limit", "alpha5", "--data", f"models={CORAL}"]
    assert stage.runs() == [[str(stage.inventory), "deploys/models.py", "-y", *words]]
    [question] = [json.loads(message) for host, message in hosts.asked if host == "alpha5" and '"stack"' in message]
    fleet = load(stage.inventory).fleet
    assert question["stack"]["size"] == sum(
        fleet.pins.models[CORAL][OLD].files[name].size for name in fleet.registry.artefacts[CORAL].names_of(OLD)
        if "-dev_" not in name
    )  # fmt: skip
    assert question["versions"] == []


def test_a_stack_that_nobody_described(stage: Stage) -> None:
    pins = stage.folder / "inventory" / "pins.json"
    data = json.loads(pins.read_text())
    data[CORAL]["2024-01-01"] = data[CORAL][NEW]
    pins.write_text(json.dumps(data))
    stage.git("commit", "--quiet", "--all", "--message", "third")
    result = run("rollback", CORAL, "2024-01-01", "--yes")
    assert (result.exit_code, stage.log()) == (1, ["third"])
    assert result.stderr.startswith(
        "registry.coral.current_version: found '2024-01-01'; allowed: a version in stacks: 2025-11-01, 2025-12-19"
    )


def test_without_a_previous_one(stage: Stage) -> None:
    text = stage.registry.read_text().replace(f'        previous_version="{OLD}",  # the last good one\n', "")
    stage.registry.write_text(text)
    assert run("rollback", CORAL, "--previous").stderr == (
        "registry.coral.previous_version: found nothing; expected a version to go to; "
        f"name one: modelctl rollback {CORAL} VERSION; those there are: modelctl show {CORAL}\n"
    )


def test_two_hosts_get_another_one_together(stage: Stage, hosts: FakeHosts) -> None:
    before = stage.site.read_text()
    result = run("override", "sentinel,alpha5", CORAL, OLD, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith(
        f"\nOverride {CORAL} on sentinel, alpha5 with {OLD}\nsentinel, alpha5: {CORAL} {OLD} is wanted by an override\n"
    )
    overrides = load(stage.inventory).fleet.overrides(CORAL)
    assert overrides == {"sentinel": OLD, "alpha5": OLD}
    assert (len(stage.log()), len(stage.runs())) == (1, 1)
    assert run("override", "alpha5,sentinel", CORAL, OLD).stdout == (
        f"alpha5, sentinel: {CORAL} {OLD} is wanted by an override already; what runs: "
        "modelctl status alpha5 sentinel\n"
    )
    hosts.stored = {}
    cleared = run("override", "sentinel,alpha5", CORAL, "--clear", "--yes")
    assert (cleared.exit_code, stage.site.read_text()) == (0, before)


def test_and_are_undone_together(stage: Stage) -> None:
    before = stage.site.read_text()
    stage.act(FAIL)
    result = run("override", "sentinel,alpha5", CORAL, OLD, "--yes")
    assert (result.exit_code, stage.site.read_text()) == (1, before)
    what = f"Override {CORAL} on sentinel, alpha5 with {OLD}"
    assert stage.log() == [f"Undo: {what}", what]
    limits = [words[words.index("--limit") : words.index("--data")] for words in stage.runs()]
    assert limits == [["--limit", "sentinel", "--limit", "alpha5"]] * 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sentinel,alpha6", CORAL, OLD], "HOST: found 'alpha6'; allowed: alpha5, "),
        (["sentinel,", CORAL, OLD], "HOST: found ''; allowed: alpha5, "),
        (["sentinel,lab1", CORAL, OLD], f"MODEL: found '{CORAL}'; allowed: a model that lab1 gets: mobilenet_ssd\n"),
    ],
)  # fmt: skip
def test_all_of_them_must_get_it(stage: Stage, words: list[str], line: str) -> None:
    result = run("override", *words, "--yes")
    assert (result.exit_code, stage.is_as_first()) == (1, True)
    assert result.stderr.startswith(line)
