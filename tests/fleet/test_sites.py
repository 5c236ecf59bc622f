"""Sites in repositories of their own: each is deployed from this one checkout, and each keeps its own commits."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import site_copy
from lab.lab import Lab
from modelctl import product
from tests.fleet.conftest import NodeOf
from tests.fleet.node import STATE, Node
from tests.fleet.operator import CHECKOUT, Run, deploy, modelctl
from tests.fleet.repository import Repository, cloned

MODEL, CURRENT, TRIED = "mobilenet_ssd", "2020-12-06", "2026-05-01"
IN_A_STYLE_OF_ITS_OWN = """
from dataclasses import replace
from lab.network import enter as _connect
from modelctl.inventory_file import site_beside

_all = site_beside(__file__)
_FLEET, _SOURCES, _PINS = (_all[name] for name in ("_FLEET", "_SOURCES", "_PINS"))
_site = _FLEET.site
_hosts = {{name: _site.hosts[name].model_copy(update={{"debug_mode": True}}) for name in {hosts!r}}}
_FLEET = replace(_FLEET, site=_site.model_copy(
    update={{"name": {name!r}, "hosts": {{"data1": _site.hosts["data1"], **_hosts}}, "retention_profiles": {{}}}}
))
"""


@dataclass(frozen=True)
class OwnSite:
    """A site of the primary datasink and one outpost, and the outpost."""

    repository: Repository
    outpost: Node

    def deploy(self, *words: str) -> Run:
        return deploy("--limit", self.outpost.name, *words, site=self.repository.inventory)

    def recorded(self) -> dict[str, str]:
        """What the outpost's chosen set says of its making."""
        path = f"{STATE}/sets/imagenode/{self.outpost.link('chosen')}/set.json"
        data = json.loads(self.outpost.read(path))
        return {name: data[name] for name in ("commit", "product")}

    def told(self) -> dict[str, str]:
        return {"commit": self.repository.git("rev-parse", "HEAD"), "product": product.release()}


@pytest.fixture
def sites(deployed: Lab, node: NodeOf, tmp_path: Path) -> Iterator[list[OwnSite]]:
    """Two sites of different hosts; afterwards these are as the lab's site has them."""
    with cloned(tmp_path / "orchard", deployed) as orchard, cloned(tmp_path / "harbour", deployed) as harbour:
        made = [OwnSite(orchard, node("lab1")), OwnSite(harbour, node("alpha5"))]
        for each in made:
            name = each.repository.folder.name
            each.repository.inventory.write_text(IN_A_STYLE_OF_ITS_OWN.format(name=name, hosts=[each.outpost.name]))
            each.repository.commit()
        yield made
    assert deploy("--limit", "lab1", "--limit", "alpha5").code == 0


def product_state() -> list[str]:
    """This checkout's commit and what is not committed in it."""
    words = (["rev-parse", "HEAD"], ["status", "--porcelain"])
    return [subprocess.run(["git", "-C", CHECKOUT, *each], capture_output=True, text=True).stdout for each in words]


def test_two_sites_in_turn_from_one_checkout(sites: list[OwnSite]) -> None:
    before = product_state()
    orchard, harbour = sites
    untouched = harbour.outpost.snapshot()
    for site in (orchard, harbour):
        run = site.deploy()
        assert run.code == 0, run.err
        assert site.recorded() == site.told()
        assert "DEBUG" in site.outpost.read("/home/ops/imagenode.yaml")
        assert f"commit {site.told()['commit'][:12]} " in site.outpost.history()[-1]
        if site is orchard:
            assert harbour.outpost.snapshot() == untouched
    for site in (orchard, harbour):
        again = site.deploy()
        assert (again.code, again.changed()) == (0, {})
        status = modelctl("status", site.outpost.name, "--site", str(site.repository.inventory))
        assert status.code == 0, status.out
    elsewhere = modelctl("status", "alpha5", "--site", str(orchard.repository.inventory))
    assert (elsewhere.code, elsewhere.err.split(";")[0]) == (1, "HOST: found 'alpha5'")
    assert product_state() == before


def test_practising_on_the_lab_commits_to_its_copy_alone(deployed: Lab, node: NodeOf) -> None:
    before, copy = product_state(), Repository(site_copy.FOLDER)
    assert deployed.running("lab1")
    for words in (("override", "lab1", MODEL, TRIED), ("override", "lab1", MODEL, "--clear")):
        run = modelctl(*words, "--yes", "--site", "lab/inventory.py")
        assert run.code == 0, run.err
    assert CURRENT in node("lab1").read("/home/ops/imagenode.yaml")
    assert copy.git("log", "-2", "--format=%s").splitlines() == [
        f"Clear the override of {MODEL} on lab1",
        f"Override {MODEL} on lab1 with {TRIED}",
    ]
    assert (copy.git("status", "--porcelain"), product_state()) == ("", before)


def test_older_is_judged_by_the_sites_own_commits(sites: list[OwnSite]) -> None:
    orchard = sites[0]
    assert orchard.deploy().code == 0
    newest = orchard.repository.git("rev-parse", "HEAD")
    orchard.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    before = orchard.outpost.snapshot()
    refused = orchard.deploy()
    assert refused.code == 1
    [line] = refused.lines_with("which this checkout does not contain")
    assert line.strip().endswith(
        f"lab1: imagenode was switched by commit {newest[:12]}, which this checkout does not contain; "
        f"git -C {orchard.repository.folder}/inventory pull, or allow it with --data older=lab1"
    )
    assert orchard.outpost.snapshot() == before
    assert orchard.deploy("--data", "older=lab1").code == 0


def test_a_change_is_committed_to_the_site_that_it_is_of(sites: list[OwnSite]) -> None:
    before, (orchard, harbour) = product_state(), sites
    other = harbour.repository.git("rev-parse", "HEAD")
    assert orchard.deploy().code == 0
    site = ("--site", str(orchard.repository.inventory))
    tried = modelctl("override", "lab1", MODEL, TRIED, "--yes", *site)
    assert tried.code == 0, tried.err
    assert orchard.repository.log()[0] == f"Override {MODEL} on lab1 with {TRIED}"
    assert orchard.repository.git("status", "--porcelain") == ""
    assert orchard.recorded() == orchard.told()
    assert TRIED in orchard.outpost.read("/home/ops/imagenode.yaml")
    cleared = modelctl("override", "lab1", MODEL, "--clear", "--yes", *site)
    assert cleared.code == 0, cleared.err
    assert CURRENT in orchard.outpost.read("/home/ops/imagenode.yaml")
    assert (harbour.repository.git("rev-parse", "HEAD"), product_state()) == (other, before)
