import subprocess
from pathlib import Path

import pytest

from node.errors import Refusal
from node.switch import installation


@pytest.mark.parametrize("is_there", [True, False])
def test_what_is_proved_replaceable_stays_as_it_is_and_so_does_what_is_in_the_way(
    tmp_path: Path, is_there: bool
) -> None:
    """R7"""
    path, taken = tmp_path / "config", tmp_path / ".config.new"
    taken.mkdir()
    if is_there:
        path.write_bytes(b"old")
    before = sorted(tmp_path.rglob("*"))
    installation.prove_replaceable(path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["file", "link", "absent"])
def test_to_prove_that_something_can_be_replaced_changes_nothing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "engine.yaml"
    if kind == "file":
        path.write_text("old")
    elif kind == "link":
        path.symlink_to("nowhere")
    (tmp_path / ".engine.yaml.new").touch()
    before = path.read_text() if kind == "file" else None
    installation.prove_replaceable(path)
    assert [each.name for each in tmp_path.iterdir()] == ([] if kind == "absent" else ["engine.yaml"])
    assert (path.read_text() if kind == "file" else None) == before


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_immutable_cannot_be_replaced(tmp_path: Path, what: str) -> None:
    """H4."""
    path = tmp_path / "engine.yaml"
    path.write_text("old")
    immutable = path if what == "file" else tmp_path
    if subprocess.run(["chattr", "+i", immutable], check=False, capture_output=True).returncode:
        pytest.skip("this file system knows no such files")
    try:
        with pytest.raises(Refusal, match=r"engine\.yaml: cannot be replaced \(Operation not permitted\); see lsattr"):
            installation.prove_replaceable(path)
    finally:
        subprocess.run(["chattr", "-i", immutable], check=True)
    assert [each.name for each in tmp_path.iterdir()] == ["engine.yaml"]
