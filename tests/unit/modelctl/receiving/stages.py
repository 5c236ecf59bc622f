"""A clone that receives what a trainer uploaded: its site, its origin, and the upload."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.inventory.fleet import Fleet
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.fake_changes import Stage

MODEL, NOW, NEW = "haarcascades", "2020-03-25", "2026-05-01"
EYE = b"<opencv_storage/>"
LABEL = f"{MODEL}/{NEW}"
TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


class Origin:
    """The bare repository that the clone fetches from and pushes to, and another clone of it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.bare, self.other = folder / "origin.git", folder / "other"
        for words in (["clone", "--quiet", "--bare", str(stage.folder), str(self.bare)],
                      ["clone", "--quiet", str(self.bare), str(self.other)]):  # fmt: skip
            subprocess.run(["git", *words], check=True, capture_output=True)
        stage.git("remote", "add", "origin", str(self.bare))
        stage.git("fetch", "--quiet", "origin")
        stage.git("branch", "--quiet", "--set-upstream-to=origin/main")

    def log(self) -> list[str]:
        return self._git(self.bare, "log", "--format=%s", "main").splitlines()

    def commit(self, name: str, text: str) -> None:
        """Somebody else commits a file, and pushes it."""
        (self.other / name).write_text(text)
        self._git(self.other, "add", "--all")
        self._git(self.other, "-c", "user.name=bert", "-c", "user.email=b@x", "commit", "--quiet", "--message", name)
        self._git(self.other, "push", "--quiet")

    def _git(self, folder: Path, *words: str) -> str:
        return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


def built(folder: Path) -> Stage:
    """A site whose model is promoted as soon as it is received."""
    stage = Stage.build(folder / "site")
    text = stage.registry.read_text()
    line = f'            current_version="{NOW}",\n            files={{"eye"'
    stage.registry.write_text(text.replace(line, f"            auto_promote=True,\n{line}"))
    assert "auto_promote=True,\n            current" in stage.registry.read_text()
    stage.git("commit", "--quiet", "--all", "--message", "It is promoted at once")
    stage.git("tag", "--force", "first")
    for host in stage.fleet():
        (stage.state / "fleet" / host).write_text(stage.wanted())
    return stage


def near(folder: Path, patch: pytest.MonkeyPatch) -> NearDatasink:
    """The datasink of that site, with its incoming area."""
    datasink = NearDatasink(folder, patch)
    datasink.registry.mkdir()
    patch.setattr(Fleet, "incoming_folder", lambda _: str(folder / "incoming"))
    return datasink


def upload(tmp_path: Path, version: str = NEW, content: bytes = EYE, **fields: Any) -> Path:
    """What a trainer uploaded."""
    folder = tmp_path / "incoming" / MODEL / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "haarcascade_eye.xml").write_bytes(content)
    (folder / ".announced.json").write_text("{}")
    about = {
        "name": MODEL, "version": version, "source": "eyes.ipynb", "host": "deepend", "date_deployed": TODAY,
        "training_metrics": {"accuracy": 0.97}, "requires": {"numpy": "1.24.4"},
    }  # fmt: skip
    (folder / "manifest.yaml").write_text(yaml.safe_dump({**about, **fields}))
    return folder


def receive(*words: str, version: str = NEW) -> Result:
    return CliRunner().invoke(cli.main, ["receive", MODEL, version, *words], catch_exceptions=False)


def pinned(stage: Stage, version: str = NEW) -> Any:
    return json.loads(stage.registry.with_name("pins.json").read_text())[MODEL].get(version)


def current(stage: Stage) -> str:
    return next(word for word in (NEW, NOW) if f'current_version="{word}"' in eye_of(stage))


def eye_of(stage: Stage) -> str:
    return stage.registry.read_text().partition('"haarcascades"')[2].partition("files=")[0]
