"""`modelctl receive`: from what a trainer uploaded to the registry, to git and to the hosts."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from modelctl import cli
from modelctl.changes import journal
from modelctl.receiving import clone
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.fake_changes import FAIL, FakeHosts, Stage
from tests.unit.modelctl.receiving.stages import (
    LABEL,
    MODEL,
    NEW,
    NOW,
    TODAY,
    Origin,
    current,
    eye_of,
    pinned,
    receive,
    upload,
)

STORED = f"{LABEL}: stored on data1"


def test_the_whole_way(stage: Stage, datasink: NearDatasink, origin: Origin, tmp_path: Path) -> None:
    folder = upload(tmp_path)
    result = receive()
    assert (result.exit_code, result.stderr) == (0, "")
    stored = datasink.registry / MODEL / NEW
    assert {path.name for path in stored.iterdir()} == {"haarcascade_eye.xml", "manifest.yaml"}
    assert (stored / "haarcascade_eye.xml").stat().st_ino != (folder / "haarcascade_eye.xml").stat().st_ino
    manifest = (stored / "manifest.yaml").read_bytes()
    assert pinned(stage)["manifest"] == hashlib.sha256(manifest).hexdigest()
    said = yaml.safe_load(manifest)
    assert (said["source"], said["host"], said["requires"]) == ("eyes.ipynb", "deepend", {"numpy": "1.24.4"})
    assert (said["training_metrics"], said["previous_version"]) == ({"accuracy": 0.97}, NOW)
    assert (said["framework"], said["date_deployed"]) == ("opencv xml", TODAY)
    assert (current(stage), "previous_version" in eye_of(stage)) == (NEW, True)
    told = [f"Promote {MODEL} from {NOW} to {NEW}", f"Pin {MODEL} {NEW}"]
    assert (stage.log(), origin.log()[:2]) == (told, told)
    assert stage.runs() == [
        [str(stage.inventory.resolve()), "deploys/models.py", "-y", "--limit", "sentinel", "--data", f"models={MODEL}"]
    ]
    assert result.stdout.splitlines()[0] == STORED
    shown = CliRunner().invoke(cli.main, ["show", MODEL, NEW]).stdout
    assert [line.partition(": ")[2] for line in shown.splitlines()[-2:]] == told
    assert "training_metrics.accuracy" in shown

    again = receive()
    assert (again.exit_code, len(stage.runs()), origin.log()[:2]) == (0, 1, told)
    assert f"{LABEL}: data1 holds just these files as that version already" in again.stdout.splitlines()


def test_a_clone_that_is_behind_takes_in_what_the_others_have(stage: Stage, origin: Origin, tmp_path: Path) -> None:
    origin.commit("theirs", "1")
    upload(tmp_path)
    assert receive().exit_code == 0
    assert origin.log()[:3] == [f"Promote {MODEL} from {NOW} to {NEW}", f"Pin {MODEL} {NEW}", "theirs"]
    assert (stage.folder / "theirs").exists()


def test_a_site_that_does_not_load_is_taken_in_mended(stage: Stage, origin: Origin, tmp_path: Path) -> None:
    right = stage.registry.read_text()
    stage.registry.write_text("REGISTRY = (")
    stage.git("commit", "--quiet", "--all", "--message", "broken")
    stage.git("push", "--quiet", "origin", "HEAD:main")
    subprocess.run(["git", "-C", str(origin.other), "pull", "--quiet"], check=True)
    origin.commit("inventory/registry.py", right)
    upload(tmp_path)
    result = receive()
    assert (result.exit_code, current(stage)) == (0, NEW), result.stderr


def test_what_comes_meanwhile_is_merged_and_no_commit_of_a_deploy_is_lost(
    stage: Stage, origin: Origin, tmp_path: Path
) -> None:
    upload(tmp_path)
    stage.act(f"end() {{ ( cd {origin.other}; git pull -q; echo 1 >theirs; git add -A; "
              "git -c user.name=b -c user.email=b@x commit -qm theirs; git push -q ) >&2; }")  # fmt: skip
    assert receive().exit_code == 0
    [deployed] = stage.runs("head")
    assert deployed[0] in stage.git("log", "--format=%H", "origin/main").splitlines()
    assert "theirs" in origin.log()
    assert stage.git("rev-parse", "HEAD") == stage.git("ls-remote", str(origin.bare), "main").split()[0]


def test_a_conflict_is_a_person_s_to_mend(stage: Stage, origin: Origin, tmp_path: Path) -> None:
    (stage.folder / "theirs").write_text("ours")
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "ours")
    origin.commit("theirs", "1")
    upload(tmp_path)
    result = receive()
    assert (result.exit_code, stage.log(), stage.runs()) == (1, ["ours"], [])
    assert result.stderr.endswith("; merge origin/main by hand there, and push\n")
    assert (stage.git("status", "--porcelain"), (stage.folder / ".git" / "MERGE_HEAD").exists()) == ("", False)


def test_a_deploy_that_fails_leaves_it_stored_and_pinned(stage: Stage, origin: Origin, tmp_path: Path) -> None:
    stage.act(FAIL)
    upload(tmp_path)
    result = receive()
    assert (result.exit_code, current(stage), pinned(stage) is not None) == (1, NOW, True)
    assert "the deploy failed, see above; the edit is undone by commit" in result.stderr
    assert origin.log()[0] == f"Undo: Promote {MODEL} from {NOW} to {NEW}"
    assert journal.read(stage.checkout) is None


def test_commits_that_cannot_be_pushed_are_pushed_the_next_time(
    stage: Stage, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(tmp_path)
    hidden = origin.bare.with_name("hidden")
    stage.act(f"end() {{ mv {origin.bare} {hidden}; }}")
    result = receive()
    assert (result.exit_code, current(stage)) == (1, NEW)
    assert result.stderr.startswith("the commits are not pushed yet: ")
    hidden.rename(origin.bare)
    monkeypatch.chdir(stage.folder)
    assert receive().exit_code == 0
    assert origin.log()[0] == f"Promote {MODEL} from {NOW} to {NEW}"


def test_without_auto_promote_an_operator_promotes(stage: Stage, tmp_path: Path) -> None:
    stage.registry.write_text(
        stage.registry.read_text().replace("            auto_promote=True,\n            current", "            current")
    )
    stage.git("commit", "--quiet", "--all", "--message", "by hand")
    upload(tmp_path)
    result = receive()
    assert (result.exit_code, current(stage), stage.runs(), pinned(stage) is not None) == (0, NOW, [], True)
    by_hand = f"modelctl promote {MODEL} {NEW}"
    assert result.stdout.splitlines()[-1] == (
        f"{MODEL} {NEW}: stored and pinned; to make it the current version: {by_hand}"
    )


def test_an_older_version_is_stored_and_not_promoted(stage: Stage, tmp_path: Path) -> None:
    upload(tmp_path, version="2019-01-01")
    result = receive(version="2019-01-01")
    assert (result.exit_code, stage.runs(), pinned(stage, "2019-01-01") is not None) == (3, [], True)
    assert result.stdout.splitlines()[-1] == (
        f"{MODEL} 2019-01-01: stored and pinned, and not promoted: it is older than the current {NOW}; "
        f"to go back: modelctl rollback {MODEL} 2019-01-01"
    )


def test_a_face_list_that_would_unlock_events_is_not_promoted(stage: Stage, hosts: FakeHosts, tmp_path: Path) -> None:
    hosts.previews = {"sentinel": '{"bytes": 0, "unlocked": [20], "chosen": {}}'}
    upload(tmp_path)
    result = receive()
    assert (result.exit_code, current(stage), stage.runs(), pinned(stage) is not None) == (3, NOW, [], True)
    said = result.stdout.splitlines()[-1]
    assert said.startswith(f"{MODEL} {NEW}: stored and pinned, and not promoted: the face list lacks 20 events of the ")
    assert said.endswith(f"by hand: modelctl promote {MODEL} {NEW}")


def test_a_version_that_is_marked_bad_is_not_promoted_again(stage: Stage, tmp_path: Path) -> None:
    upload(tmp_path)
    bad = {"since": "2026-05-01T03:00:00Z", "operator": "anna@ramrod", "hosts": ["sentinel"], "reason": "It died."}
    stage.registry.with_name("bad.json").write_text(json.dumps({MODEL: {NEW: bad}}))
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "bad")
    result = receive()
    assert (result.exit_code, current(stage), stage.runs()) == (3, NOW, [])
    assert result.stdout.splitlines()[-1].endswith(f"by hand: modelctl promote {MODEL} {NEW} --anyway")


def test_what_an_earlier_one_left_is_ended_first(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed git's lock, a change that was not over, and a pin that was written and not committed."""
    upload(tmp_path)
    assert receive().exit_code == 0
    pins = stage.registry.with_name("pins.json")
    written = pins.read_text()
    stage.git("reset", "--quiet", "--hard", "first")
    pins.write_text(written)
    old = stage.registry.read_text()
    begun = stage.change(what="Promote", file=stage.registry, old=old, new=f"{old}\n", hosts=("sentinel",), model=MODEL)
    journal.write(stage.checkout, begun)
    stage.registry.write_text(begun.new)
    stage.checkout.private("index.lock").write_text("")
    monkeypatch.setattr(clone, "GIT_SECONDS", 0.0)
    result = receive()
    assert (result.exit_code, current(stage)) == (0, NEW)
    assert journal.read(stage.checkout) is None
    assert stage.git("status", "--porcelain") == ""
