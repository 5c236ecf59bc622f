"""What pyinfra takes from an operator's ssh_config."""

from io import StringIO

import pytest
from pyinfra.connectors.sshuserclient.config import SSHConfig

from operations.mends import connection

ADDRESS = "192.168.10.20"
TEXT = f"""
Host {ADDRESS} fd00::20
  HostName 192.168.10.21
  CanonicalizeHostname always
  CanonicalDomains example.org
  ProxyCommand nc %h %p
  Port 2222
Host tower
  HostName 192.168.10.70
"""


@pytest.fixture
def text() -> StringIO:
    text = StringIO(TEXT)
    text.name = "ssh_config"
    return text


def test_pyinfra_still_follows_a_host_name_to_another_host(text: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSHConfig, "_lookup", connection._lookup)
    read = SSHConfig()
    read.parse(text)
    assert read.lookup(ADDRESS)["hostname"] == "192.168.10.21"


@pytest.mark.parametrize("address", [ADDRESS, "fd00::20"])
def test_an_address_is_the_inventorys(text: StringIO, address: str) -> None:
    """H13: the way there is the operator's."""
    read = SSHConfig()
    read.parse(text)
    found = read.lookup(address)
    assert (found["hostname"], found["port"], found["proxycommand"]) == (address, "2222", f"nc {address} 2222")


def test_a_jump_host_has_a_name(text: StringIO) -> None:
    """H13."""
    read = SSHConfig()
    read.parse(text)
    assert read.lookup("tower")["hostname"] == "192.168.10.70"
