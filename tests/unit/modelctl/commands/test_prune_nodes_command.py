"""`modelctl prune nodes`: its plan, what goes and what stays, on folders that stand for the hosts."""

import hashlib
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from modelctl import cli
from modelctl.collecting import linked_files
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Pin, PinnedFile, Pins
from modelctl.inventory_file import Inventory
from modelctl.nodes import remote
from modelctl.prune import prune_nodes
from modelctl.prune.prune_nodes import freed
from node.codec import Text
from node.protocol.versions import HeldFile, HeldVersion
from tests import chandler
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl import fake_collect, fake_programs
from tests.unit.modelctl.sites import fleet, registry_with, site_with

HOSTS = ("sentinel", "lab1", "east", "alpha5")
SSH = """#!/bin/sh
for word; do address=$command; command=$word; done
[ -e {folder}/away-"$address" ] && {{ echo "ssh: connect to host $address: No route to host" >&2; exit 255; }}
export ADDRESS="$address"
exec sh -c "$command"
"""
SUDO = """#!/bin/sh
shift 2
[ "$1" = status ] && exec cat {folder}/status-"$ADDRESS"
cd {root} && exec {python} -c 'import pathlib, sys; from node import cli, layout
layout.STATE = pathlib.Path(sys.argv[1])
sys.exit(cli.main(sys.argv[2:]))' {folder}/state-"$ADDRESS" "$@"
"""


class Hosts:
    """A models folder for each host, and a registry."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.data = folder, folder / "data"
        self.patch = monkeypatch
        self.pinned: dict[str, dict[str, Pin]] = {}
        self.overrides: dict[str, str] = {}
        fake_programs.put(folder, monkeypatch, ssh=SSH, sudo=SUDO)
        for module in (linked_files, prune_nodes):
            monkeypatch.setattr(module, "models_folder", lambda _, host: str(self.models(host)))
        monkeypatch.setattr(Fleet, "data_root", lambda _: str(self.data))
        for host in HOSTS:
            self.names(host, {})

    def draw_near(self) -> None:
        """Let them answer without ssh."""
        self.patch.setattr(remote, "run", self._run)

    def _run(
        self, _fleet: Fleet, host: str, command: Sequence[str], _seconds: float, message: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        if command[-1] == "--json":
            status = (self.folder / f"status-{self.address(host)}").read_text()
            return subprocess.CompletedProcess([], 0, status, "")
        return fake_collect.answer(command, message, self.folder / f"state-{self.address(host)}")

    def models(self, host: str) -> Path:
        return self.folder / "hosts" / host / "models"

    def address(self, host: str) -> str:
        return str(fleet().host(host).address)

    def names(self, host: str, named: dict[str, str] | None) -> None:
        """Let the sets of a host name these versions."""
        service: dict[str, object] = {
            "chosen": None, "active": True, "live": None, "models": {}, "health": None, "drift": [], "pending": None,
            "last": None,
        }  # fmt: skip
        (self.folder / f"status-{self.address(host)}").write_text(
            json.dumps({"services": {"sentinel": service}, "references": named})
        )

    def hold(self, host: str, model: str, *versions: str) -> None:
        """Put versions on a host and into the registry, and pin them."""
        for version in versions:
            contents = {name: f"{model} {version} {name}".encode() for name in REGISTRY.models[model].files.values()}
            for top in (self.models(host), self.data / "model_registry"):
                folder = top / model / version
                folder.mkdir(parents=True)
                for name, content in {**contents, "manifest.yaml": b"name: x\n"}.items():
                    (folder / name).write_bytes(content)
            table = {
                name: PinnedFile(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
                for name, content in contents.items()
            }
            self.pinned.setdefault(model, {})[version] = Pin(manifest="a" * 64, files=table)

    def held(self, host: str) -> set[str]:
        return {f"{path.parent.name}/{path.name}" for path in self.models(host).glob("*/*")}

    def clean(self, *words: str) -> Result:
        registry = registry_with("face_recognition", previous_version=None)
        site = site_with("sentinel", model_version_overrides=self.overrides)
        standards = fleet().standards.model_copy(update={"sentinelcam_model_retention": 1})
        asked = fleet(site, registry, Pins(models=self.pinned), standards)
        inventory = Inventory(Path("inventory.py"), asked, lambda: None, {})
        self.patch.setattr("modelctl.commands.options.load", lambda _: inventory)
        return CliRunner().invoke(cli.main, ["prune", "nodes", *words], catch_exceptions=False)


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """Hosts that are asked with ssh."""
    if os.geteuid() != 0:
        pytest.skip("the node program runs as root")
    monkeypatch.chdir(chandler.FOLDER)
    return Hosts(tmp_path, monkeypatch)


@pytest.fixture
def hosts(far: Hosts) -> Hosts:
    far.draw_near()
    return far


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_what_has_no_reason_to_stay_goes(hosts: Hosts) -> None:
    hosts.hold("sentinel", "haarcascades", "2020-01-01", "2020-03-25", "2021-01-01", "2022-01-01", "2022-01-01.2")
    hosts.hold("lab1", "mobilenet_ssd", "2020-12-06", "2021-01-01")
    hosts.names("sentinel", {"haarcascades/2021-01-01": "in a set of sentinel"})
    hosts.overrides["haarcascades"] = "2020-01-01"
    freed = size(hosts.models("sentinel") / "haarcascades" / "2022-01-01")
    plan = f"""\
host      version                    size  why
sentinel  haarcascades/2022-01-01    {freed} B  goes
sentinel  haarcascades/2020-01-01          stays: override of sentinel
sentinel  haarcascades/2020-03-25          stays: current
sentinel  haarcascades/2021-01-01          stays: named by sentinel
sentinel  haarcascades/2022-01-01.2        stays: one of the 1 most recent others
lab1      mobilenet_ssd/2020-12-06         stays: current
lab1      mobilenet_ssd/2021-01-01         stays: one of the 1 most recent others

1 version goes, {freed} B
"""
    dry = hosts.clean("--dry-run")
    assert (dry.exit_code, dry.stderr, dry.stdout) == (0, "", plan)
    before = hosts.held("sentinel")
    refused = hosts.clean()
    assert refused.stderr == "no terminal to ask at, nothing was removed; without a question: --yes\n"
    assert hosts.held("sentinel") == before
    done = hosts.clean("--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{plan}sentinel: 1 version removed, {freed} B freed\n"
    assert hosts.held("sentinel") == before - {"haarcascades/2022-01-01"}


def test_what_exists_on_the_host_only_stays_until_it_is_collected(hosts: Hosts) -> None:
    hosts.hold("sentinel", "face_recognition", "2024-01-01", "2025-01-01", "2026-01-01")
    faces = hosts.models("sentinel") / "face_recognition"
    (faces / "2024-01-01" / "facelist.csv").write_text("a new face")
    stored = hosts.data / "model_registry" / "face_recognition" / "2025-01-01"
    stored.rename(hosts.folder / "retired")
    first = hosts.clean("--yes")
    reasons = [line.split("stays: ")[1] for line in first.stdout.splitlines() if "only" in line]
    assert reasons == [
        "facelist.csv: on this host only; collect first: modelctl collect sentinel face_recognition 2024-01-01",
        "facedata.hdf5 and facelist.csv: on this host only; collect first: "
        "modelctl collect sentinel face_recognition 2025-01-01",
    ]
    assert (first.exit_code, len(hosts.held("sentinel"))) == (0, 3)
    home = hosts.data / "collected" / "sentinel" / "face_recognition" / "2024-01-01"
    home.mkdir(parents=True)
    digest = hashlib.sha256(b"a new face").hexdigest()
    (home / f"facelist.csv.{digest[:12]}").write_text("a new face")
    assert hosts.clean("--yes").exit_code == 0
    assert hosts.held("sentinel") == {"face_recognition/2025-01-01", "face_recognition/2026-01-01"}


def test_a_version_whose_linked_files_cannot_be_looked_at_stays(hosts: Hosts) -> None:
    hosts.hold("sentinel", "face_recognition", "2024-01-01", "2025-01-01")
    with (hosts.models("sentinel") / "face_recognition" / "2024-01-01" / "facelist.csv").open("a"):
        done = hosts.clean("--yes")
    assert "face_recognition/2024-01-01" in hosts.held("sentinel")
    [line] = [each for each in done.stdout.splitlines() if "face_recognition/2024-01-01" in each]
    assert "  stays: " in line
    assert "open for writing" in line


def test_what_nobody_can_vouch_for_stays(hosts: Hosts) -> None:
    hosts.hold("sentinel", "haarcascades", "2021-01-01", "2022-01-01", "2023-01-01")
    del hosts.pinned["haarcascades"]["2021-01-01"]
    mine = hosts.models("sentinel") / "haarcascades" / "2022-01-01" / "mine.txt"
    mine.touch()
    lines = hosts.clean("--yes").stdout.splitlines()
    assert lines[1].endswith("stays: no pin covers it, so nobody knows what it should hold")
    assert lines[2].endswith(f"stays: {mine} is not of this version; move it away")
    assert len(hosts.held("sentinel")) == 3


def test_a_host_that_is_unreachable_or_does_not_know_is_left_alone(far: Hosts) -> None:
    for host in ("sentinel", "lab1", "alpha5"):
        far.hold(host, "mobilenet_ssd", *(("2020-12-06", "2021-01-01", "2022-01-01") if host == "sentinel" else ()))
    (far.folder / f"away-{far.address('lab1')}").touch()
    far.names("east", None)
    result = far.clean("--yes")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[-3:] == [
        "lab1 (192.168.10.20): ssh: connect to host 192.168.10.20: No route to host; look at its power "
        "and its cable, then run again; it is left alone",
        "east (192.168.10.21): it does not say which versions its sets name; a deploy brings a program that does, and "
        "mends sets: pyinfra inventory.py deploys/models.py --limit east -y; it is left alone",
        f"sentinel: 1 version removed, {result.stdout.split(' goes, ')[1].split()[0]} B freed",
    ]


def test_what_a_killed_clean_up_left_goes_first(far: Hosts) -> None:
    left = far.models("sentinel") / "haarcascades" / ".retired-2021-01-01"
    left.mkdir(parents=True)
    (left / "haarcascade_eye.xml").write_bytes(b"12345")
    result = far.clean("--yes")
    assert result.stdout.splitlines()[1] == (
        "sentinel  haarcascades/2021-01-01   5 B  goes: an earlier clean-up was ended"
    )
    assert result.stdout.splitlines()[-1] == "sentinel: 1 version removed, 5 B freed"
    assert not left.exists()


def test_what_a_host_refuses_is_told(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts.hold("sentinel", "mobilenet_ssd", "2020-12-06", "2021-01-01", "2022-01-01")
    remove = prune_nodes.remove

    def meanwhile(*words: object) -> object:
        (hosts.models("sentinel") / "mobilenet_ssd" / "2021-01-01" / "mine.txt").touch()
        return remove(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(prune_nodes, "remove", meanwhile)
    result = hosts.clean("--yes")
    assert result.exit_code == 3
    assert result.stderr == (
        f"sentinel: mobilenet_ssd/2021-01-01: {hosts.models('sentinel')}/mobilenet_ssd/2021-01-01/mine.txt: not of "
        "this version; it stays; move that away and run again\n"
    )
    assert len(hosts.held("sentinel")) == 3


def test_for_programs(hosts: Hosts) -> None:
    hosts.hold("sentinel", "mobilenet_ssd", "2020-12-06", "2021-01-01", "2022-01-01")
    freed = size(hosts.models("sentinel") / "mobilenet_ssd" / "2021-01-01")
    result = hosts.clean("--json", "--dry-run")
    assert json.loads(result.stdout)["hosts"]["sentinel"] == {
        "go": [{"model": "mobilenet_ssd", "version": "2021-01-01", "bytes": freed}],
        "unfinished": [],
        "stay": {
            "mobilenet_ssd/2020-12-06": ["current"], "mobilenet_ssd/2022-01-01": ["one of the 1 most recent others"],
        },
        "error": None,
    }  # fmt: skip
    assert json.loads(result.stdout)["bytes"] == freed


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=5), st.lists(st.integers(0, 2), min_size=6, max_size=6)
)
def test_the_bytes_are_those_that_each_removal_frees(versions: list[list[int]], elsewhere: list[int]) -> None:
    """Files by their inode; an inode's number is its size. Against removing link after link."""
    links = {inode: sum(each.count(inode) for each in versions) + elsewhere[inode] for inode in range(6)}
    held = tuple(
        HeldVersion(
            model="cats", version=f"2026-01-0{number}",
            files=[HeldFile(Text(f"f{index}"), inode, f"1:{inode}", links[inode]) for index, inode in enumerate(each)],
        )
        for number, each in enumerate(versions, 1)
    )  # fmt: skip
    expected, left = [], dict(links)
    for each in versions:
        bytes_freed = 0
        for inode in each:
            left[inode] -= 1
            bytes_freed += inode if left[inode] == 0 else 0
        expected.append(bytes_freed)
    assert freed(held) == expected
