from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl.desired import render as rendering
from modelctl.desired.check import Checked, check
from modelctl.errors import Faults
from modelctl.schema import Site
from tests.unit.modelctl.sites import fleet, pinned, site


@pytest.fixture
def _no_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rendering, "TEMPLATES", tmp_path)
    rendering.environment.cache_clear()
    yield
    rendering.environment.cache_clear()


def trusted(folder: Path, *but: str) -> Site:
    """The site with a known_hosts file of all its hosts but some."""
    known = folder / "known_hosts"
    hosts = [host for name, host in site().hosts.items() if name not in but]
    known.write_text("".join(f"{host.address} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA\n" for host in hosts))
    return site(known_hosts=known)


def test_a_site_that_is_pinned_and_trusted_is_ready(tmp_path: Path) -> None:
    assert check(fleet(trusted(tmp_path), pins=pinned())) == Checked("chandler", 7, 22, 10, (), ())


def test_what_keeps_a_deploy_from_hosts_is_told_by_version_and_by_host(tmp_path: Path) -> None:
    pins = pinned()
    del pins.models["mobilenet_ssd"]
    found = check(fleet(trusted(tmp_path, "east"), pins=pins))
    assert (found.warnings, found.not_ready) == (
        (),
        (
            "mobilenet_ssd/2020-12-06: no pin covers it, so a deploy to sentinel, lab1, alpha5 refuses it; pin it: "
            "modelctl pin",
            f"east: no key of 192.168.10.21 in {tmp_path}/known_hosts, so no deploy reaches it; trust it: "
            "modelctl trust east",
        ),
    )


@pytest.mark.usefixtures("_no_templates")
def test_faults_of_all_hosts_are_listed_each_once() -> None:
    with pytest.raises(Faults) as caught:
        check(fleet())
    services = [line.removeprefix("templates/").split("/")[0] for line in caught.value.faults]
    assert services == ["datapump"] * 2 + ["sentinel"] * 12 + ["imagenode"] * 2
    assert caught.value.faults[0].startswith("templates/datapump/datapump.service.j2: TemplateNotFound: ")
