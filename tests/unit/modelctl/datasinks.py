"""A datasink for tests: a folder as its model registry, and in ssh's place a script that asks it."""

import hashlib
import io
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from node import dispatch
from node.errors import Refusal
from tests.unit.modelctl.fake_ssh import FakeSsh
from tests.unit.modelctl.sites import file_names

ADDRESS = "192.168.10.50"
REGISTRY_FOLDER = "/home/ops/sentinelcam/model_registry"


class FakeDatasink:
    """`asked` is what ssh was called with, an argument per line, and what came on its input."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.registry = folder / "registry"
        self.ssh = FakeSsh(folder, monkeypatch)
        place = shlex.quote(f"s|{REGISTRY_FOLDER}|{self.registry}|g")
        self.answer_with(f'printf "%s" "$input" | sed {place} | sh -c "$command"')

    def answer_with(self, script: str) -> None:
        self.ssh.answer(ADDRESS, script)

    @property
    def asked(self) -> list[str]:
        return self.ssh.asked(ADDRESS)

    def store(self, model: str, version: str, files: Iterable[str] | None = None) -> Path:
        """Put a version into the registry, with the files that the site's registry names unless others are given."""
        folder = self.registry / model / version
        folder.mkdir(parents=True)
        names = file_names(model, version) if files is None else files
        contents = {name: f"{model}/{version}/{name}".encode() for name in names}
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        (folder / "manifest.yaml").write_text(manifest(model, version, contents), encoding="utf-8")
        return folder


class NearDatasink(FakeDatasink):
    """One whose commands run in this process, until a test gives it an answer of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self._plain, self._far = self.ssh.script(ADDRESS), remote.run
        monkeypatch.setattr(remote, "run", self._run)

    def _run(
        self, fleet: Fleet, host: str, command: Sequence[str], seconds: float, message: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        is_ours = command[-1] in dispatch.REGISTRY and host == fleet.site.primary_datasink
        if not is_ours or self.ssh.script(ADDRESS) != self._plain:
            return self._far(fleet, host, command, seconds, message)
        self.ssh.note(ADDRESS, [*command, message])
        return answer(command[-1], message.replace(REGISTRY_FOLDER, str(self.registry)))


def answer(name: str, message: str) -> "subprocess.CompletedProcess[str]":
    """How a datasink's command ends, which is told the program and a question."""
    try:
        said = dispatch.answer(name, io.BytesIO(message.splitlines()[1].encode()))
    except Refusal as refusal:
        return subprocess.CompletedProcess([], 1, "", f"{refusal}\n")
    return subprocess.CompletedProcess([], 0, said, "")


def manifest(model: str, version: str, contents: Mapping[str, bytes]) -> str:
    lines = [f"name: {model}", f"version: {version}", "files:"]
    for name, content in contents.items():
        lines += [f"  - name: {name}", f"    sha256: {hashlib.sha256(content).hexdigest()}"]
    return "\n".join(lines) + "\n"
