from pathlib import Path

import pytest

from node import replaceable


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
    replaceable.require(path)
    assert sorted(tmp_path.rglob("*")) == before
