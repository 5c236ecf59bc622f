"""`modelctl receive`: from what a trainer uploaded to the registry, to git and to the hosts, or nothing of it."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.changes import journal
from modelctl.commands import receive as receive_command
from modelctl.inventory.fleet import Fleet
from modelctl.receiving import clone, unit
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.fake_changes import FAIL, FakeHosts, Stage, use

MODEL, NOW, NEW = "haarcascades", "2020-03-25", "2026-05-01"
EYE = b"<opencv_storage/>"
LABEL = f"{MODEL}/{NEW}"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"
STORED = f"{LABEL}: stored on data1"


class Origin:
    """The bare repository that the clone fetches from and pushes to, and another clone of it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.bare, self.other = folder / "origin.git", folder / "other"
        for words in (["clone", "--quiet", "--bare", str(stage.folder), str(self.bare)],
                      ["clone", "--quiet", str(self.bare), str(self.other)]):  # fmt: skip
            subprocess.run(["git", *words], check=True, capture_output=True)
        stage.git("remote", "add", "origin", str(self.bare))
        stage.git("fetch", "--quiet", "origin")
        stage.git("branch", "--quiet", "--set-upstream-to=origin/main")

    def log(self) -> list[str]:
        return self._git(self.bare, "log", "--format=%s", "main").splitlines()

    def commit(self, name: str, text: str) -> None:
        """Somebody else commits a file, and pushes it."""
        (self.other / name).write_text(text)
        self._git(self.other, "add", "--all")
        self._git(self.other, "-c", "user.name=bert", "-c", "user.email=b@x", "commit", "--quiet", "--message", name)
        self._git(self.other, "push", "--quiet")

    def _git(self, folder: Path, *words: str) -> str:
        return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage.build(tmp_path / "site")
    text = stage.registry.read_text()
    line = f'            current_version="{NOW}",\n            files={{"eye"'
    stage.registry.write_text(text.replace(line, f"            auto_promote=True,\n{line}"))
    assert "auto_promote=True,\n            current" in stage.registry.read_text()
    stage.git("commit", "--quiet", "--all", "--message", "It is promoted at once")
    stage.git("tag", "--force", "first")
    for host in stage.fleet():
        (stage.state / "fleet" / host).write_text(stage.wanted())
    return stage


@pytest.fixture
def origin(stage: Stage, tmp_path: Path) -> Origin:
    return Origin(stage, tmp_path)


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


@pytest.fixture(autouse=True)
def datasink(tmp_path: Path, hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch) -> NearDatasink:
    del hosts  # which is asked what this one is not
    datasink = NearDatasink(tmp_path, monkeypatch)
    datasink.registry.mkdir()
    monkeypatch.setattr(Fleet, "incoming_folder", lambda _: str(tmp_path / "incoming"))
    return datasink


def upload(tmp_path: Path, version: str = NEW, content: bytes = EYE, **fields: Any) -> Path:
    """What a trainer uploaded."""
    folder = tmp_path / "incoming" / MODEL / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "haarcascade_eye.xml").write_bytes(content)
    (folder / ".announced.json").write_text("{}")
    about = {
        "name": MODEL, "version": version, "source": "eyes.ipynb", "host": "deepend", "date_deployed": TODAY,
        "training_metrics": {"accuracy": 0.97}, "requires": {"numpy": "1.24.4"},
    }  # fmt: skip
    (folder / "manifest.yaml").write_text(yaml.safe_dump({**about, **fields}))
    return folder


def receive(*words: str, version: str = NEW) -> Result:
    return CliRunner().invoke(cli.main, ["receive", MODEL, version, *words], catch_exceptions=False)


def pinned(stage: Stage, version: str = NEW) -> Any:
    return json.loads(stage.registry.with_name("pins.json").read_text())[MODEL].get(version)


def current(stage: Stage) -> str:
    return next(word for word in (NEW, NOW) if f'current_version="{word}"' in eye_of(stage))


def eye_of(stage: Stage) -> str:
    return stage.registry.read_text().partition('"haarcascades"')[2].partition("files=")[0]


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
    assert said.startswith(
        f"{MODEL} {NEW}: stored and pinned, and not promoted: the face list lacks 20 event(s) of the "
    )
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


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda folder: (folder / "manifest.yaml").unlink(), "not uploaded, or not to its end; publish it again"),
        (lambda folder: (folder / "more.part").write_bytes(b"x"), f"{LABEL}: more.part: not whole; publish it again"),
        (lambda folder: (folder / "haarcascade_eye.xml").unlink(),
         "files.eye: found no haarcascade_eye.xml among what was uploaded; publish it with that file"),
        (lambda folder: (folder / "haarcascade_eye.xml").write_bytes(b""),
         "haarcascade_eye.xml: an empty file; expected the file itself: copy it anew; publish it again"),
        (lambda folder: (folder / "link").symlink_to("/etc/passwd"), "link: "),
        (lambda folder: os.mkfifo(folder / "fifo"), "fifo: "),
        (lambda folder: (folder / "manifest.yaml").write_text("name: x\n"), "manifest.yaml: "),
        (lambda folder: upload(folder.parents[2], name="openface_torch"), "manifest.yaml: found openface_torch/"),
        (lambda folder: upload(folder.parents[2], training_metrics={"a": float("nan")}), "finite numbers"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_all_as_it_was(
    stage: Stage, datasink: NearDatasink, tmp_path: Path, harm: Any, said: str
) -> None:
    harm(upload(tmp_path))
    result = receive()
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr
    assert (stage.is_as_first(), stage.log(), stage.runs()) == (True, [], [])
    assert list(datasink.registry.iterdir()) == []


def test_other_bytes_under_the_same_version(stage: Stage, datasink: NearDatasink, tmp_path: Path) -> None:
    upload(tmp_path)
    assert receive().exit_code == 0
    before, pin = len(stage.runs()), pinned(stage)
    upload(tmp_path, content=b"<other/>")
    result = receive()
    assert (result.exit_code, len(stage.runs()), pinned(stage)) == (1, before, pin)
    assert result.stderr.endswith(f"store the files as another version: {NEW}.2\n")
    assert (datasink.registry / MODEL / NEW / "haarcascade_eye.xml").read_bytes() == EYE


def test_the_same_bytes_under_another_version(datasink: NearDatasink, tmp_path: Path) -> None:
    upload(tmp_path)
    assert receive().exit_code == 0
    upload(tmp_path, version="2026-05-02")
    result = receive(version="2026-05-02")
    assert (result.exit_code, result.stderr) == (
        1, f"{MODEL}/2026-05-02: {LABEL} holds the same files; to store them again: --anyway\n",
    )  # fmt: skip
    assert not (datasink.registry / MODEL / "2026-05-02").exists()
    assert receive("--anyway", version="2026-05-02").exit_code == 0


@pytest.mark.parametrize(
    ("requires", "has", "wants"),
    [
        ({"numpy": "2.4.1"}, {"numpy": "1.24.4"}, "numpy"),
        ({"numpy": "1.26.0"}, {"numpy": "1.24.4"}, None),
        ({"numpy": "1.24.4"}, {"numpy": "2.4.1"}, None),
        ({"scikit-learn": "1.7.0"}, {"scikit-learn": "1.6.1"}, "scikit-learn"),
        ({"scikit-learn": "1.3.2"}, {"scikit-learn": "1.6.1"}, None),
        ({"scikit-learn": "1.6.2"}, {"scikit-learn": "1.6.1"}, None),
        ({"scikit-learn": "1.7.0", "h5py": "9"}, {}, None),
        ({"numpy": "soon"}, {"numpy": "1.24.4"}, None),
    ],
)
def test_what_no_sentinel_could_load_is_not_stored(
    stage: Stage, hosts: FakeHosts, tmp_path: Path, requires: dict[str, str], has: dict[str, str], wants: str | None
) -> None:
    hosts.packages = {"sentinel": {"python": "3.11.2", **has}}
    upload(tmp_path, requires=requires)
    result = receive()
    assert (result.exit_code, pinned(stage) is None) == ((1, True) if wants else (0, False))
    if wants:
        said = f"found {wants} {has[wants]}; the version requires {requires[wants]}; train it with {wants} {has[wants]}"
        assert result.stderr == f"sentinel: {said}\n"


@pytest.mark.parametrize(("days", "is_told"), [(-1, False), (1, False), (-2, True), (3, True)])
def test_a_clock_that_is_wrong_is_told_of(tmp_path: Path, days: int, is_told: bool) -> None:
    day = f"{datetime.now(UTC) + timedelta(days):%Y-%m-%d}"
    upload(tmp_path, date_deployed=day)
    result = receive()
    told = f"warning: {LABEL}: its snapshot is of {day}, {abs(days)} days from today; is the trainer's clock right?\n"
    assert (result.exit_code, result.stderr) == (0, told if is_told else "")


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


@pytest.mark.parametrize("words", [["nosuch", NEW], [MODEL, "v2.4"], ["coral_packages", NEW]])
def test_what_is_no_model_or_version(stage: Stage, words: list[str]) -> None:
    result = CliRunner().invoke(cli.main, ["receive", *words], catch_exceptions=False)
    assert (result.exit_code, stage.is_as_first()) == (1, True)
    assert result.stderr.startswith(("MODEL: found ", "VERSION: found "))


@pytest.mark.parametrize(
    "asked",
    [
        None, "", "sh", "receive", f"receive {MODEL}", f"receive {MODEL} {NEW} --anyway", f"receive  {MODEL} {NEW}",
        f"receive {MODEL} {NEW}; reboot", f"receive {MODEL} {NEW}\n", f"receive ../x {NEW}", f"receive --help {NEW}",
        f"receive {MODEL} 2026-02-30", f"receive {MODEL} 2026-05-01.1", f"receive {MODEL} \uff12026-05-01",
        f"upload {MODEL} {NEW}", f"receive {MODEL} {NEW}\0", "receive " + "x" * 9999 + f" {NEW}",
    ],
)  # fmt: skip
def test_what_a_trainer_s_key_does_not_open(stage: Stage, monkeypatch: pytest.MonkeyPatch, asked: str | None) -> None:
    run: list[Any] = []
    monkeypatch.setattr(unit, "run", lambda *words: run.append(words))
    monkeypatch.setattr(os, "environ", {} if asked is None else {receive_command.ASKED: asked})
    result = CliRunner().invoke(cli.main, ["trainer-shell"], catch_exceptions=False)
    assert (result.exit_code, run, stage.is_as_first()) == (1, [], True)
    assert result.stderr.startswith("SSH_ORIGINAL_COMMAND: found ")
    assert (result.stderr.rstrip("\n").isprintable(), len(result.stderr) < 300) == (True, True)


def test_what_a_trainer_s_key_opens(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[Any] = []

    def ends(*words: Any) -> int:
        run.append(words[:2])
        return 3

    monkeypatch.setattr(unit, "run", ends)
    monkeypatch.setenv(receive_command.ASKED, f"receive {MODEL} {NEW}.2")
    assert CliRunner().invoke(cli.main, ["trainer-shell"]).exit_code == 3
    words = [sys.argv[0], "receive", MODEL, f"{NEW}.2", "--site", str(stage.inventory.resolve())]
    assert run == [(words, f"sentinelcam-receive-{MODEL}-{NEW}.2")]
