"""What `modelctl doctor` is told of a host, which may never have been deployed to."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from node.facts import condition, prerequisites
from node.machine import clock, commands, resolver, services
from node.protocol.condition import Clock, Code, Content, Examine, Letting, Registry
from node.protocol.facts import PullAccess
from node.pull import access
from tests.unit.node.places import USER, Place


@pytest.fixture
def asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Of a bare host whose service's code is there."""
    monkeypatch.setattr(clock, "is_synchronized", lambda: True)
    script = home / "imagenode" / "imagenode.py"
    (script.parent / "sentinelcam").mkdir(parents=True)
    script.write_text("import os\n")
    (script.parent / "sentinelcam" / "outpost.py").touch()
    needs, content = [script, Path("/bin/sh")], Content(home / "models" / "new")
    return Examine(USER, "imagenode", script, needs, None, brought=[], content=content, registry=None, others=[])


def test_a_bare_host(asked: Examine, home: Path) -> None:
    found = condition.look(asked)
    assert (found.has_user, found.clock, found.packages) == (True, Clock(synchronized=True, keeper=None), [])
    assert found.code == Code([], "0.2", unknown="its Python is set up by a script")
    assert found.pull_access == PullAccess(None, None, None)
    assert (found.space.folder, found.space.needed, found.letting) == (home, 0, None)


def test_code_that_is_not_there(asked: Examine) -> None:
    asked.script.unlink()
    assert condition.look(asked).code == Code([asked.script])
    nobodys = condition.look(asked._replace(user="nosuchuser"))
    assert (nobodys.has_user, nobodys.code) == (False, Code(asked.needs))


def test_code_of_another_release(asked: Examine) -> None:
    (asked.script.parent / "sentinelcam" / "hosttracker.py").touch()
    found = condition.look(asked).code
    assert (found.release, found.unfit) == ("between 0.2 and 0.3", True)


def test_imports_that_a_deploy_brings_are_not_missed(asked: Examine, tmp_path: Path) -> None:
    asked.script.write_text("import pycoral.utils\nimport labcam\n")
    stdlib, environment = tmp_path / "lib" / "python3.9", tmp_path / "env"
    (environment / "lib" / "python3.9").mkdir(parents=True)
    stdlib.mkdir(parents=True)
    (stdlib / "os.py").touch()
    (environment / "pyvenv.cfg").write_text(f"home = {tmp_path}/bin\n")
    asked = asked._replace(environment=environment, brought=["pycoral"])
    assert condition.look(asked).code.absent == ["labcam"]
    (environment / "pyvenv.cfg").unlink()
    assert str(environment) in str(condition.look(asked).code.unknown)
    gone = asked._replace(needs=[asked.script, environment / "bin" / "python"])
    assert condition.look(gone).code == Code([environment / "bin" / "python"], "0.2"), "told by what is not there"


def test_absent_programs_by_their_packages(asked: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert condition.look(asked).packages == ["dpkg", "openssh-client", "rsync", "util-linux"]
    assert sorted(set(prerequisites.PACKAGES.values())) == condition.look(asked).packages


def test_names_that_its_configs_have(asked: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "fault", {"data1": None, "dada1": "does not find dada1"}.get)
    assert condition.look(asked._replace(others=["data1", "dada1"])).unfound == {"dada1": "does not find dada1"}


def test_what_is_to_come(asked: Examine, place: Place) -> None:
    version = place.wanted("cats", "v1", {"a.bin": b"12345", "b.bin": b"123"})
    content = Content(version.directory, [version])
    assert condition.look(asked._replace(content=content)).space.needed == 8


@pytest.mark.parametrize(("running", "keeper"), [("chrony.service", "chrony"), (None, None)])
def test_a_clock_that_nobody_set(
    running: str | None, keeper: str | None, asked: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "is_synchronized", lambda: False)
    monkeypatch.setattr(services, "status", lambda unit: SimpleNamespace(is_running=unit == running))
    assert condition.look(asked).clock == Clock(synchronized=False, keeper=keeper)


def test_a_host_without_timedatectl_has_no_synchronised_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: list[str]) -> None:
        raise FileNotFoundError(2, "No such file or directory", words[0])

    monkeypatch.setattr(commands, "run", run)
    assert not clock.is_synchronized()


@pytest.mark.parametrize(
    ("lines", "letting"),
    [
        ([], Letting("too old", None, [])),
        (["one"], Letting("too old", authorized=True, revoked=[])),
        (["two"], Letting("too old", authorized=False, revoked=["x"])),
    ],
)
def test_a_primary_datasink(
    lines: list[str], letting: Letting, asked: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "installed", lambda *_: ["one"])
    monkeypatch.setattr(access, "revoked", lambda here, told: ["x"] if here and here != told else [])
    monkeypatch.setattr(condition, "_rrsync", lambda: "too old")
    assert condition.look(asked._replace(registry=Registry("ops", lines))).letting == letting
