"""R6: `modelctl revoke`: one node is shut out, by a number in the site's file, its commit, and the datasink's lines."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.nodes.pull_ca import PullCa
from modelctl.product import CHECKOUT
from tests.unit.modelctl.fake_changes import FAIL, FakeHosts, Stage, use

PLAN = "east: the datasink data1 is to refuse every pull key that it has by now\n"
TOLD = ["deploys/access.py", "-y", "--limit", "data1"]
UNCOMMITTED = "it has uncommitted changes; expected none; commit them: git -C "
COUNT = 3  # revocations of each of two processes
REVOKE = """
import sys, time
from pathlib import Path
from modelctl import text_file
from modelctl.commands.keys import revoke_keys
from modelctl.inventory_file import load
replace = text_file.replace
def slowly(path, text):
    time.sleep(0.05)  # between what was read and what is written
    replace(path, text)
text_file.replace = slowly
inventory = load(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    revoke_keys(inventory, sys.argv[2])
"""


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A site whose CA is there."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    PullCa(Path.home() / ".config/sentinelcam/pull_ca").create()
    return Stage.build(tmp_path / "site é 1")


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


@pytest.fixture
def file(stage: Stage) -> Path:
    return stage.folder / "inventory" / "revoked.json"


def revoke(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["revoke", *words], catch_exceptions=False)


def refusal(*words: str) -> str:
    result = revoke(*words, "--yes")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    return result.stderr


def committed(stage: Stage, file: Path, text: str) -> None:
    file.write_text(text)
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "revoked by hand")


def test_a_host_is_shut_out_and_again(stage: Stage, file: Path) -> None:
    stage.registry.write_text(stage.registry.read_text() + "# mine\n")
    stage.git("add", "--all")
    for generation in (1, 2):
        result = revoke("east", "--yes")
        assert (result.exit_code, result.stderr) == (0, "")
        commit = stage.git("rev-parse", "HEAD")
        assert result.stdout == (
            f"{PLAN}east can read nothing more of the registry: its pull keys up to generation {generation} are "
            f"revoked, in commit {commit[:12]}; push it\n"
            "a deploy to east lets it in again: take it out of site.py until it has a new card; then: "
            "pyinfra inventory.py deploys/models.py --limit east -y\n"
        )
        assert file.read_text() == f'{{\n  "east": {generation}\n}}\n'
        message = f"Revoke the pull key of east\n\nUp to generation {generation}."
        assert stage.git("log", "-1", "--format=%B").strip() == message
        assert stage.git("show", "--format=", "--name-only", "HEAD") == "inventory/revoked.json"
        assert stage.git("status", "--porcelain") == "M  inventory/registry.py"
    assert stage.runs() == [[str(stage.inventory), *TOLD]] * 2
    assert stage.runs("head")[1] == [commit]


def test_a_trainer_can_upload_nothing_more(stage: Stage, file: Path) -> None:
    result = revoke("deepend", "--yes")
    assert (result.exit_code, result.stderr, file.read_text()) == (0, "", '{\n  "deepend": 1\n}\n')
    assert result.stdout == (
        "deepend: the datasink data1 is to refuse every upload key that it has by now\n"
        "deepend can upload nothing more: its upload keys up to generation 1 are revoked, "
        f"in commit {stage.git('rev-parse', 'HEAD')[:12]}; push it\n"
        "a deploy to deepend lets it in again: take it out of site.py until it has a new card; then: "
        "pyinfra inventory.py deploys/trainer.py --limit deepend -y\n"
    )
    assert stage.log()[0] == "Revoke the upload key of deepend"


def test_the_others_stay_as_they_are(stage: Stage, file: Path) -> None:
    committed(stage, file, '{"lab1": 3, "gone": 1}')
    assert revoke("east", "--yes").exit_code == 0
    assert json.loads(file.read_text()) == {"east": 1, "gone": 1, "lab1": 3}


def test_one_that_has_left_the_site(stage: Stage, file: Path) -> None:
    committed(stage, file, '{"gone": 1}')
    result = revoke("gone", "--yes")
    assert (result.exit_code, json.loads(file.read_text())) == (0, {"gone": 2})
    assert result.stdout.splitlines()[-1] == (
        "to let a new card in: describe gone in site.py again, and deploy to it: "
        "pyinfra inventory.py deploys/models.py --limit gone -y"
    )


def test_nothing_without_a_yes(stage: Stage) -> None:
    result = revoke("east")
    assert (result.exit_code, result.stdout) == (1, PLAN)
    assert result.stderr == "no terminal to ask at, nothing was revoked; without a question: --yes\n"
    assert stage.is_as_first()


@pytest.mark.parametrize("host", ["data1", "wall1", "eats", "sentinell", "../x", ""])
def test_one_that_pulls_nothing(stage: Stage, host: str) -> None:
    near = {"eats": "; did you mean east?", "sentinell": "; did you mean sentinel?"}.get(host, "")
    expected = (
        f"HOST: found {host!r}; allowed: a host that pulls or uploads: alpha5, deepend, east, lab1, sentinel{near}\n"
    )
    assert refusal(host) == expected
    assert (stage.is_as_first(), stage.runs()) == (True, [])


def test_a_datasink_that_cannot_be_told(stage: Stage, file: Path) -> None:
    stage.act(FAIL)
    line, commit = refusal("east"), stage.git("rev-parse", "HEAD")
    assert line == (
        f"east: its pull keys are revoked by commit {commit[:12]}, which stands; but data1 still lets them in: the "
        "deploy failed, see above; tell it: pyinfra inventory.py deploys/access.py --limit data1 -y\n"
    )
    assert stage.log() == ["Revoke the pull key of east"]
    assert json.loads(file.read_text()) == {"east": 1}


@pytest.mark.usefixtures("heard")
def test_a_deploy_that_is_stopped(stage: Stage) -> None:
    stage.act("begin() { kill -INT $PPID; while :; do sleep 0.05; done; }")
    assert "which stands; but data1 still lets them in: the deploy was stopped, see above; " in refusal("east")


def test_without_the_pull_ca_that_has_certified_it(stage: Stage) -> None:
    """A deploy would make another, and leave the stolen key's on the datasink."""
    key = Path("~/.config/sentinelcam/pull_ca").expanduser()
    key.with_name("pull_ca.pub").unlink()
    assert refusal("east") == (
        f"pull_ca {key}: no such key; expected the CA that has certified east; copy it here from the control "
        "node that has it\n"
    )
    assert stage.is_as_first()


def test_a_file_with_changes_of_its_own(stage: Stage, file: Path) -> None:
    file.write_text('{"lab1": 1}')
    assert refusal("east").startswith(f"{file}: {UNCOMMITTED}")
    committed(stage, file, '{"lab1": 1}')
    file.write_text('{"lab1": 2}')
    assert refusal("east").startswith(f"{file}: {UNCOMMITTED}")
    file.unlink()
    assert refusal("east").startswith(f"{file}: {UNCOMMITTED}")
    assert (stage.log(), stage.runs()) == (["revoked by hand"], [])
    assert revoke("east").stdout == ""  # before the question


def test_a_site_that_is_in_no_git(stage: Stage, file: Path) -> None:
    shutil.rmtree(stage.folder / ".git")
    assert refusal("east").startswith(f"{file.parent}: git rev-parse: fatal: not a git repository")
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "instead"),
    [('load_revoked(_SOURCES / "revoked.json")', "Revoked()"), ('"revoked.json"', '"other.json"')],
    ids=["nowhere", "another file"],
)
def test_a_site_that_does_not_go_by_the_file(stage: Stage, file: Path, text: str, instead: str) -> None:
    """The datasink would be told nothing, and the command say that it was."""
    found = stage.inventory.read_text().replace(text, instead)
    found = found.replace("import load_bad", "import Revoked, load_bad")
    committed(stage, stage.inventory, found)
    assert refusal("east") == (
        f"{file}: inventory.py takes the revoked keys from elsewhere; expected Fleet(..., load_revoked(PATH)) of this "
        "file; nothing was revoked\n"
    )
    assert (file.exists(), stage.git("status", "--porcelain"), stage.runs()) == (False, "", [])


@pytest.mark.parametrize("text", [None, '{"lab1": 1}'], ids=["a new file", "one that is there"])
def test_a_commit_that_git_refuses(stage: Stage, file: Path, text: str | None) -> None:
    if text is not None:
        committed(stage, file, text)
    stage.hook("pre-commit", "echo no; exit 1")
    assert refusal("east").startswith(f"{stage.folder}: git commit: no; ")
    assert (file.read_text() if file.exists() else None, stage.git("status", "--porcelain")) == (text, "")
    assert stage.runs() == []


def test_a_file_that_git_is_to_ignore(stage: Stage, file: Path) -> None:
    committed(stage, stage.folder / ".gitignore", "__pycache__/\nrevoked.json\n")
    assert refusal("east").startswith(f"{stage.folder}: git add: The following paths are ignored by one of your ")
    assert (file.exists(), stage.runs()) == (False, [])


def test_no_more_generations_than_the_file_may_hold(stage: Stage, file: Path) -> None:
    committed(stage, file, '{"east": 999}')
    assert refusal("east").startswith("revoked.hosts.east: found 1000; allowed: less than or equal to 999")
    assert json.loads(file.read_text()) == {"east": 999}


def test_two_at_once_both_land(stage: Stage, file: Path) -> None:
    """D4."""
    command = [sys.executable, "-c", REVOKE, str(stage.inventory)]
    processes = [
        subprocess.Popen(
            [*command, host, str(COUNT)], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for host in ("east", "lab1")
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, "")
    assert json.loads(file.read_text()) == {"east": COUNT, "lab1": COUNT}
    assert (len(stage.log()), stage.git("status", "--porcelain")) == (2 * COUNT, "")
