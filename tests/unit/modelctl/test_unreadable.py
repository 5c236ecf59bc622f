"""H16: one folder of the registry that cannot be read is told as that, and the rest of the registry is served."""

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.collecting import linked_files
from modelctl.registry import registry_store
from modelctl.reports import registry_state
from node import protocol
from node.protocol.registry import Listing, ListRegistry
from tests import chandler
from tests.unit.modelctl.datasinks import FakeDatasink, NearDatasink
from tests.unit.modelctl.pinned_sites import pinned_site
from tests.unit.modelctl.sites import fleet
from tests.unit.node.registry import asking

BAD, GOOD, LIST = ("haarcascades", "2020-03-25"), ("haarcascades", "2026-05-01"), ("face_recognition", "2026-02-02")
MEND = "expected a registry that ops can read; mend that there"
Spoil = Callable[[Path], None]


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    monkeypatch.chdir(chandler.FOLDER)
    datasink = NearDatasink(tmp_path, monkeypatch)
    for pair in (BAD, GOOD, LIST):
        datasink.store(*pair)
    return datasink


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Let nobody list a folder, as with mode 000 or a bad disk. These tests may run as root, who can read all."""

    def spoil(folder: Path) -> None:
        for name in ("listdir", "scandir"):
            monkeypatch.setattr(os, name, _failing(getattr(os, name), folder))

    return spoil


def _failing(old: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    def fails(path: Any = ".") -> Any:
        if (Path(f"/proc/self/fd/{path}").readlink() if isinstance(path, int) else Path(path)) == folder:
            raise PermissionError(13, "Permission denied", str(folder))
        return old(path)

    return fails


@pytest.fixture
def site(tmp_path: Path, datasink: FakeDatasink) -> Path:
    """A site whose pins cover all but the newer cascade."""
    assert datasink.registry.is_dir()
    return pinned_site(tmp_path, (BAD, LIST))


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, [*words, "--site", str(site)], catch_exceptions=False)


def why(folder: Path) -> str:
    return f"{folder}: Permission denied; {MEND}"


def test_a_version_in_the_listing(datasink: FakeDatasink, spoil: Spoil) -> None:
    spoil(datasink.registry.joinpath(*BAD))
    found = registry_store.listing(fleet())
    assert found.faults == {"/".join(BAD): why(datasink.registry.joinpath(*BAD))}
    assert set(found.versions) == {BAD, GOOD, LIST}
    assert found.versions[GOOD].fault is None


def test_a_model_in_the_listing(datasink: FakeDatasink, spoil: Spoil) -> None:
    spoil(datasink.registry / BAD[0])
    found = registry_store.listing(fleet())
    assert found.faults == {BAD[0]: why(datasink.registry / BAD[0])}
    assert set(found.versions) == {LIST}


def test_a_folder_that_cannot_even_be_looked_at(datasink: FakeDatasink, monkeypatch: pytest.MonkeyPatch) -> None:
    """H16: EIO, say; it is not taken for a file."""
    bad, lstat = datasink.registry.joinpath(*BAD), Path.lstat

    def fails(path: Path) -> os.stat_result:
        if path == bad:
            raise OSError(5, "Input/output error", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", fails)
    monkeypatch.setattr(os, "scandir", _failing(os.scandir, bad))
    assert registry_store.listing(fleet()).faults == {"/".join(BAD): why(bad)}


def test_a_folder_in_place_of_a_manifest(datasink: FakeDatasink) -> None:
    manifest = datasink.registry.joinpath(*BAD, "manifest.yaml")
    manifest.unlink()
    manifest.mkdir()
    found = registry_store.listing(fleet())
    assert (found.faults, found.versions[BAD].manifest) == ({}, None)


def test_list(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry.joinpath(*BAD))
    result = run(site, "list")
    table, notes = result.stdout.split("\n\n")
    rows = {line.split()[0]: re.split(r"  +", line)[-2:] for line in table.splitlines()}
    assert (rows["haarcascades"], rows["face_recognition"][0]) == (["2", "unreadable"], "1")
    assert (result.exit_code, notes) == (3, f"data1: {why(datasink.registry.joinpath(*BAD))}\n")
    models = json.loads(run(site, "list", "--json").stdout)["models"]
    assert models["haarcascades"]["unreadable"] == {"/".join(BAD): why(datasink.registry.joinpath(*BAD))}
    assert (models["haarcascades"]["bytes"], models["face_recognition"]["unreadable"]) == (None, {})


def test_list_without_a_model(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry / BAD[0])
    result = run(site, "list")
    rows = {line.split()[0]: re.split(r"  +", line)[-2:] for line in result.stdout.split("\n\n")[0].splitlines()}
    assert (rows["haarcascades"], rows["face_recognition"][0]) == (["unreadable", "unreadable"], "1")
    assert json.loads(run(site, "list", "--json").stdout)["models"]["haarcascades"]["versions"] is None


def test_show(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry.joinpath(*BAD))
    result = run(site, "show", BAD[0])
    versions, _, notes = result.stdout.split("\n\n")
    rows = [line.split() for line in versions.splitlines()[1:]]
    assert rows[0][0] == GOOD[1]
    assert rows[0][2] != "unreadable"
    assert rows[1] == [BAD[1], *["unreadable"] * 3, "yes", "current", "unreadable"]
    assert f"{'/'.join(BAD)}: {why(datasink.registry.joinpath(*BAD))}" in notes.splitlines()
    assert result.exit_code == 3
    found = json.loads(run(site, "show", BAD[0], "--json").stdout)["versions"]
    assert found[BAD[1]] == {
        "stored": True, "date": None, "bytes": None, "digest": None, "metrics": None, "fault": None,
        "unreadable": why(datasink.registry.joinpath(*BAD)), "pinned": "yes", "marks": ["current"], "bad": None,
    }  # fmt: skip
    assert found[GOOD[1]]["unreadable"] is None


def test_show_of_a_model_that_cannot_be_listed(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry / BAD[0])
    found = json.loads(run(site, "show", BAD[0], "--json").stdout)
    assert (found["versions"][BAD[1]]["stored"], found["error"]) == (None, f"data1: {why(datasink.registry / BAD[0])}")
    assert json.loads(run(site, "show", LIST[0], "--json").stdout)["error"] is None


def test_verify(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry.joinpath(*BAD))
    result = run(site, "verify", "--json")
    found = {(each["model"], each["version"]): each for each in json.loads(result.stdout)["versions"]}
    assert "Permission denied" in found[BAD]["error"]
    assert (found[GOOD]["error"], found[GOOD]["missing"], found[LIST]["error"]) == (None, [], None)
    assert result.exit_code == 3


def test_verify_without_a_model(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    """H16: what cannot be listed is not missing."""
    spoil(datasink.registry / BAD[0])
    found = {
        (each["model"], each["version"]): each for each in json.loads(run(site, "verify", "--json").stdout)["versions"]
    }
    assert (found[BAD]["error"], found[BAD]["missing"]) == (f"data1: {why(datasink.registry / BAD[0])}", [])
    assert found[LIST]["error"] is None


def test_pin(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry.joinpath(*GOOD))
    datasink.store("haarcascades", "2026-06-01")
    result = run(site, "pin", "haarcascades", "--yes")
    assert (result.exit_code, "1 pinned; commit" in result.stdout) == (1, True)
    assert result.stderr.splitlines()[-1].startswith(f"not pinned: {'/'.join(GOOD)}; when that is mended:")


def test_pin_without_a_model(datasink: FakeDatasink, site: Path, spoil: Spoil) -> None:
    spoil(datasink.registry / BAD[0])
    datasink.store("face_recognition", "2025-02-25")
    result = run(site, "pin", "--yes")
    assert f"data1: {why(datasink.registry / BAD[0])}" in result.stderr.splitlines()
    assert (result.exit_code, "1 pinned; commit" in result.stdout) == (1, True)
    again = run(site, "pin", "haarcascades", "--yes")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.splitlines()[-1].startswith("not all was pinned; when that is mended: modelctl pin")


def test_status(datasink: FakeDatasink, spoil: Spoil, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(datasink.registry.joinpath(*BAD))
    spoil(datasink.registry / LIST[0])
    monkeypatch.setattr(linked_files, "unfinished", lambda _: ())
    monkeypatch.setattr(registry_state, "_retention", lambda _: ())
    found = registry_state.look(fleet())
    assert found.unreadable == {
        "/".join(BAD): why(datasink.registry.joinpath(*BAD)), LIST[0]: why(datasink.registry / LIST[0]),
    }  # fmt: skip
    assert found.unpinned == ("/".join(GOOD),)
    assert f"data1: {why(datasink.registry.joinpath(*BAD))}" in list(registry_state.notes(fleet(), found))


def test_a_mode_that_lets_nobody_in(tmp_path: Path) -> None:
    """H16: with the rights of a user who is not root, where there is one."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    folder = tmp_path / "cats" / "2026-01-01"
    folder.mkdir(parents=True)
    (tmp_path / "cats" / "2026-02-02").mkdir()
    (tmp_path / "dogs").mkdir(mode=0)
    folder.chmod(0)
    for path in (tmp_path, *tmp_path.parents[:-2]):
        path.chmod(path.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    found = _as_nobody(tmp_path)
    assert [each.fault for each in found.versions.values()] == [
        f"{folder}: Permission denied",
        None,
    ]
    assert found.unreadable == {"dogs": f"{tmp_path}/dogs: Permission denied"}


def _as_nobody(registry: Path) -> Listing:
    done = asking.travel("list-registry", ListRegistry(registry, ["cats", "dogs"]), user="65534")
    return protocol.loads(Listing, done.stdout.decode())
