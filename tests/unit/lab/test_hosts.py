"""The lab's hosts, and the site that is made of them."""

from ipaddress import ip_address, ip_network

from lab import keys, network, site_copy
from lab.fleet import fleet
from lab.hosts import HOSTS
from modelctl.inventory_file import load
from modelctl.product import CHECKOUT

RANGE = ip_network(f"{network.CONTROL_NODE}/{network.PREFIX_LENGTH}", strict=False)


def test_addresses_are_in_the_range_for_benchmarks_and_differ() -> None:
    addresses = [network.CONTROL_NODE, *(host.address for host in HOSTS.values())]
    assert str(RANGE) == "198.18.0.0/15"
    assert all(ip_address(address) in RANGE for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_interface_names_fit_the_kernel() -> None:
    assert all(len(f"to-{name}") < 16 for name in HOSTS)


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
