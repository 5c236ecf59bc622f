"""The checkout's git, with real repositories."""

import os
import subprocess
from pathlib import Path

import pytest

from modelctl.changes.git import Checkout, checkout_of
from modelctl.errors import OperatorError
from tests.unit.modelctl.fake_changes import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage.build(tmp_path / "site é [1]\ta")


def refusal(stage: Stage) -> str:
    with pytest.raises(OperatorError) as caught:
        stage.checkout.require_editable(stage.registry)
    return str(caught.value)


def test_a_clean_branch_is_editable(stage: Stage) -> None:
    stage.checkout.require_editable(stage.registry)
    (stage.folder / "inventory" / "notes").touch()
    stage.site.write_text("mine")
    stage.git("add", "inventory/site.py")
    stage.checkout.require_editable(stage.registry)


@pytest.mark.parametrize("state", ["changed", "staged", "staged and changed back", "removed", "untracked", "unborn"])
def test_uncommitted_changes_of_the_file(stage: Stage, state: str) -> None:
    text = stage.registry.read_text()
    if state == "removed":
        stage.registry.unlink()
    else:
        stage.registry.write_text(text + "# mine\n")
    if state.startswith("staged"):
        stage.git("add", "--all")
    if state == "staged and changed back":
        stage.registry.write_text(text)
    if state == "untracked":
        stage.git("rm", "--quiet", "--cached", "inventory/registry.py")
        stage.git("commit", "--quiet", "--message", "gone")
    if state == "unborn":
        stage.git("switch", "--quiet", "--discard-changes", "--orphan", "other")
        stage.registry.parent.mkdir(exist_ok=True)
        stage.registry.write_text(text)
    there = f"git -C '{stage.folder}'"
    commits = (
        f"{there} add inventory/registry.py && {there} commit --message 'Change registry.py' inventory/registry.py"
    )
    assert refusal(stage) == (
        f"{stage.registry}: it has uncommitted changes; expected none; commit them: {commits}; "
        f"or take them back: {there} stash"
    )
    subprocess.run(["bash", "-c", commits], check=False, capture_output=True)  # as it would be pasted
    stage.checkout.require_editable(stage.registry)


def test_a_file_that_git_ignores(stage: Stage) -> None:
    (stage.folder / ".gitignore").write_text("registry.py\n")
    stage.git("rm", "--quiet", "--cached", "inventory/registry.py")
    stage.git("commit", "--quiet", "--all", "--message", "ignored")
    assert refusal(stage).startswith(f"{stage.folder}: git ls-files: error: pathspec ")


def test_a_detached_head(stage: Stage) -> None:
    assert stage.checkout.branch() == "main"
    stage.git("switch", "--quiet", "--detach")
    assert refusal(stage) == f"{stage.folder}: HEAD is detached; expected a branch to commit to: git switch BRANCH"
    assert stage.checkout.branch() == ""


def test_a_branch_and_its_upstream(stage: Stage, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream"
    stage.git("clone", "--quiet", "--bare", str(stage.folder), str(upstream))
    stage.git("remote", "add", "origin", str(upstream))
    stage.git("fetch", "--quiet", "origin")
    stage.git("branch", "--quiet", "--set-upstream-to=origin/main")
    stage.checkout.require_editable(stage.registry)  # as far as it
    for _ in range(2):
        stage.git("commit", "--quiet", "--allow-empty", "--message", "newer")
    stage.checkout.require_editable(stage.registry)  # before it
    stage.git("push", "--quiet", "origin", "main")
    stage.git("reset", "--quiet", "--hard", "first")
    expected = "expected a branch that is level with it: git pull"
    assert refusal(stage) == f"{stage.folder}: main is 2 commits behind origin/main; {expected}"
    stage.git("commit", "--quiet", "--allow-empty", "--message", "beside")
    assert refusal(stage) == f"{stage.folder}: main is 2 commits behind origin/main; {expected}"
    stage.git("update-ref", "-d", "refs/remotes/origin/main")
    stage.checkout.require_editable(stage.registry)  # it is gone


def test_a_commit_holds_the_file_alone(stage: Stage) -> None:
    stage.registry.write_text("new")
    stage.site.write_text("mine")
    (stage.folder / "staged").touch()
    stage.git("add", "staged")
    assert not stage.checkout.is_committed(stage.registry)
    commit = stage.checkout.commit(stage.registry, "-m\n\n# why")
    assert stage.checkout.is_committed(stage.registry)
    assert commit == stage.git("rev-parse", "HEAD")
    assert stage.git("show", "--format=%B", "--name-only").split("\n") == [
        "-m",
        "",
        "# why",
        "",
        "",
        "inventory/registry.py",
    ]
    assert stage.git("status", "--porcelain") == " M inventory/site.py\nA  staged"


def test_what_was_staged_of_a_file_is_forgotten(stage: Stage) -> None:
    text = stage.registry.read_text()
    stage.registry.write_text("new")
    stage.git("add", "--all")
    stage.registry.write_text(text)
    assert stage.checkout.is_committed(stage.registry)
    stage.checkout.unstage(stage.registry)
    assert stage.git("status", "--porcelain") == ""


def test_a_commit_that_git_refuses_is_one_line(stage: Stage) -> None:
    stage.hook("pre-commit", "printf 'first\\033[2J\\nlast\\n' >&2; exit 3")
    stage.registry.write_text("new")
    with pytest.raises(OperatorError) as caught:
        stage.checkout.commit(stage.registry, "x")
    expected = f"{stage.folder}: git commit: first?[2J last; expected it to work; see git status"
    assert str(caught.value) == expected


def test_the_checkout_of_a_file(stage: Stage, tmp_path: Path) -> None:
    assert checkout_of(stage.registry) == Checkout(stage.folder)
    spaced = Stage.build(tmp_path / "other").folder.rename(tmp_path / "checkout ")
    assert checkout_of(spaced / "inventory.py") == Checkout(spaced)
    link = tmp_path / "link.py"
    link.symlink_to(stage.registry)
    assert checkout_of(link) == Checkout(stage.folder)


def test_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError) as caught:
        checkout_of(tmp_path / "x")
    assert str(caught.value).startswith(f"{tmp_path}: git rev-parse: fatal: not a git repository")
    with pytest.raises(OperatorError) as caught:
        checkout_of(tmp_path / "gone" / "x")
    assert str(caught.value) == f"{tmp_path}/gone: No such file or directory; expected a folder of a git checkout"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError) as caught:
        checkout_of(tmp_path / "x")
    assert str(caught.value) == "git: no such program; install it: apt-get install git"


@pytest.mark.parametrize("kind", ["plain", "worktree", "submodule"])
def test_our_own_files_are_in_git_s_folder(stage: Stage, tmp_path: Path, kind: str) -> None:
    folder = stage.folder
    if kind == "worktree":
        folder = tmp_path / "worktree"
        stage.git("worktree", "add", "--quiet", str(folder))
    if kind == "submodule":
        outer = Stage.build(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(stage.folder), "part")
        folder = outer.folder / "part"
    checkout = checkout_of(folder / "inventory" / "registry.py")
    assert checkout.folder == folder
    checkout.private("own").touch()
    top = {"plain": folder / ".git", "worktree": stage.folder / ".git", "submodule": tmp_path / "outer/checkout/.git"}
    assert [Path(os.path.relpath(path, top[kind])) for path in top[kind].rglob("own")] == [
        {"plain": Path("own"), "worktree": Path("worktrees/worktree/own"), "submodule": Path("modules/part/own")}[kind]
    ]
    checkout.require_editable(folder / "inventory" / "registry.py")
