"""A change: checkout and hosts move together, or neither does."""

import os
from pathlib import Path

import pytest

from modelctl.changes import change, deployment, journal
from modelctl.errors import OperatorError
from tests.unit.modelctl.fake_changes import FAIL, HOSTS, MODEL, WHAT, FakeHosts, Stage, use

OTHER = "# of somebody else\n"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é 1")


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


def make(stage: Stage, *data: str, **fields: object) -> None:
    change.make(stage.checkout, stage.change(**fields), f"{WHAT}\n\nwhy", data)


def failure(stage: Stage, **fields: object) -> str:
    with pytest.raises(OperatorError) as caught:
        make(stage, **fields)
    return str(caught.value)


def undo_failure(stage: Stage) -> str:
    begun = journal.read(stage.checkout)
    assert begun is not None
    with pytest.raises(OperatorError) as caught:
        change.undo(stage.checkout, begun)
    return str(caught.value)


def undo(stage: Stage) -> str:
    begun = journal.read(stage.checkout)
    assert begun is not None
    return change.undo(stage.checkout, begun)


class TestMake:
    def test_file_commit_and_hosts_move(self, stage: Stage) -> None:
        wished = stage.change()
        make(stage, "unlock=yes")
        assert stage.registry.read_text() == wished.new
        assert stage.registry.stat().st_mode & 0o777 == 0o664
        assert stage.git("log", "-1", "--format=%B").strip() == f"{WHAT}\n\nwhy"
        assert stage.git("diff", "--name-only", "first", "HEAD") == "inventory/registry.py"
        assert stage.git("status", "--porcelain") == ""
        assert stage.fleet() == dict.fromkeys(HOSTS, stage.wanted())
        assert journal.read(stage.checkout) is None
        limits = ["--limit", "data1", "--limit", "sentinel"]
        data = ["--data", f"models={MODEL}", "--data", "unlock=yes"]
        assert stage.runs() == [[str(stage.inventory), "deploys/models.py", "-y", *limits, *data]]
        assert stage.runs("head") == [[stage.git("rev-parse", "HEAD")]]
        assert stage.runs("text") == [wished.new.splitlines()]

    def test_the_journal_tells_of_it_meanwhile(self, stage: Stage) -> None:
        path = stage.checkout.private(journal.JOURNAL)
        stage.act(f"begin() {{ cp '{path}' '{stage.state}/seen'; }}")
        wished = stage.change()
        make(stage)
        path.write_text((stage.state / "seen").read_text())
        assert journal.read(stage.checkout) == wished

    def test_where_no_host_moves_nothing_is_deployed(self, stage: Stage) -> None:
        make(stage, hosts=())
        assert (stage.runs(), stage.log(), journal.read(stage.checkout)) == ([], [WHAT], None)

    def test_a_deploy_that_fails_is_undone(self, stage: Stage) -> None:
        stage.act(f'moved() {{ [ -e "{stage.state}/ill" ] || {{ touch "{stage.state}/ill"; exit 1; }}; }}')
        line = failure(stage)
        commit = stage.git("rev-parse", "HEAD")[:12]
        assert line == (
            f"{WHAT}: the deploy failed, see above; the edit is undone by commit {commit}, "
            "and data1, sentinel run what they ran before"
        )
        assert stage.log() == [f"Undo: {WHAT}", WHAT]
        assert stage.is_as_first()
        assert stage.runs()[1][-4:] == ["--data", f"models={MODEL}", "--data", "unlock=yes"]
        assert stage.runs()[1][:-4] == stage.runs()[0][:-2]
        assert stage.registry.stat().st_mode & 0o777 == 0o664

    def test_what_failed_is_repeated_at_the_end(self, stage: Stage) -> None:
        told = 'echo "[\\"lab1 rolled back: why\\"]" >"$SENTINELCAM_FAILURES"'
        stage.act(f'moved() {{ [ -e "{stage.state}/ill" ] || {{ touch "{stage.state}/ill"; {told}; exit 1; }}; }}')
        assert failure(stage).endswith("and data1, sentinel run what they ran before; lab1 rolled back: why")

    def test_why_hosts_do_not_come_back_is_repeated_too(self, stage: Stage) -> None:
        told = f'echo "[\\"lab1 failed, run $(ls "{stage.state}/runs" | wc -l)\\"]" >"$SENTINELCAM_FAILURES"'
        stage.act(f"begin() {{ {told}; exit 1; }}")
        assert failure(stage).endswith("; see which: modelctl status; lab1 failed, run 2; lab1 failed, run 1")

    def test_hosts_that_do_not_come_back_are_told_of(self, stage: Stage) -> None:
        stage.act(FAIL)
        line = failure(stage)
        commit = stage.git("rev-parse", "HEAD")[:12]
        assert line == (
            f"{WHAT}: the deploy failed, see above; the edit is undone by commit {commit}, but not all of "
            "data1, sentinel are known to run what they ran before; see which: modelctl status"
        )
        assert journal.read(stage.checkout) is None

    def test_without_pyinfra_nothing_changes(self, stage: Stage) -> None:
        stage.pyinfra.chmod(0o644)
        expected = f"{stage.pyinfra}: not there, or no program; expected pyinfra in a checkout; see README.md"
        assert failure(stage) == expected
        assert (stage.log(), stage.is_as_first()) == ([], True)

    def test_a_pyinfra_that_goes_meanwhile_leaves_the_journal(self, stage: Stage) -> None:
        stage.act(f"begin() {{ rm '{stage.pyinfra}'; exit 1; }}")
        assert failure(stage) == (
            f"{WHAT}: the deploy failed, see above; {stage.pyinfra}: not there, or no program; "
            "expected pyinfra in a checkout; see README.md; then: modelctl undo"
        )
        assert journal.read(stage.checkout) is not None

    def test_a_pyinfra_that_cannot_be_started_is_undone_in_the_checkout(self, stage: Stage) -> None:
        stage.pyinfra.write_text("#!/nowhere/python\n")
        line = failure(stage)
        assert line.startswith(f"{WHAT}: {stage.pyinfra}: not there, or no program; ")
        assert line.endswith("; then: modelctl undo")
        assert stage.git("diff", "first") == ""
        assert stage.log() == [f"Undo: {WHAT}", WHAT]
        assert journal.read(stage.checkout) is not None

    def test_an_edit_during_the_question_is_not_lost(self, stage: Stage) -> None:
        wished = stage.change()
        stage.registry.write_text(wished.old + OTHER)
        with pytest.raises(OperatorError, match="it has uncommitted changes; expected none"):
            change.make(stage.checkout, wished, WHAT, ())
        stage.git("commit", "--quiet", "--all", "--message", "mine")
        with pytest.raises(OperatorError) as caught:
            change.make(stage.checkout, wished, WHAT, ())
        assert str(caught.value) == f"{stage.registry}: it was changed meanwhile; nothing was written: run it again"
        assert stage.registry.read_text() == wished.old + OTHER
        assert (stage.log(), stage.runs(), journal.read(stage.checkout)) == (["mine"], [], None)


class TestGitRefuses:
    @pytest.mark.parametrize(
        ("hook", "said"), [("echo no tests; exit 1", "git commit: no tests"), ("exit 1", "git commit: it failed")]
    )
    def test_by_a_hook(self, stage: Stage, hook: str, said: str) -> None:
        stage.hook("pre-commit", hook)
        assert failure(stage) == f"{stage.folder}: {said}; expected it to work; see git status"
        assert (stage.log(), stage.runs(), stage.is_as_first()) == ([], [], True)

    def test_without_an_identity(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        for each in ("user.name", "user.email"):
            stage.git("config", "--unset", each)
        stage.git("config", "user.useConfigOnly", "true")
        monkeypatch.setenv("HOME", str(stage.state))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(stage.state))
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        line = failure(stage)
        assert line.startswith(f"{stage.folder}: git commit: Author identity unknown *** Please tell me who you are.")
        assert (stage.log(), stage.runs(), stage.is_as_first()) == ([], [], True)

    def test_a_hook_that_rewrites_the_file(self, stage: Stage) -> None:
        stage.hook("pre-commit", "echo '# formatted' >>inventory/registry.py; git add inventory/registry.py")
        line = failure(stage)
        assert line == f"{stage.registry}: a hook of git changed it; expected it as it was written"
        assert stage.runs() == []
        assert stage.registry.read_text() == stage.change().old

    def test_a_commit_that_was_made_all_the_same(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        commit = type(stage.checkout).commit

        def interrupted(*words: object) -> str:
            monkeypatch.setattr(type(stage.checkout), "commit", commit)
            commit(*words)  # type: ignore[arg-type]
            raise OperatorError("git commit: it failed")

        monkeypatch.setattr(type(stage.checkout), "commit", interrupted)
        assert failure(stage) == "git commit: it failed"
        assert (stage.log(), stage.is_as_first()) == ([f"Undo: {WHAT}", WHAT], True)

    def test_a_lock_that_a_killed_git_left(self, stage: Stage) -> None:
        lock = stage.folder / ".git" / "index.lock"
        stage.act(f"begin() {{ touch '{lock}'; exit 1; }}")
        line = failure(stage)
        assert f"Unable to create '{lock}': File exists." in line
        assert line.endswith("; expected it to work; see git status; then: modelctl undo")
        assert journal.read(stage.checkout) is not None
        lock.unlink()
        stage.act("")
        undo(stage)
        assert stage.is_as_first()

    def test_a_folder_of_git_that_cannot_be_written(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        path = stage.checkout.private(journal.JOURNAL)
        assert failure(stage) == f"{path}: No space left on device; expected a file that you may write"
        assert (stage.log(), stage.runs(), stage.is_as_first()) == ([], [], True)


class TestMeanwhile:
    """Somebody works in the checkout while the deploy runs, and it fails."""

    def test_another_edit_is_not_taken_away(self, stage: Stage) -> None:
        stage.act(f'begin() {{ printf "{OTHER}" >>inventory/registry.py; exit 1; }}')
        expected = (
            f"{stage.registry}: it was changed since {WHAT}; expected it as that left it; take the other change out "
            "(git stash, or git revert); then: modelctl undo"
        )
        assert failure(stage) == f"{WHAT}: the deploy failed, see above; {expected}"
        assert stage.registry.read_text().endswith(OTHER)
        assert undo_failure(stage) == expected
        stage.git("stash", "--quiet")
        stage.act("")
        assert undo(stage).endswith(", and data1, sentinel run what they ran before")
        assert stage.is_as_first()

    def test_a_commit_on_top_stays(self, stage: Stage) -> None:
        stage.act("begin() { echo x >notes; git add notes; git commit -qm notes; exit 1; }")
        line = failure(stage)
        assert "the edit is undone by commit" in line
        assert stage.log() == [f"Undo: {WHAT}", "notes", WHAT]
        assert (stage.folder / "notes").exists()
        assert stage.git("diff", "--name-only", "first", "HEAD") == "notes"

    def test_what_was_staged_of_other_files_stays_staged(self, stage: Stage) -> None:
        stage.act("begin() { echo x >notes; git add notes; exit 1; }")
        failure(stage)
        assert stage.git("status", "--porcelain") == "A  notes"

    @pytest.mark.parametrize(
        ("words", "found"), [("switch -q -c other first", "other"), ("switch -q --detach first", "a detached HEAD")]
    )
    def test_on_another_branch_nothing_is_undone(self, stage: Stage, words: str, found: str) -> None:
        stage.act(f"begin() {{ git {words}; exit 1; }}")
        expected = (
            f"{stage.folder}: found {found}; expected the branch with {WHAT}: git switch main; then: modelctl undo"
        )
        assert failure(stage) == f"{WHAT}: the deploy failed, see above; {expected}"
        assert undo_failure(stage) == expected
        stage.git("switch", "--quiet", "main")
        stage.act("")
        undo(stage)
        assert stage.is_as_first()


def test_pyinfra_is_the_one_beside_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("sys.executable", "/somewhere/bin/python3")
    assert deployment._pyinfra() == "/somewhere/bin/pyinfra"
