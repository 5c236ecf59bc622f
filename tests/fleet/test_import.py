"""An old folder of the datasink becomes a pinned version, whole or not at all, whatever ends the import."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab.lab import Lab
from lab.machine import wait_until
from modelctl import quantities
from tests import warm
from tests.fleet import unpinned
from tests.fleet.conftest import NodeOf
from tests.fleet.held import Held
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, Run, begin_modelctl, end, modelctl
from tests.fleet.unpinned import REGISTRY

pytestmark = pytest.mark.usefixtures("lab")

MODEL, VERSION = "face_recognition", "2026-04-04"
FINAL = f"{REGISTRY}/{MODEL}/{VERSION}"
STAGING = f"{REGISTRY}/{MODEL}/.import-{VERSION}"
SAVED = "/home/ops/saved_models/gamma3"
WORDS = ("--map", "facelist_gamma3.csv=facelist.csv", "--map", "training.log=")


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    return unpinned.write(tmp_path)[1]


@pytest.fixture
def site(pins: Path) -> Path:
    return pins.with_name("inventory.py")


@pytest.fixture
def data1(node: NodeOf) -> Iterator[Node]:
    """The datasink, with a folder of the old saved_models; both are as before afterwards."""
    there = node("data1")
    there.shell(
        f"mkdir -p {SAVED} && cd {SAVED} && cp {REGISTRY}/{MODEL}/2026-03-03/*.pickle . && "
        f"cp {REGISTRY}/{MODEL}/2026-03-03/*.hdf5 . && cp {REGISTRY}/{MODEL}/2026-03-03/facelist.csv "
        "facelist_gamma3.csv && echo epoch 1 >training.log && chown -R ops:ops /home/ops/saved_models"
    )
    yield there
    there.shell(f"rm -rf /home/ops/saved_models {FINAL} {STAGING} /etc/sentinelcam-lab")


def arguments(site: Path, *words: str) -> tuple[str, ...]:
    return ("import", MODEL, VERSION, SAVED, *WORDS, *words, "--site", str(site))


def run(site: Path, *words: str) -> Run:
    return modelctl(*arguments(site, *words))


def listing(node: Node, folder: str) -> str:
    """Each file of a folder: inode, links, mode, owner, time of change, digest."""
    return node.shell(f"cd {folder} && stat --format='%n %i %h %a %U %Y' * && sha256sum *")


def assert_stored(node: Node, pins: Path) -> None:
    """The version is whole, and pinned as it is."""
    manifest = yaml.safe_load(node.read(f"{FINAL}/manifest.yaml"))
    files = {file["name"]: file["sha256"] for file in manifest["files"]}
    found = {line.split()[1]: line.split()[0] for line in node.shell(f"cd {FINAL} && sha256sum *").splitlines()}
    digest = found.pop("manifest.yaml")
    assert found == files
    pinned = json.loads(pins.read_text())[MODEL][VERSION]
    assert (pinned["manifest"], {name: file["sha256"] for name, file in pinned["files"].items()}) == (digest, files)
    assert not node.exists(STAGING)
    assert set(node.shell(f"stat --format='%a %U %G %h' {FINAL}/*").splitlines()) == {"644 ops ops 1"}
    assert node.shell(f"stat --format='%a %U %G' {FINAL}") == "755 ops ops"


def short(node: Node, name: str) -> str:
    return node.sha256(f"{SAVED}/{name}")[:12]


def test_an_old_folder_becomes_a_pinned_version(data1: Node, site: Path, pins: Path) -> None:
    before = listing(data1, SAVED)
    first = run(site, "--yes")
    assert (first.code, first.err) == (0, "")
    size = int(data1.shell(f"cat {FINAL}/* | wc --bytes"))
    digest = data1.sha256(f"{FINAL}/manifest.yaml")
    content = size - data1.size(f"{FINAL}/manifest.yaml")
    assert (
        first.out
        == f"""\
to import as {MODEL}/{VERSION}, on data1:
  from {SAVED}
  to   {FINAL}

in the folder        in the version        size  SHA-256
baselines.hdf5       baselines.hdf5    180.0 kB  {short(data1, "baselines.hdf5")}
facedata.hdf5        facedata.hdf5       2.4 MB  {short(data1, "facedata.hdf5")}
facelist_gamma3.csv  facelist.csv       40.4 kB  {short(data1, "facelist_gamma3.csv")}
facemodel.pickle     facemodel.pickle  450.0 kB  {short(data1, "facemodel.pickle")}
training.log         left out

4 files, and the manifest: {quantities.size(size)}
to pin in {pins}, as data1 holds them:
  face_recognition/2026-04-04                4 files {quantities.size(content):>9}  manifest {digest[:12]}
1 pinned; commit {pins}
"""
    )
    assert_stored(data1, pins)
    assert listing(data1, SAVED) == before
    again = run(site)
    assert (again.code, again.err) == (0, "")
    assert again.out == (
        f"{MODEL}/{VERSION}: data1 holds just these files as that version already\n"
        f"{MODEL}/{VERSION}: already pinned, and data1 holds just that\n"
    )


def test_what_speaks_against_it_is_said_before_anything_is_written(data1: Node, site: Path, pins: Path) -> None:
    refused = modelctl("import", MODEL, VERSION, SAVED, "--yes", "--site", str(site))
    assert refused.code == 1
    assert refused.err == (
        "data1: registry.models.face_recognition.files.facelist: no file fills it; expected facelist.csv; name it: "
        "--map facelist_gamma3.csv=facelist.csv\n"
    )
    data1.shell(f"ln -s /etc {SAVED}/link && mkdir {SAVED}/checkpoints && chmod 0 {SAVED}/facedata.hdf5")
    refused = run(site, "--yes")
    assert refused.err.splitlines() == [
        f"data1: {SAVED}/checkpoints: a folder; leave it out: --map checkpoints=",
        f"data1: {SAVED}/facedata.hdf5: unreadable: Permission denied; leave it out: --map facedata.hdf5=",
        f"data1: {SAVED}/link: a link; leave it out: --map link=",
    ]
    assert modelctl("import", MODEL, "2026-03-03", SAVED, *WORDS, "--site", str(site)).code == 1
    assert (data1.exists(FINAL), data1.exists(STAGING), pins.read_text()) == (False, False, "{}\n")


@pytest.mark.parametrize("at", [pytest.param(3, marks=pytest.mark.long), 9, pytest.param(24, marks=pytest.mark.long)])
def test_the_program_on_the_datasink_is_killed(data1: Node, site: Path, pins: Path, at: int) -> None:
    importing = begin_and_hold(data1, site, at)
    Held(data1).kill()
    ended = end(importing)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert (data1.exists(FINAL), data1.exists(STAGING), pins.read_text()) == (False, True, "{}\n")
    told = modelctl("status", "data1", "--site", str(DEFAULT_SITE)).out
    assert f"data1: {STAGING}: an import has not ended; import again, or remove it there: sudo rm " in told
    assert run(site, "--yes").code == 0
    assert_stored(data1, pins)


def test_modelctl_is_killed(data1: Node, site: Path, pins: Path) -> None:
    importing, held = begin_and_hold(data1, site, 9), Held(data1)
    importing.send_signal(signal.SIGKILL)
    importing.communicate()
    assert not data1.exists(FINAL)
    held.release()
    wait_until(lambda: data1.exists(FINAL), 20, "the end of the import on the datasink")
    assert pins.read_text() == "{}\n"
    assert run(site, "--yes").out.splitlines()[0].endswith(" holds just these files as that version already")
    assert_stored(data1, pins)


def test_the_power_of_the_datasink_is_cut(data1: Node, site: Path, pins: Path, lab: Lab) -> None:
    importing = begin_and_hold(data1, site, 24)
    lab.power_cut("data1")
    ended = end(importing)
    lab.boot("data1")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert (data1.exists(FINAL), pins.read_text()) == (False, "{}\n")
    assert run(site, "--yes").code == 0
    assert_stored(data1, pins)


def begin_and_hold(node: Node, site: Path, at: int) -> warm.Process:
    """Begin an import, and hold it on the datasink: while it copies, or with 24 right before its rename."""
    held = Held(node)
    held.order("import", at, STAGING)
    importing = begin_modelctl(*arguments(site, "--yes"))
    held.wait()
    return importing
