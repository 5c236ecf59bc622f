"""R6: the file of revoked pull keys."""

from pathlib import Path

import pytest

from modelctl.errors import Faults, OperatorError
from modelctl.inventory.json_files import Revoked, dump_revoked, load_revoked
from tests.unit.modelctl.sites import fleet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "revoked.json"


def test_it_survives_its_file(path: Path) -> None:
    path.write_text(dump_revoked(Revoked(hosts={"lab1": 1, "gone": 12})), encoding="utf-8")
    assert path.read_text() == '{\n  "gone": 12,\n  "lab1": 1\n}\n'
    found = fleet(revoked=load_revoked(path)).revoked
    assert {host: found.generation(host) for host in ("gone", "lab1", "east")} == {"gone": 13, "lab1": 2, "east": 1}


def test_no_file_revokes_nothing(path: Path) -> None:
    assert load_revoked(path).hosts == {}
    assert fleet().revoked.hosts == {}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"{'a': 1}", b'{"east": 1, "east": 2}'])
def test_no_json(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(OperatorError, match=r"revoked\.json: .*; expected JSON; restore it with git$"):
        load_revoked(path)


def test_a_folder(path: Path) -> None:
    path.mkdir()
    with pytest.raises(OperatorError) as caught:
        load_revoked(path)
    assert str(caught.value) == f"{path}: Is a directory; expected a file of revoked pull keys, or none"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("[]", "revoked.hosts: found []; allowed: "),
        ('{"east": 0}', "revoked.hosts.east: found 0; allowed: greater than or equal to 1"),
        ('{"east": 1000}', "revoked.hosts.east: found 1000; allowed: less than or equal to 999"),
        ('{"east": 1.0}', "revoked.hosts.east: found 1.0; allowed: a valid integer"),
        ('{"east": true}', "revoked.hosts.east: found True; allowed: a valid integer"),
        ('{"east": "2"}', "revoked.hosts.east: found '2'; allowed: a valid integer"),
        ('{"east,root": 1}', "revoked.hosts.'east,root': found 'east,root'; allowed: a host name: "),
        ('{"a\\"b": 1}', "revoked.hosts.'a\"b': found 'a\"b'; allowed: a host name: "),
        ('{"east:1": 1}', "revoked.hosts.'east:1': found 'east:1'; allowed: a host name: "),
    ],
)
def test_other_json_is_the_fleets_to_refuse(path: Path, content: str, line: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Faults) as caught:
        fleet(revoked=load_revoked(path))
    assert str(caught.value).startswith(line)
    assert len(caught.value.faults) == 1
