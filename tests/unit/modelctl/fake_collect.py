"""A sentinel and a datasink for tests of collects: folders, with the real programs in them."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelctl.collecting import carry, linked_files
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from node import cli, dispatch, layout
from tests.unit.modelctl import copies, datasinks, fake_programs

ROOT = Path(__file__).resolve().parents[3]
VERSION = ("face_recognition", "2026-02-02")
LIST, DATA = b"date,event\n1,2\n", b"\x00faces\n\n" * 300_000

SSH = """#!/bin/sh
for word; do address=$command; command=$word; done
echo "$address $command" >>{folder}/calls
[ "$(cat {folder}/away 2>&-)" = "$address" ] &&
    {{ echo "ssh: connect to host $address: No route to host" >&2; exit 255; }}
[ -e {folder}/cut ] && [ "${{command#*send-linked-file}}" != "$command" ] && {{ head -c 1000 {folder}/cut; exit 255; }}
exec sh -c "$command"
"""
SUDO = """#!/bin/sh
shift 2
cd {root} && exec {python} -m node "$@"
"""


class Hosts:
    """The sentinel's models and the datasink's data, each a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.models, self.data = folder / "models", folder / "data"
        self.version = self.models / "face_recognition" / "2026-02-02"
        self.collected = self.data / "collected" / "sentinel" / "face_recognition" / "2026-02-02"
        self.version.mkdir(parents=True)
        self.data.mkdir()
        (self.version / "facelist.csv").write_bytes(LIST)
        (self.version / "facedata.hdf5").write_bytes(DATA)
        fake_programs.put(folder, monkeypatch, ssh=SSH, sudo=SUDO)
        monkeypatch.setattr(linked_files, "models_folder", lambda *_: str(self.models))
        monkeypatch.setattr(Fleet, "data_root", lambda _: str(self.data))

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


def near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let hosts answer without ssh: copies of this process, the files going from one to another."""
    monkeypatch.setattr(remote, "run", lambda _fleet, _host, command, _seconds, message="": answer(command, message))
    popen = SimpleNamespace(Popen=_begin, PIPE=subprocess.PIPE)
    monkeypatch.setattr(carry, "subprocess", popen)


def answer(command: Sequence[str], message: str, state: Path = layout.STATE) -> "subprocess.CompletedProcess[str]":
    """What the datasink's programs and the node's answer; a node keeps its state in that folder."""
    if command[-1] in dispatch.REGISTRY:
        return datasinks.answer(command[-1], message)
    return copies.run(lambda: _ask_node(command, state), message)


def _begin(words: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    command = shlex.split(words[-1])
    return copies.begin(_receive if command[-1] == "receive-collected" else lambda: _ask_node(command), **options)


def _receive() -> int:
    sys.stdin.buffer.readline()  # the program
    return cli.main(["receive-collected"])


def _ask_node(command: Sequence[str], state: Path = layout.STATE) -> int:
    assert list(command[:-1]) == node_command.words()
    layout.STATE = state
    return cli.main([command[-1]])
