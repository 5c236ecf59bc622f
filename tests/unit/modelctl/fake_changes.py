"""A site for tests of changes: a git checkout of its own, in pyinfra's place a script, and hosts that answer."""

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from modelctl.changes import deployment, journal
from modelctl.changes.git import Checkout
from modelctl.changes.journal import Change
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Pin, PinnedFile, Pins, dump_pins
from modelctl.nodes import remote
from node import protocol
from node.protocol import UNKNOWN_COMMAND
from node.protocol.registry import ReadFolder
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.datasinks import manifest
from tests.unit.modelctl.sites import file_names

ROOT = Path(__file__).resolve().parents[3]
MODEL, NEW, OLD = "face_recognition", "2026-02-02", "2025-02-25"
HOSTS = ("data1", "sentinel")
WHAT = f"Roll back {MODEL} from {NEW} to {OLD}"
INVENTORY = """
from pathlib import Path
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_bad, load_pins, load_revoked
from modelctl.changes.edit import evaluate
_SOURCES = Path(__file__).parent / "inventory"
_PINS = _SOURCES / "pins.json"
def _value(name):
    return evaluate((_SOURCES / f"{name}.py").read_text(), _SOURCES / f"{name}.py", name.upper())
_VALUES = [_value(name) for name in ("site", "registry", "standards")]
_BESIDE = (load_revoked(_SOURCES / "revoked.json"), load_bad(_SOURCES / "bad.json"))
_FLEET = Fleet(*_VALUES, load_pins(_PINS), *_BESIDE)
"""
PYINFRA = """#!/bin/sh
# Gives each host that it is limited to the registry.py and site.py of now.
state=${0%/*}/state
cd "${1%/*}"
begin() { :; }
moved() { :; }
end() { :; }
. "$state/act"
run=$state/runs/$(ls "$state/runs" | wc -l)
mkdir "$run"
printf '%s\\n' "$@" >"$run"/words
git rev-parse HEAD >"$run"/head
cp inventory/registry.py "$run"/text
begin
while [ $# -gt 0 ]; do
    if [ "$1" = --limit ]; then
        cat inventory/registry.py inventory/site.py >"$state/fleet/.$2"
        mv "$state/fleet/.$2" "$state/fleet/$2"
        moved "$2"
    fi
    shift
done
end
"""
TEXT = (ROOT / "tests" / "chandler" / "inventory" / "registry.py").read_text()
FAIL = "end() { echo ill >&2; exit 1; }"


class Stage:
    """A checkout on the branch main, with one commit; `state` holds the hosts and pyinfra's runs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder / "checkout", folder / "state"
        self.inventory = self.folder / "inventory.py"
        self.registry, self.site = self.folder / "inventory" / "registry.py", self.folder / "inventory" / "site.py"
        self.pyinfra = folder / "pyinfra"

    @classmethod
    def build(cls, folder: Path) -> "Stage":
        return cls(Path(_template().name)).copy_to(folder)

    @classmethod
    def _build(cls, folder: Path) -> "Stage":
        made = cls(folder)
        (made.folder / "inventory").mkdir(parents=True)
        for name in ("registry.py", "site.py", "standards.py"):
            shutil.copy(ROOT / "tests" / "chandler" / "inventory" / name, made.folder / "inventory")
        made.registry.chmod(0o664)
        (made.folder / "inventory" / "pins.json").write_text(dump_pins(_pins()))
        made.inventory.write_text(INVENTORY)
        (made.folder / ".gitignore").write_text(".deploy.*\n__pycache__/\n")
        for name in ("runs", "fleet"):
            (made.state / name).mkdir(parents=True)
        for host in HOSTS:
            (made.state / "fleet" / host).write_text(made.wanted())
        made.pyinfra.write_text(PYINFRA)
        made.pyinfra.chmod(0o755)
        made.act("")
        made.git("init", "--quiet", "--initial-branch=main", "--template=")  # without what others would copy
        (made.folder / ".git" / "hooks").mkdir()
        made.git("config", "user.name", "anna")
        made.git("config", "user.email", "anna@ramrod")
        made.git("add", "--all")
        made.git("commit", "--quiet", "--message", "first")
        made.git("tag", "first")
        return made

    def copy_to(self, folder: Path) -> "Stage":
        shutil.copytree(self.folder.parent, folder, symlinks=True)
        return Stage(folder)

    @property
    def checkout(self) -> Checkout:
        return Checkout(self.folder)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words], check=True, stdin=subprocess.DEVNULL, capture_output=True
        )
        return done.stdout.decode().rstrip("\n")

    def hook(self, name: str, script: str) -> None:
        path = self.folder / ".git" / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def act(self, script: str) -> None:
        """Let pyinfra do so at its begin, after each host it has moved, and at its end: functions of these names."""
        (self.state / "act").write_text(script)

    def wanted(self) -> str:
        return self.registry.read_text() + self.site.read_text()

    def fleet(self) -> dict[str, str]:
        """What each host was given."""
        return {path.name: path.read_text() for path in sorted((self.state / "fleet").glob("[!.]*"))}

    def runs(self, name: str = "words") -> list[list[str]]:
        """What pyinfra saw in each run: its `words`, the `head` and the registry's `text`, in lines."""
        runs = sorted((self.state / "runs").iterdir(), key=lambda path: int(path.name))
        return [(run / name).read_text().splitlines() for run in runs]

    def log(self) -> list[str]:
        """The subjects of the commits since the first one, newest first."""
        return self.git("log", "--format=%s", "first..HEAD").splitlines()

    def change(self, **fields: Any) -> Change:
        old = self.registry.read_text()
        plain = Change(
            what=WHAT, operator="anna@ramrod", since="2026-11-23T03:00:00Z", branch="main", inventory=self.inventory,
            file=self.registry, old=old, new=swapped(old), model=MODEL, hosts=HOSTS,
        )  # fmt: skip
        return Change(**{**vars(plain), **fields})

    def is_as_first(self) -> bool:
        """Whether files, HEAD, index and hosts are as before any change, and no journal tells of one."""
        return (
            not self.git("status", "--porcelain")
            and not self.git("diff", "first", "HEAD")
            and set(self.fleet().values()) == {self.wanted()}
            and journal.read(self.checkout) is None
        )


class FakeHosts:
    """In the place of remote.run. `previews` and `statuses` are answers by host; the rest say that all is there, and
    the one that is `unplugged` nothing.
    """

    def __init__(self) -> None:
        self.previews: dict[str, str] = {}
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self.stored: dict[str, Any] = {}
        self.packages: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.roots: list[tuple[str, Any]] = []
        self.keep_fault = (0, "")
        self.unplugged = ""

    def run(
        self, fleet: Fleet, host: str, command: Sequence[str], _seconds: float, message: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        self.asked.append((host, message))
        if host == self.unplugged:
            raise remote.unreachable(fleet, host, "ssh: No route to host")
        if command[-1] == "read-folder":
            model, version = protocol.loads(ReadFolder, message.splitlines()[-1]).names
            return _said(json.dumps({**_stored(model, version), **self.stored}))
        if "preview" in command:
            answer = self.previews.get(host, '{"bytes": 0, "unlocked": [], "chosen": {}}')
            return _said(answer) if answer else subprocess.CompletedProcess([], UNKNOWN_COMMAND, "", "found preview")
        if "packages" in command and host in self.packages:
            return _said(json.dumps({"versions": self.packages[host], "unknown": {}}))
        if "add-roots" in command:
            self.roots.append((host, json.loads(message.splitlines()[-1])))
            code, said = self.keep_fault
            return subprocess.CompletedProcess([], code, "", said) if said else _said("{}")
        services = self.statuses[host].pop(0) if self.statuses.get(host) else {}
        return _said(json.dumps({"program": "f" * 64, "services": services}))


def service(name: str, **changes: Any) -> dict[str, Any]:
    """A service in a node's status, which runs what it should."""
    plain: dict[str, Any] = {
        "chosen": None, "active": True, "live": None, "models": {}, "health": None, "drift": [], "pending": None,
        "last": None, "commit": None,
    }  # fmt: skip
    return {name: {**plain, **changes}}


@cache
def _template() -> "TemporaryDirectory[str]":
    """A stage that others are copied from: git takes its time to make one."""
    folder = TemporaryDirectory()
    Stage._build(Path(folder.name))
    return folder


def use(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    """Work in the stage's checkout, with its pyinfra and hosts that answer."""
    hosts = FakeHosts()
    monkeypatch.chdir(stage.folder)
    monkeypatch.setattr(remote, "run", hosts.run)
    monkeypatch.setattr(deployment, "_pyinfra", lambda: str(stage.pyinfra))
    return hosts


def swapped(text: str) -> str:
    """registry.py with the model's current and previous version in each other's place."""
    return text.replace(NEW, "NEW").replace(OLD, NEW).replace("NEW", OLD)


def _said(text: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.CompletedProcess([], 0, text, "")


def _contents(model: str, version: str) -> dict[str, bytes]:
    return {name: f"{model}/{version}/{name}".encode() for name in file_names(model, version)}


def _files(model: str, version: str) -> dict[str, PinnedFile]:
    contents = _contents(model, version)
    return {
        name: PinnedFile(sha256=hashlib.sha256(each).hexdigest(), size=len(each)) for name, each in contents.items()
    }


def _stored(model: str, version: str) -> dict[str, Any]:
    text = manifest(model, version, _contents(model, version)).encode()
    files = {name: file.model_dump(mode="json") for name, file in _files(model, version).items()}
    files["manifest.yaml"] = {"sha256": hashlib.sha256(text).hexdigest(), "size": len(text)}
    return {"files": files, "others": {}, "manifest": base64.b64encode(text).decode(), "fault": None}


def _pins() -> Pins:
    """Pins of every current version, and of older ones."""
    pairs = [(name, model.current_version) for name, model in REGISTRY.artefacts.items()]
    models: dict[str, dict[str, Pin]] = {}
    for model, version in (*pairs, (MODEL, OLD), (MODEL, "2026-01-01"), ("mobilenet_ssd", "2019-01-01")):
        digest = hashlib.sha256(manifest(model, version, _contents(model, version)).encode()).hexdigest()
        models.setdefault(model, {})[version] = Pin(manifest=digest, files=_files(model, version))
    return Pins(models=models)
