"""`sentinelcam-node python`: a service's Python, as its unit starts it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from node import console, dispatch, layout
from node.errors import Refusal
from node.store import sets
from node.store.service_set import NOTHING, ServiceSet
from tests.unit.node.places import installed, uid
from tests.unit.node.stacks import Node

SHOW = "import os, sys; print(os.getuid(), os.getcwd(), sys.argv[1:], os.environ.get('PYTHONPATH'))"


class Became(Exception):
    """What the program became: its words, and its environment."""


@pytest.fixture(autouse=True)
def execs(monkeypatch: pytest.MonkeyPatch) -> None:
    def become(program: str, words: list[str], environment: dict[str, str]) -> None:
        assert program == words[0]
        raise Became(words, environment)

    monkeypatch.setattr(os, "execvpe", become)
    monkeypatch.setenv("TERM", "linux")
    monkeypatch.setattr(signal, "signal", lambda *_: None)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path).lay()


def choose(wanted: ServiceSet, unit: str = "") -> None:
    """Let a set be the chosen one of its service."""
    files = [*wanted.files, *([installed(layout.UNITS / wanted.unit, unit, "root")] if unit else [])]
    sets.put(wanted._replace(files=files), "c0ffee")
    sets.choose(wanted.service, wanted.digest, None)


def says(*words: str) -> str:
    """What it prints, in the end."""
    with pytest.raises(Became) as caught:
        console.python(*words)
    program, environment = caught.value.args
    assert environment["TERM"] == "linux"
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stdout


def refusal(*words: str) -> str:
    with pytest.raises(Refusal) as caught:
        console.python(*words)
    return str(caught.value)


def test_with_a_stack(node: Node) -> None:
    choose(node.service(str(node.root)))
    assert says("-c", SHOW, "a b", "$HOME") == (
        f"{uid()} {node.folder} ['a b', '$HOME'] {node.packages}:{node.root}:{node.site}\n"
    )
    answer = "from pycoral.utils.edgetpu import get_runtime_version as g; print(g())"
    assert says("-c", answer) == "RuntimeVersion(14)\n"


@pytest.mark.parametrize(("variable", "path"), [("PYTHONPATH=/own:/more", "/own:/more:"), ("", ":")])
def test_without_one_as_the_unit_has_it(node: Node, variable: str, path: str) -> None:
    env = f"/usr/bin/env {variable} " if variable else ""
    unit = f"[Service]\nExecStartPre=+/usr/bin/python3 x\nExecStart={env}{node.python} -u {node.folder}/engine.py\n"
    wanted = node.service(stack=None, work=NOTHING._replace(script=node.folder / "engine.py"))
    choose(wanted, unit)
    assert says("-c", SHOW) == f"{uid()} {node.folder} [] {path}{node.site}\n"


@pytest.mark.parametrize("start", ["/bin/bash -c 'source x && exec python'", "", "'"])
def test_a_unit_that_starts_none_by_itself(node: Node, start: str) -> None:
    wanted = node.service(stack=None, work=NOTHING._replace(script=node.folder / "engine.py"))
    choose(wanted, f"[Service]\nExecStart={start}\n")
    assert refusal() == "engine.service: starts no Python by itself; expected ExecStart= with one"


def test_root_becomes_none(node: Node) -> None:
    choose(node.service(files=[]))
    assert refusal() == "engine.service: its user is root, whom no service's Python is for; expected another"


def test_of_several_services_the_first_word_is_one(node: Node) -> None:
    assert refusal() == "found no service; allowed: one of none yet"
    choose(node.service())
    choose(node.service(service="other", unit="other.service"))
    assert refusal("-c", SHOW) == "found -c; allowed: one of engine, other"
    assert says("other", "-c", SHOW, "engine").startswith(f"{uid()} {node.folder} ['engine'] ")


def test_the_only_one_may_be_named(node: Node) -> None:
    choose(node.service())
    assert says("engine", "-c", SHOW) == says("-c", SHOW)


def test_nothing_chosen(node: Node) -> None:
    choose(node.service())
    (layout.sets("engine") / "chosen").unlink()
    assert refusal() == "engine: no set is chosen"


def test_no_limit_of_this_program_outlives_it(node: Node) -> None:
    choose(node.service())
    signal.alarm(500)
    says("-c", SHOW)
    assert signal.alarm(0) == 0


def test_it_is_a_command_of_the_console() -> None:
    assert dispatch.load(dispatch.CONSOLE["python"]) is console.python
