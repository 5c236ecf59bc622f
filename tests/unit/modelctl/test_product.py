"""Which commit a folder is of, and which release this is."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl import product


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    product.commit_of.cache_clear()
    yield
    product.commit_of.cache_clear()


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=anna", "-c", "user.email=anna@ramrod"]
    return subprocess.check_output(["git", "-C", str(folder), *identity, *words], text=True).strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a git checkout with one commit and a tag."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "site.py").write_text("SITE = 1\n")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    git(tmp_path, "tag", "v1")
    return tmp_path / "inventory"


def test_the_commit_of_a_folder(folder: Path) -> None:
    assert product.commit_of(folder) == git(folder, "rev-parse", "HEAD")


def test_with_uncommitted_changes_it_is_dirty(folder: Path) -> None:
    (folder / "site.py").write_text("SITE = 2\n")
    assert product.commit_of(folder) == f"{git(folder, 'rev-parse', 'HEAD')}-dirty"


def test_what_git_does_not_know_is_no_change(folder: Path) -> None:
    (folder / ".deploy.lock").touch()
    assert product.commit_of(folder) == git(folder, "rev-parse", "HEAD")


def test_in_no_checkout_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert product.commit_of(tmp_path) == "unknown"


def test_without_git_it_is_unknown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert product.commit_of(folder) == "unknown"


def test_the_release_names_its_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "CHECKOUT", folder)
    monkeypatch.setattr(product, "version", lambda _: "1.2.3")
    assert product.release.__wrapped__() == f"1.2.3 {git(folder, 'rev-parse', 'HEAD')}"


def test_it_is_the_checkout_with_the_deploys() -> None:
    assert (product.CHECKOUT / "deploys" / "models.py").is_file()
