"""`modelctl rollback`: its summary, its refusals, what it does."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.changes import journal
from modelctl.commands import options
from modelctl.operator import operator
from node.protocol import REFUSED
from tests.unit.modelctl.fake_changes import FAIL, MODEL, NEW, OLD, TEXT, WHAT, FakeHosts, Stage, swapped, use

SUMMARY = f"""\
host      from        to          restarts  to move  events unlocked
data1     2026-02-02  2025-02-25  datapump   2.4 MB                0
sentinel  2026-02-02  2025-02-25  sentinel  unknown          unknown

{WHAT}
"""
DONE = f"{MODEL}: {OLD} is the current version; to {NEW} again: modelctl rollback {MODEL} --previous\n"
LOCKED = (
    "the face list lacks 20 events of the live one on data1, so their recordings could be deleted; "
    "nothing was changed; to allow it: --unlock\n"
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é 1")


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    hosts = use(stage, monkeypatch)
    hosts.previews = {"data1": '{"bytes": 2400000, "unlocked": [0]}', "sentinel": ""}
    return hosts


def rollback(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["rollback", *words], catch_exceptions=False)


def refusal(*words: str) -> str:
    result = rollback(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr


def untouched(stage: Stage) -> bool:
    return stage.is_as_first() and stage.log() == [] and stage.runs() == []


def test_back_and_forth(stage: Stage, hosts: FakeHosts) -> None:
    result = rollback(MODEL, "--previous", "--yes", "--reason", "It greets strangers.")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == SUMMARY + DONE
    assert stage.registry.read_text() == swapped(TEXT)
    assert stage.git("log", "-1", "--format=%B").strip() == f"{WHAT}\n\nIt greets strangers."
    words = ["--limit", "data1", "--limit", "sentinel", "--data", f"models={MODEL}"]
    assert stage.runs() == [[str(stage.inventory), "deploys/models.py", "-y", *words]]
    questions = {host: json.loads(message) for host, message in hosts.asked if '"face_lists"' in message}
    assert [each["version"] for each in questions["data1"]["face_lists"]] == [OLD]
    assert [each["version"] for each in questions["sentinel"]["versions"]] == [OLD]
    assert (questions["data1"]["versions"], questions["sentinel"]["face_lists"]) == ([], [])
    assert questions["sentinel"]["registry"] is None
    assert questions["data1"]["registry"] == "/home/ops/sentinelcam/model_registry"
    assert any(path.endswith("/datapump.yaml") for path in questions["data1"]["configs"])

    again = rollback(MODEL, OLD)
    assert (again.exit_code, again.stdout) == (
        0,
        f"{MODEL}: {OLD} is the current version already; what runs: modelctl status\n",
    )
    forth = rollback(MODEL, "--previous", "--yes")
    assert (forth.exit_code, stage.log()[0]) == (0, f"Roll forward {MODEL} from {OLD} to {NEW}")
    assert forth.stdout.endswith(
        f"{MODEL}: {NEW} is the current version; to {OLD} again: modelctl rollback {MODEL} --previous; "
        "with --unlock where the newer list has events that the older one lacks\n"
    )
    assert stage.is_as_first()


def test_to_any_pinned_version(stage: Stage) -> None:
    assert rollback(MODEL, "2026-01-01", "--yes").exit_code == 0
    assert stage.log() == [f"Roll back {MODEL} from {NEW} to 2026-01-01"]
    assert stage.git("log", "-1", "--format=%b") == ""
    changed = [line for line in stage.registry.read_text().splitlines() if line not in TEXT.splitlines()]
    assert [line.strip() for line in changed] == ['current_version="2026-01-01",', f'previous_version="{NEW}",']


def test_what_comes_back_is_a_root_first_and_what_it_takes_the_place_of_stays_one(
    stage: Stage, hosts: FakeHosts
) -> None:
    stage.act(FAIL)
    assert rollback(MODEL, OLD, "--yes").exit_code == 1
    [(host, told)] = hosts.roots
    assert (host, told["hosts"], told["operator"]) == ("data1", {}, operator())
    assert told["clone"]["name"] == f"{operator()}:{stage.inventory.parent / 'inventory'}"
    versions = told["clone"]["versions"]
    assert {versions[f"{MODEL}/{OLD}"], versions[f"{MODEL}/{NEW}"]} == {"previous", "current"}
    assert "data1" in told["clone"]["hosts"]


@pytest.mark.parametrize("code", [REFUSED, 255])
def test_where_the_datasink_does_not_take_them_nothing_is_done(stage: Stage, hosts: FakeHosts, code: int) -> None:
    hosts.keep_fault = (code, "/var/lib/sentinelcam/roots: another is at work on the roots; run again")
    result = rollback(MODEL, OLD, "--yes")
    assert (result.exit_code, hosts.keep_fault[1] in result.stderr) == (1, True)
    assert untouched(stage)


def test_without_a_terminal_and_without_yes_nothing_is_done(stage: Stage, hosts: FakeHosts) -> None:
    result = rollback(MODEL, OLD)
    assert (result.exit_code, result.stdout) == (1, SUMMARY)
    assert result.stderr == "no terminal to ask at, nothing was changed; without a question: --yes\n"
    assert (untouched(stage), hosts.roots) == (True, [])


@pytest.mark.parametrize("is_new", [False, True])
def test_pins_that_git_does_not_have(stage: Stage, is_new: bool) -> None:
    pins = stage.registry.with_name("pins.json")
    if is_new:
        stage.git("rm", "--quiet", "--cached", str(pins))
        stage.git("commit", "--quiet", "--message", "no pins")
    else:
        pins.write_text(pins.read_text() + "\n")
    result = rollback(MODEL, OLD, "--yes")
    there = f"git -C '{stage.folder}'"
    commits = f"{there} add inventory/pins.json && {there} commit --message 'Change pins.json' inventory/pins.json"
    expected = f"{pins}: it has uncommitted changes; expected the pins that git has; commit them: {commits}; or "
    assert (result.exit_code, result.stderr) == (1, f"{expected}take them back: {there} stash\n")
    assert stage.registry.read_text() == TEXT


def test_a_list_that_unlocks_events(stage: Stage, hosts: FakeHosts) -> None:
    hosts.previews["data1"] = '{"bytes": 0, "unlocked": [20]}'
    result = rollback(MODEL, OLD, "--yes")
    assert (result.exit_code, result.stderr, hosts.roots) == (1, LOCKED, [])
    assert result.stdout.splitlines()[1] == "data1     2026-02-02  2025-02-25  datapump      0 B               20"
    assert untouched(stage)
    assert rollback(MODEL, OLD, "--yes", "--unlock").exit_code == 0
    assert stage.runs()[0][-2:] == ["--data", "unlock=yes"]


def test_where_all_hosts_override_no_host_moves(stage: Stage) -> None:
    text = stage.site.read_text()
    for each in ('address="192.168.10.50"', 'address="192.168.10.60"'):
        text = text.replace(each, f'{each}, model_version_overrides={{"{MODEL}": "{NEW}"}}')
    stage.site.write_text(text)
    stage.git("commit", "--quiet", "--all", "--message", "overrides")
    result = rollback(MODEL, OLD, "--yes")
    assert (result.exit_code, result.stdout) == (0, f"{WHAT}: no host moves\n{DONE}")
    assert (stage.log()[0], stage.runs()) == (WHAT, [])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            [MODEL, "2025-02-26"],
            f"VERSION: found '2025-02-26'; allowed: a pinned version of {MODEL}: {OLD}, 2026-01-01, {NEW}; ",
        ),
        ([MODEL], "VERSION: found nothing; allowed: a version, or --previous, and not both\n"),
        ([MODEL, OLD, "--previous"], f"VERSION: found '{OLD}'; allowed: a version, or --previous, and not both\n"),
        (["face", OLD], "MODEL: found 'face'; allowed: "),
        ([MODEL, "../x\n"], "VERSION: found '../x\\n'; allowed: "),
        (
            ["haarcascades", "--previous"],
            "registry.models.haarcascades.previous_version: found nothing; expected a version to go to; "
            "name one: modelctl rollback haarcascades VERSION; those there are: modelctl show haarcascades\n",
        ),
    ],
)
def test_what_cannot_be_wished(stage: Stage, hosts: FakeHosts, words: list[str], line: str) -> None:
    said = refusal(*words, "--yes")
    assert said.startswith(line)
    assert len(said.splitlines()) == 1
    assert (hosts.asked, untouched(stage)) == ([], True)


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"fault": "/r/x: No such file or directory"}, "/r/x: No such file or directory"),
        ({"manifest": None, "files": {}}, "missing: manifest.yaml"),
        ({"others": {"x": "a link"}}, "extra: x (a link)"),
    ],
)
def test_a_version_that_is_not_stored_whole(stage: Stage, hosts: FakeHosts, stored: dict[str, Any], said: str) -> None:
    hosts.stored = stored
    lines = refusal(MODEL, OLD, "--yes").splitlines()
    assert f"data1: {MODEL}/{OLD}: {said}; restore it there, or choose another version" in lines
    assert untouched(stage)


def test_a_version_that_is_not_as_pinned(stage: Stage) -> None:
    pins = stage.folder / "inventory" / "pins.json"
    data = json.loads(pins.read_text())
    data[MODEL][OLD]["files"]["facelist.csv"]["size"] += 1
    pins.write_text(json.dumps(data))
    stage.git("commit", "--quiet", "--all", "--message", "another pin")
    said = refusal(MODEL, OLD, "--yes")
    assert said.startswith(f"data1: {MODEL}/{OLD}: found manifest ")
    assert said.endswith("which is not the pinned one; restore it there, or choose another version\n")


def test_an_answer_that_is_none(stage: Stage, hosts: FakeHosts) -> None:
    for answer in ("hello", '{"bytes": -1, "unlocked": []}', '{"bytes": 1.5, "unlocked": []}', '{"bytes": 1}'):
        hosts.previews["sentinel"] = answer
        assert refusal(MODEL, OLD, "--yes").startswith(
            f"sentinel (192.168.10.60): found {answer}; expected what a deploy would cost"
        )
    assert untouched(stage)


def test_a_checkout_that_is_not_ready(stage: Stage, hosts: FakeHosts) -> None:
    stage.registry.write_text(TEXT + "# mine\n")
    assert "it has uncommitted changes" in refusal(MODEL, OLD, "--yes")
    assert hosts.asked == []


def test_a_change_that_has_not_ended(stage: Stage, hosts: FakeHosts) -> None:
    journal.write(stage.checkout, stage.change())
    said = refusal("mobilenet_ssd", "2019-01-01", "--yes")
    assert said.startswith(f"{stage.folder}: a change has not ended: {WHAT} (anna@ramrod, ")
    assert said.endswith("; end it first: modelctl undo\n")
    assert refusal(MODEL, NEW) == said  # it may be what the operator began, and wishes for again
    assert (hosts.asked, stage.log()) == ([], [])


def test_two_at_once(stage: Stage) -> None:
    with journal.locked(stage.checkout):
        assert refusal(MODEL, OLD, "--yes").startswith(f"{stage.folder}: another change is being made: ")
    assert untouched(stage)


def test_what_happens_while_it_asks(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "require_consent", lambda *_: stage.registry.write_text(TEXT + "# mine\n"))
    assert "it has uncommitted changes" in rollback(MODEL, OLD).stderr
    assert stage.registry.read_text() == TEXT + "# mine\n"


def test_the_journal_says_who_began_it_and_where(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "zoë\x1b")
    operator.cache_clear()
    path = stage.checkout.private(journal.JOURNAL)
    stage.act(f"begin() {{ cp '{path}' \"$state/journal\"; }}")
    assert rollback(MODEL, OLD, "--yes").exit_code == 0
    operator.cache_clear()
    shutil.copy(stage.state / "journal", path)
    begun = journal.read(stage.checkout)
    assert begun is not None
    assert begun.operator.startswith("zoë?@")
    assert begun == stage.change(old=TEXT, new=swapped(TEXT), operator=begun.operator, since=begun.since)


def test_a_failure_exits_1_and_says_so(stage: Stage) -> None:
    stage.act(FAIL)
    result = rollback(MODEL, OLD, "--yes")
    assert (result.exit_code, result.stdout) == (1, SUMMARY)
    assert result.stderr.startswith(f"{WHAT}: the deploy failed, see above; the edit is undone by commit ")


def test_a_registry_behind_a_link(stage: Stage) -> None:
    real = stage.folder / "shared.py"
    stage.registry.rename(real)
    stage.registry.symlink_to("../shared.py")
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "link")
    real.write_text(TEXT + "# mine\n")
    assert refusal(MODEL, OLD, "--yes").startswith(f"{real}: it has uncommitted changes")
    real.write_text(TEXT)
    assert rollback(MODEL, OLD, "--yes").exit_code == 0
    assert (stage.registry.is_symlink(), real.read_text()) == (True, swapped(TEXT))


def test_a_site_in_another_folder(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert rollback(MODEL, OLD, "--yes", "--site", str(stage.inventory)).exit_code == 0
    assert stage.fleet() == dict.fromkeys(("data1", "sentinel"), stage.wanted())


@pytest.mark.parametrize(("answer", "count"), [("y\n", 1), ("n\n", 0), ("\n", 0)])
def test_at_a_terminal_it_asks(
    stage: Stage, hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch, answer: str, count: int
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    result = CliRunner().invoke(cli.main, ["rollback", MODEL, OLD], input=answer)
    assert "Do it? [y/N]: " in result.stdout
    assert f"reading {MODEL}/{OLD} on data1" in result.stderr
    assert (len(stage.runs()), len(hosts.roots)) == (count, count)
