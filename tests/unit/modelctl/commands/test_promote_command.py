"""`modelctl promote`, and the versions that are marked bad: after an automatic rollback, or by an operator."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.changes.edit import versions
from modelctl.desired.desired_state import desired
from modelctl.inventory_file import load
from modelctl.operator import operator
from node.store import history
from tests.unit.modelctl.fake_changes import FAIL, MODEL, NEW, OLD, TEXT, FakeHosts, Stage, service, swapped, use

REASON = "sentinel.service: 2 of 3 workers live"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The older version is the current one."""
    stage = Stage.build(tmp_path / "site")
    stage.registry.write_text(swapped(TEXT))
    stage.git("commit", "--quiet", "--all", "--message", "The older one")
    stage.git("tag", "--force", "first")
    for host in stage.fleet():
        (stage.state / "fleet" / host).write_text(stage.wanted())
    return stage


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


def modelctl(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words, catch_exceptions=False)


def promote(*words: str) -> Result:
    return modelctl("promote", *words)


def notes(stage: Stage) -> Any:
    path = stage.registry.with_name("bad.json")
    return json.loads(path.read_text()) if path.exists() else {}


def taken_back(stage: Stage, host: str, outcome: str, model: str = MODEL) -> list[dict[str, Any]]:
    """What a host says of its service from the look of a deploy's undoing on: its last switch was so."""
    inventory = load(stage.inventory)
    [wanted] = desired(versions(inventory, model, NEW, OLD).after, host).sets
    last = {"n": 7, "to": wanted.digest, "outcome": outcome, "reason": REASON}
    said = service(wanted.service, last=last)
    return [{}, said, said, said]


def test_it_becomes_the_current_one_and_the_current_one_the_previous(stage: Stage, hosts: FakeHosts) -> None:
    result = promote(MODEL, NEW, "--yes", "--reason", "It knows the new neighbours.")
    assert (result.exit_code, result.stderr) == (0, "")
    price = "with --unlock where the newer list has events that the older one lacks"
    back = f"to {OLD} again: modelctl rollback {MODEL} --previous; {price}"
    assert result.stdout.endswith(f"{MODEL}: {NEW} is the current version; {back}\n")
    assert stage.registry.read_text() == TEXT
    told = f"Promote {MODEL} from {OLD} to {NEW}\n\nIt knows the new neighbours."
    assert stage.git("log", "-1", "--format=%B").strip() == told
    words = ["--limit", "data1", "--limit", "sentinel", "--data", f"models={MODEL}"]
    assert stage.runs() == [[str(stage.inventory), "deploys/models.py", "-y", *words]]
    [(_, told_of)] = hosts.roots
    assert {f"{MODEL}/{OLD}", f"{MODEL}/{NEW}"} <= set(told_of["clone"]["versions"])
    assert notes(stage) == {}


@pytest.mark.parametrize(
    "words", [["promote", MODEL, NEW], ["promote", MODEL, NEW, "--unlock"], ["rollback", MODEL, "2026-01-01"]]
)
def test_a_dry_run_shows_the_same_and_changes_nothing(stage: Stage, hosts: FakeHosts, words: list[str]) -> None:
    result = modelctl(*words, "--dry-run", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (stage.is_as_first(), stage.log(), stage.runs(), hosts.roots) == (True, [], [], [])
    really = modelctl(*words, "--yes")
    *shown, last = result.stdout.splitlines()
    assert really.stdout.splitlines()[: len(shown)] == shown
    assert last == "nothing was changed: this was a dry run"
    assert "from" in result.stdout
    assert "is the current version" not in result.stdout


@pytest.mark.parametrize("model", ["nosuch", "mobilenet_ssd_depthai"])
def test_what_cannot_be_promoted(stage: Stage, model: str) -> None:
    result = promote(model, NEW, "--yes")
    assert (result.exit_code, stage.is_as_first(), stage.runs()) == (1, True, [])
    assert result.stderr.startswith("MODEL: " if model == "nosuch" else "VERSION: ")


def test_an_older_version_is_gone_back_to(stage: Stage) -> None:
    assert promote(MODEL, NEW, "--yes").exit_code == 0
    result = promote(MODEL, OLD, "--yes")
    expected = f"one newer than the current {NEW}; to go back: modelctl rollback {MODEL} {OLD}"
    assert result.stderr == f"VERSION: found '{OLD}'; allowed: {expected}\n"
    assert len(stage.runs()) == 1


def test_what_is_current_already_is_nothing_to_do() -> None:
    result = promote(MODEL, OLD)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{MODEL}: {OLD} is the current version already; what runs: modelctl status\n",
    )


@pytest.mark.parametrize("outcome", ["returned", "failed"])
def test_a_version_that_a_host_rolled_back_from_is_marked_bad(stage: Stage, hosts: FakeHosts, outcome: str) -> None:
    stage.act(FAIL)
    hosts.statuses = {"sentinel": taken_back(stage, "sentinel", outcome)}
    result = promote(MODEL, NEW, "--yes")
    assert result.exit_code == 1
    [note] = notes(stage)[MODEL].values()
    since = note.pop("since")
    assert note == {"operator": operator(), "hosts": ["sentinel"], "reason": REASON}
    said = f"{MODEL} {NEW} is marked bad on sentinel at {since} by {operator()}"
    assert result.stderr.splitlines()[-1].endswith(f"; {said}")
    assert stage.log()[0] == f"Mark {MODEL} {NEW} bad"
    assert (stage.git("status", "--porcelain"), stage.registry.read_text()) == ("", swapped(TEXT))

    stage.act("")
    count = len(stage.runs())
    again = promote(MODEL, NEW, "--yes")
    assert (again.exit_code, len(stage.runs())) == (1, count)
    assert again.stderr == f"{said}: {REASON}; nothing was changed; to promote it all the same: --anyway\n"
    anyway = promote(MODEL, NEW, "--yes", "--anyway")
    assert (anyway.exit_code, anyway.stderr) == (0, f"warning: {said}: {REASON}\n")
    assert stage.registry.read_text() == TEXT


@pytest.mark.parametrize("why", ["another set", "it went well", "no answer", *history.INTERRUPTED])
def test_what_failed_for_another_reason_is_not_marked(stage: Stage, hosts: FakeHosts, why: str) -> None:
    stage.act(FAIL)
    said = taken_back(stage, "sentinel", "chosen" if why == "it went well" else "returned")
    if why == "another set":
        for each in said[1:]:
            each["sentinel"]["last"]["to"] = "f" * 64
    if why in history.INTERRUPTED:
        for each in said[1:]:
            each["sentinel"]["last"]["reason"] = f"{why}; last journal lines: first | last"
    hosts.statuses = {} if why == "no answer" else {"sentinel": said}
    result = promote(MODEL, NEW, "--yes")
    assert (result.exit_code, notes(stage), "marked" in result.stderr) == (1, {}, False)


def test_a_note_that_cannot_be_committed(stage: Stage, hosts: FakeHosts) -> None:
    stage.act(FAIL)
    hosts.statuses = {"sentinel": taken_back(stage, "sentinel", "returned")}
    stage.hook("commit-msg", 'grep -q "^Mark" "$1" && echo no notes >&2 && exit 1; exit 0')
    result = promote(MODEL, NEW, "--yes")
    assert result.exit_code == 1
    assert f"; {MODEL} {NEW} could not be marked bad: {stage.folder}: git commit: no notes" in result.stderr


def test_an_operator_marks_what_is_left(stage: Stage) -> None:
    assert promote(MODEL, NEW, "--yes").exit_code == 0
    result = modelctl("rollback", MODEL, "--previous", "--bad", "--reason", "It greets strangers.", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    [note] = notes(stage)[MODEL].values()
    assert (list(notes(stage)[MODEL]), note["reason"], note["hosts"]) == ([NEW], "It greets strangers.", [])
    said = f"{MODEL}: {NEW} is marked bad at {note['since']} by {operator()}: It greets strangers."
    assert result.stdout.splitlines()[-1] == said
    assert stage.log()[0] == f"Mark {MODEL} {NEW} bad"
    shown = json.loads(modelctl("show", MODEL, "--json").stdout)["versions"][NEW]
    assert (shown["marks"], shown["bad"]) == (["previous"], said.partition(" is ")[2])
    told = f"{MODEL}/{NEW}: {shown['bad']}"
    table = modelctl("show", MODEL).stdout
    assert told in table.splitlines()
    assert "  previous, bad  " in table
    assert told in modelctl("list").stdout.splitlines()


def test_a_rollback_that_is_not_done_marks_nothing(stage: Stage) -> None:
    assert promote(MODEL, NEW, "--yes").exit_code == 0
    stage.act(FAIL)
    for words in (["--dry-run"], ["--yes"]):
        modelctl("rollback", MODEL, "--previous", "--bad", *words)
        assert notes(stage) == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "expected JSON; restore it with git"),
        ('{"cats": {"2026-01-01": {}}}', "bad.models.cats."),
        ('{"cats": {"2026-01-01": {"since": "a", "operator": "b", "hosts": [], "reason": "a\\nb"}}}', "reason"),
    ],
)
def test_a_file_of_notes_that_is_none(stage: Stage, text: str, fault: str) -> None:
    stage.registry.with_name("bad.json").write_text(text)
    result = promote(MODEL, NEW, "--yes")
    assert (result.exit_code, fault in result.stderr) == (1, True)
