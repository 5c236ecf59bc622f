"""What the lab's control node gets: the product as it is here, the site with its keys elsewhere, an environment."""

import subprocess
from pathlib import Path

import pytest

from lab import control_node, keys, site_copy
from lab.fleet import SOURCES
from lab.hosts import CONTROL, HOSTS
from lab.site.site import SITE
from modelctl.changes.edit import evaluate
from modelctl.errors import OperatorError
from modelctl.product import CHECKOUT
from modelctl.schema import Site


def git(folder: Path, *words: str) -> str:
    names = ("-c", "user.name=story", "-c", "user.email=story@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *names, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(folder: Path, **files: str) -> Path:
    """A git repository with one commit of these files."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


@pytest.fixture
def clones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The control node's disk with the clones of a small product and of the lab's site."""
    checkout = repository(tmp_path / "checkout", same="1", changed="1", removed="1")
    (checkout / "changed").write_text("2")
    (checkout / "removed").unlink()
    (checkout / "new").write_text("2")
    site = tmp_path / "site"
    (site / "inventory").mkdir(parents=True)
    (site / "inventory" / "site.py").write_text((SOURCES / "site.py").read_text())
    (site / "inventory.py").write_text(site_copy.TEXT)
    git(site, "init", "--quiet", "--initial-branch=main")
    git(site, "add", "--all")
    git(site, "commit", "--quiet", "--message", "The lab's site")
    (tmp_path / "known_hosts").write_text("data1 ssh-ed25519 AAAA\n")
    monkeypatch.setattr(control_node, "CHECKOUT", checkout)
    monkeypatch.setattr(site_copy, "FOLDER", site)
    monkeypatch.setattr(keys, "KNOWN_HOSTS", tmp_path / "known_hosts")
    control_node.write_clones(tmp_path / "disk")
    return tmp_path / "disk"


def test_its_product_is_what_this_checkout_has_committed_or_not(clones: Path) -> None:
    product = clones / control_node.PRODUCT[1:]
    found = {path.name: path.read_text() for path in product.iterdir() if path.is_file()}
    assert found == {"same": "1", "changed": "2", "new": "2"}
    assert git(product, "rev-parse", "HEAD") == git(clones.with_name("checkout"), "rev-parse", "HEAD")
    assert git(product, "remote") == ""


def test_its_site_has_the_lab_s_history_and_is_pushed(clones: Path) -> None:
    site = clones / control_node.SITE[1:]
    head, before = git(site, "log", "--format=%H").splitlines()
    assert before == git(site_copy.FOLDER, "rev-parse", "HEAD")
    assert git(clones / control_node.ORIGIN[1:], "rev-parse", "main") == head
    assert git(site, "status", "--porcelain") == ""
    assert git(site, "remote", "get-url", "origin") == control_node.ORIGIN
    assert (site / "inventory" / "known_hosts").read_text() == "data1 ssh-ed25519 AAAA\n"
    assert (site / "inventory.py").read_text() == control_node.TEXT


def test_its_site_is_the_lab_s_but_for_where_the_keys_lie() -> None:
    path = SOURCES / "site.py"
    site = evaluate(control_node.with_keys_moved(path.read_text()), path, "SITE")
    assert isinstance(site, Site)
    assert (site.ssh_key, site.known_hosts) == (None, SOURCES / "known_hosts")
    assert site.pull_ca == Path.home() / control_node.PULL_CA.removeprefix(f"{CONTROL.home}/")
    moved = {name: getattr(SITE, name) for name in ("ssh_key", "known_hosts", "pull_ca")}
    assert site.model_copy(update=moved) == SITE


def test_no_site_has_it_among_its_hosts() -> None:
    assert CONTROL.name not in HOSTS
    assert CONTROL.address not in [host.address for host in HOSTS.values()]


def test_its_environment_has_what_runs_and_not_what_tests() -> None:
    locked = control_node._locked(control_node.LOCK.read_text())
    assert {"pyinfra", "pydantic-core", "rich"} <= set(locked)
    assert not {"pytest", "mypy", "ruff"} & set(locked)
    assert len(locked) == control_node.LOCK.read_text().count("==")


def test_a_copied_package_names_the_environment_there(tmp_path: Path) -> None:
    control_node._copy(control_node._installed("sentinelcam-deploy"), tmp_path)
    program = (tmp_path / "bin" / "modelctl").read_text()
    assert program.startswith(f"#!{control_node.PRODUCT}/.venv/bin/python")
    [finder] = tmp_path.glob("lib/*/site-packages/__editable__*.py")
    assert f"{control_node.PRODUCT}/modelctl" in finder.read_text()
    assert str(CHECKOUT) not in program + finder.read_text()


def test_a_python_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_node, "PYTHON", (3, 99))
    with pytest.raises(
        OperatorError, match=r"^lab: found Python 3\.\d+, expected 3\.99, Debian 12's; run script/setup"
    ):
        control_node.write_environment(tmp_path)
