import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl import product
from modelctl.changes import ancestry


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    for each in (ancestry.contains, ancestry.remedy, product.commit_of):
        each.cache_clear()
    yield
    for each in (ancestry.contains, ancestry.remedy, product.commit_of):
        each.cache_clear()


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=anna", "-c", "user.email=anna@ramrod"]
    return subprocess.check_output(["git", "-C", str(folder), *identity, *words], text=True).strip()


def commit(folder: Path, text: str) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two commits."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    commit(folder, "one")
    commit(folder, "two")
    return folder


def test_head_and_what_came_before_it_are_contained(checkout: Path) -> None:
    for name in ("HEAD", "HEAD~1"):
        found = git(checkout, "rev-parse", name)
        assert ancestry.contains(checkout, found)
        assert ancestry.contains(checkout, f"{found}-dirty")


def test_a_newer_commit_is_not(checkout: Path) -> None:
    newer = commit(checkout, "three")
    git(checkout, "reset", "--quiet", "--hard", "HEAD~1")
    assert not ancestry.contains(checkout, newer)
    assert not ancestry.contains(checkout, f"{newer}-dirty")


def test_neither_is_one_that_nobody_has_fetched(checkout: Path) -> None:
    assert not ancestry.contains(checkout, "1" * 40)


@pytest.mark.parametrize("made_by", ["unknown", "adopted", "", "HEAD", "--help", "1" * 39, "1" * 40 + "; reboot"])
def test_what_is_no_commit_restricts_nothing(checkout: Path, made_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)  # git is not asked
    assert ancestry.contains(checkout, made_by)


def test_without_git_nothing_is_restricted(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert ancestry.contains(checkout, "1" * 40)


def test_a_site_that_lay_in_the_products_checkout_contains_what_was_deployed_then(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = tmp_path / "product"
    git(tmp_path, "init", "--quiet", str(product))
    then, newer = commit(product, "then"), commit(product, "newer")
    git(product, "reset", "--quiet", "--hard", then)
    monkeypatch.setattr(ancestry, "CHECKOUT", product)
    assert ancestry.contains(checkout, then)
    assert not ancestry.contains(checkout, newer)


def test_git_is_asked_once_for_a_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert ancestry.contains(checkout, head)
    monkeypatch.setattr(subprocess, "run", None)
    assert ancestry.contains(checkout, head)


def test_a_whole_clone_may_lack_what_is_newer(checkout: Path) -> None:
    assert ancestry.remedy(checkout) == f"git -C {checkout} pull"


def test_a_shallow_clone_lacks_what_is_older(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{checkout}", "shallow")
    shallow = tmp_path / "shallow"
    assert not ancestry.contains(shallow, git(checkout, "rev-parse", "HEAD~1"))
    assert ancestry.remedy(shallow) == f"git -C {shallow} fetch --unshallow"
    monkeypatch.chdir(tmp_path)
    ancestry.remedy.cache_clear()
    assert ancestry.remedy(shallow) == "git fetch --unshallow"


def test_a_checkout_whose_commit_is_known_needs_no_warning(checkout: Path) -> None:
    assert ancestry.warnings(checkout) == []


@pytest.fixture
def unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is no checkout."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("LC_ALL", "C")
    return tmp_path


def test_where_git_knows_no_commit_the_operator_is_warned(unknown: Path) -> None:
    assert ancestry.warnings(unknown) == [
        f"{unknown}: fatal: not a git repository (or any of the parent directories): .git; so it is not known whether "
        "a newer checkout switched a node; see git status"
    ]


def test_where_there_is_no_git_there_is_no_warning(unknown: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert ancestry.warnings(unknown) == []
