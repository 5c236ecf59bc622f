"""The lab's hosts, and the site that is made of them."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

import lab.hosts
from lab import keys, network, site_copy
from lab.fleet import PINS, SOURCES, fleet
from lab.hosts import CONTROL, DEFAULT, HOSTS, MOST, hosts, noted
from lab.site.registry import REGISTRY
from lab.site.standards import STANDARDS
from modelctl.changes.edit import evaluate, set_override
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
from modelctl.inventory_file import load
from modelctl.product import CHECKOUT
from modelctl.schema import Site

RANGE = ip_network(f"{network.CONTROL_NODE}/{network.PREFIX_LENGTH}", strict=False)


def test_addresses_are_in_the_range_for_benchmarks_and_differ() -> None:
    addresses = [network.CONTROL_NODE, network.PAGES, CONTROL.address, *(host.address for host in hosts(MOST).values())]
    assert str(RANGE) == "198.18.0.0/15"
    assert all(ip_address(address) in RANGE for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_interface_names_fit_the_kernel() -> None:
    assert all(len(f"to-{name}") < 16 for name in (*hosts(MOST), CONTROL.name))


def test_its_site_reaches_only_the_lab() -> None:
    site = fleet().site
    assert {name: (str(host.address), host.login) for name, host in site.hosts.items()} == {
        name: (host.address, host.login) for name, host in HOSTS.items()
    }
    assert (site.ssh_key, site.known_hosts, site.pull_ca) == (keys.OPERATOR, keys.KNOWN_HOSTS, keys.PULL_CA)


def test_it_pins_all_that_its_hosts_get() -> None:
    lab = fleet()
    assert [lab.unpinned(name) for name in HOSTS] == [[]] * len(HOSTS)


def test_nobody_connects_outside_its_network() -> None:
    assert load(CHECKOUT / "lab" / "inventory.py").connect is network.enter
    assert "from lab.network import enter as _connect" in site_copy.TEXT


def test_more_hosts_are_outposts_after_those_that_there_always_are() -> None:
    assert list(hosts(7).values()) == list(DEFAULT)
    many = hosts(40)
    assert list(many.values())[:7] == list(DEFAULT)
    assert (list(many)[7], list(many)[-1], len(many), len(hosts(MOST))) == ("outpost10", "outpost42", 40, MOST)
    assert {host.service for host in list(many.values())[7:]} == {"imagenode"}


def test_how_many_is_noted_while_the_lab_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.hosts, "COUNT", tmp_path / "count")
    assert noted() == 7
    (tmp_path / "count").write_text("40\n")
    assert noted() == 40


class TestSiteOfForty:
    """The copy of the lab's site that `up --hosts 40` makes."""

    PATH = SOURCES / "site.py"
    TEXT = site_copy.with_outposts(PATH.read_text(), hosts(40).values())

    def site(self, text: str) -> Site:
        found = evaluate(text, self.PATH, "SITE")
        assert isinstance(found, Site)
        return found

    def test_it_has_them_all(self) -> None:
        forty = Fleet(self.site(self.TEXT), REGISTRY, STANDARDS, load_pins(PINS))
        assert {name: str(host.address) for name, host in forty.site.hosts.items()} == {
            name: host.address for name, host in hosts(40).items()
        }
        assert [forty.unpinned(name) for name in forty.site.hosts] == [[]] * 40

    @pytest.mark.parametrize("host", ["lab1", "outpost42"])
    def test_commands_can_edit_it(self, host: str) -> None:
        site = self.site(set_override(self.TEXT, host, "mobilenet_ssd", "2026-05-01"))
        assert site.hosts[host].model_version_overrides == {"mobilenet_ssd": "2026-05-01"}

    def test_of_the_default_hosts_it_is_a_plain_copy(self) -> None:
        assert site_copy.with_outposts(self.PATH.read_text(), DEFAULT) == self.PATH.read_text()
