"""`--data stage=download`: the datasink fetches the stacks by itself, predicted, without pins and without root."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyinfra import logger

from modelctl.inventory.fleet import Fleet
from modelctl.nodes.bundle import LOADER
from modelctl.registry import coral_stacks
from node import protocol
from node.protocol.registry import ListedVersion, Measured, StoredStacks
from node.registry import stacks
from operations import coral_download
from operations.node_command import Refusal
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.sites import fleet as fleet_of
from tests.unit.modelctl.sites import site, site_with
from tests.unit.node.registry.pages import Pages, served
from tests.unit.operations.hosts import StubHost, line, make_host, plan, predict

VERSION = "2025-12-19"
LABEL = f"coral_packages/{VERSION}"
REGISTRY_FOLDER = "/home/ops/sentinelcam/model_registry"
AGAIN = "run it again: pyinfra inventory.py deploys/coral.py --data stage=download -y"


@pytest.fixture
def pages() -> Iterator[Pages]:
    with served() as pages:
        yield pages


@pytest.fixture
def fleet(pages: Pages) -> Fleet:
    """Nothing is pinned."""
    found = fleet_of(site(coral_source=pages.source))
    for name, url in coral_stacks.urls(found, VERSION).items():
        beginning = b"!<arch>\n" if name.endswith(".deb") else b"PK\x03\x04"
        pages.files[url.removeprefix(f"{pages.source}/")] = beginning + name.encode()
    return found


@pytest.fixture
def sink(fleet: Fleet) -> StubHost:
    host = make_host("data1", fleet)
    host.facts["FoundStacks"] = json.dumps({"stored": {}, "free": 10**9})
    return host


def carry_out(command: Any, registry: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as the login would, with another registry."""
    message = "".join(f"{each}\n" for each in command.connector_arguments["_stdin"])
    name = line(command).rsplit(" ", 1)[1]
    return subprocess.run(
        [sys.executable, "-I", "-c", LOADER, name], input=message.replace(REGISTRY_FOLDER, str(registry)),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_it_fetches_what_is_not_there(sink: StubHost, fleet: Fleet, pages: Pages, tmp_path: Path) -> None:
    [store] = plan(coral_download.download, sink)
    assert "_sudo" not in store.connector_arguments
    assert line(store).startswith("/usr/bin/python3 -I -S -B -c ")
    done = carry_out(store, tmp_path / "registry")
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"format": 1}\n', "")
    folder = tmp_path / "registry" / LABEL
    files = {
        name: pages.files[url.removeprefix(f"{pages.source}/")]
        for name, url in coral_stacks.urls(fleet, VERSION).items()
    }
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.yaml"} == files
    found = {name: Measured(hashlib.sha256(each).hexdigest(), len(each)) for name, each in files.items()}
    expected = stacks.manifest(coral_stacks.head(fleet, VERSION), found)
    assert (folder / "manifest.yaml").read_text() == expected
    assert predict(coral_download.download, sink) is not None


def test_what_is_there_is_no_change(sink: StubHost, fleet: Fleet) -> None:
    files = dict.fromkeys([*coral_stacks.urls(fleet, VERSION), "manifest.yaml"], 1)
    stored = {VERSION: ListedVersion(files, coral_stacks.head(fleet, VERSION).encode())}
    sink.facts["FoundStacks"] = protocol.dumps(StoredStacks(stored, 10**9))
    assert plan(coral_download.download, sink) == []
    assert sink.said == ["as wanted"]


def test_overriding_stacks_come_too(sink: StubHost) -> None:
    assert REGISTRY.coral is not None
    stacks = {**REGISTRY.coral.stacks, "2026-01-10": REGISTRY.coral.stacks[VERSION]}
    registry = REGISTRY.model_copy(update={"coral": REGISTRY.coral.model_copy(update={"stacks": stacks})})
    overriding = site_with("sentinel", model_version_overrides={"coral_packages": "2026-01-10"})
    sink.data.fleet = fleet_of(overriding, registry)
    orders = [json.loads(list(each.connector_arguments["_stdin"])[1]) for each in plan(coral_download.download, sink)]
    assert [desired.get("version") for desired in orders] == [VERSION, "2026-01-10"]


def test_a_place_that_something_else_has(sink: StubHost) -> None:
    sink.facts["FoundStacks"] = protocol.dumps(StoredStacks({VERSION: ListedVersion({}, None)}, 10**9))
    [refusal] = plan(coral_download.download, sink)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith(f"data1: {REGISTRY_FOLDER}/{LABEL}: found other files than the stack's (")


@pytest.mark.parametrize("said", ["hello", "", '{"stored": 1, "free": 1}'])
def test_an_answer_that_is_none(sink: StubHost, said: str) -> None:
    sink.facts["FoundStacks"] = said
    [refusal] = plan(coral_download.download, sink)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("data1 (192.168.10.50): found ")


def test_no_answer(sink: StubHost) -> None:
    sink.facts["FoundStacks"] = None
    [refusal] = plan(coral_download.download, sink)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "data1: gave no answer; see above"


def test_its_fault_is_the_last_word(sink: StubHost, pages: Pages, tmp_path: Path) -> None:
    [path] = [path for path in pages.files if path.startswith("pycoral/")]
    pages.files[path] = b"<html>"
    done = carry_out(plan(coral_download.download, sink)[0], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        1, "", f"{pages.source}/{path}: found an HTML page; expected a wheel; look at that page, then {AGAIN}\n",
    )  # fmt: skip


def test_at_its_end_it_tells_the_digests(sink: StubHost, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(logger, "info", told.append)
    sink.state.is_executing = True
    manifest = stacks.manifest(coral_stacks.head(fleet, VERSION), {"a.whl": Measured("a" * 64, 1)})
    answers = [{}, {VERSION: ListedVersion({}, manifest.encode())}]
    monkeypatch.setattr(sink, "get_fact", lambda *_, **__: protocol.dumps(StoredStacks(answers.pop(0), 1)))
    assert len(plan(coral_download.download, sink)) == 1
    assert told == [
        f"{LABEL}: a.whl has SHA-256 {'a' * 64}",
        "no pin covers all of that yet; next: modelctl coral pin",
    ]
