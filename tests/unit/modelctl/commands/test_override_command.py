"""`modelctl override`: one host alone gets another version of a model."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.changes import journal
from tests.unit.modelctl.fake_changes import FAIL, MODEL, NEW, OLD, FakeHosts, Stage, use

TRY = f"Override {MODEL} on sentinel with {OLD}"
CLEAR = f"Clear the override of {MODEL} on sentinel"
HEAD = "host      from        to          restarts  to move  events unlocked\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é 1")


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


def override(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["override", *words], catch_exceptions=False)


def said(*words: str) -> str:
    result = override(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refusal(*words: str) -> str:
    result = override(*words, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


def test_there_and_back(stage: Stage) -> None:
    before = stage.site.read_text()
    assert said("sentinel", MODEL, OLD, "--yes", "--reason", "Try it.") == (
        f"{HEAD}sentinel  2026-02-02  2025-02-25  sentinel      0 B                0\n\n{TRY}\n"
        f"sentinel: {MODEL} {OLD} is wanted by an override\n"
    )
    assert stage.site.read_text() == before.replace(
        'accelerator="coral"),\n        "lab1"',
        f'accelerator="coral", model_version_overrides={{"{MODEL}": "{OLD}"}}),\n        "lab1"',
    )
    assert stage.git("log", "-1", "--format=%B").strip() == f"{TRY}\n\nTry it."
    assert stage.git("diff", "--name-only", "first", "HEAD") == "inventory/site.py"
    words = ["--limit", "sentinel", "--data", f"models={MODEL}"]
    assert stage.runs() == [[str(stage.inventory), "deploys/models.py", "-y", *words]]
    assert said("sentinel", MODEL, OLD) == (
        f"sentinel: {MODEL} {OLD} is wanted by an override already; what runs: modelctl status sentinel\n"
    )
    assert said("sentinel", MODEL, "--clear", "--yes") == (
        f"{HEAD}sentinel  2025-02-25  2026-02-02  sentinel      0 B                0\n\n{CLEAR}\n"
        f"sentinel: {MODEL} has no override, so {NEW} is wanted\n"
    )
    assert (stage.log(), stage.site.read_text()) == ([CLEAR, TRY], before)
    assert said("sentinel", MODEL, "--clear") == (
        f"sentinel: {MODEL} has no override, so {NEW} is wanted already; what runs: modelctl status sentinel\n"
    )


@pytest.mark.parametrize("name", ["data1", "sentinel"])
def test_a_host_that_is_not_reached(stage: Stage, hosts: FakeHosts, name: str) -> None:
    hosts.unplugged = name
    result = override("sentinel", MODEL, OLD, "--yes")
    assert (result.exit_code, stage.is_as_first()) == (1, True)
    assert result.stderr.startswith(f"{name} (")
    assert result.stderr.endswith(
        "): ssh: No route to host; look at its power and its cable, then run again; nothing was changed\n"
    )


def test_one_with_the_current_version_moves_no_host(stage: Stage, hosts: FakeHosts) -> None:
    what = f"Override {MODEL} on sentinel with {NEW}"
    assert said("sentinel", MODEL, NEW, "--yes") == (
        f"{what}: no host moves\nsentinel: {MODEL} {NEW} is wanted by an override\n"
    )
    assert (stage.log(), stage.runs(), [host for host, _ in hosts.asked]) == ([what], [], ["data1", "data1"])


def test_a_deploy_that_fails_is_undone(stage: Stage) -> None:
    before = stage.site.read_text()
    stage.act(FAIL)
    result = override("sentinel", MODEL, OLD, "--yes")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{TRY}: the deploy failed, see above; the edit is undone by commit ")
    assert (stage.log(), stage.site.read_text()) == ([f"Undo: {TRY}", TRY], before)
    assert stage.is_as_first()


def test_unlock(stage: Stage, hosts: FakeHosts) -> None:
    hosts.previews["data1"] = '{"bytes": 0, "unlocked": [2]}'
    result = override("data1", MODEL, OLD, "--yes")
    assert (result.exit_code, result.stderr.split(",")[0]) == (
        1,
        "the face list lacks 2 events of the live one on data1",
    )
    assert (stage.log(), journal.read(stage.checkout)) == ([], None)
    assert override("data1", MODEL, OLD, "--yes", "--unlock").exit_code == 0
    assert stage.runs()[0][-2:] == ["--data", "unlock=yes"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sentinal", MODEL, OLD], "HOST: found 'sentinal'; allowed: alpha5, data1, deepend, "),
        (["sentinel", "face", OLD], "MODEL: found 'face'; allowed: "),
        (["lab1", MODEL, OLD], f"MODEL: found '{MODEL}'; allowed: a model that lab1 gets: mobilenet_ssd\n"),
        (["sentinel", MODEL], "VERSION: found nothing; allowed: a version, or --clear, and not both\n"),
        (["sentinel", MODEL, OLD, "--clear"], f"VERSION: found '{OLD}'; allowed: a version, or --clear, and not "),
        (["sentinel", MODEL, "2025-02-26"], f"VERSION: found '2025-02-26'; allowed: a pinned version of {MODEL}: "),
    ],
)  # fmt: skip
def test_what_cannot_be_wished(stage: Stage, hosts: FakeHosts, words: list[str], line: str) -> None:
    found = refusal(*words)
    assert found.startswith(line)
    assert len(found.splitlines()) == 1
    assert (hosts.asked, stage.is_as_first()) == ([], True)


def test_a_checkout_that_is_not_ready(stage: Stage, hosts: FakeHosts) -> None:
    stage.registry.write_text(stage.registry.read_text() + "# mine\n")  # not the file that is edited
    assert override("sentinel", MODEL, OLD, "--yes").exit_code == 0
    stage.site.write_text(stage.site.read_text() + "# mine\n")
    hosts.asked.clear()
    expected = f"{stage.site}: it has uncommitted changes; expected none; commit them: git -C '{stage.folder}' add "
    assert refusal("sentinel", MODEL, "--clear").startswith(expected)
    stage.git("checkout", "--quiet", "--", "inventory/site.py")
    with journal.locked(stage.checkout):
        assert "another change is being made" in refusal("sentinel", MODEL, "--clear")
    journal.write(stage.checkout, stage.change())
    for wish in (OLD, "--clear"):  # the one that is there already, and another
        assert "a change has not ended" in refusal("sentinel", MODEL, wish)
    assert hosts.asked == []
