import shlex
from pathlib import Path

import pytest

from node import layout
from node.errors import Refusal
from node.pull import access, transfer


def options(timeout: int) -> set[str]:
    return set(shlex.split(transfer.ssh(timeout))[6::2])


def test_its_own_key_and_the_known_host_key_only() -> None:
    words = shlex.split(transfer.ssh(60))
    assert words[:5] == ["ssh", "-F", "none", "-i", f"{layout.access()}/pull_key"]
    assert set(words[5::2]) == {"-o"}
    assert options(60) >= {
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        "GlobalKnownHostsFile=none",
        f"UserKnownHostsFile={layout.access()}/known_hosts",
    }


@pytest.mark.parametrize(
    ("timeout", "interval", "connect"), [(1, 1, 1), (2, 1, 2), (9, 4, 9), (10, 5, 10), (60, 30, 10)]
)
def test_a_dead_link_is_noticed_within_the_time_limit(timeout: int, interval: int, connect: int) -> None:
    """ssh asks when it has heard nothing for the interval, and gives up when it hears nothing for another one."""
    timed = {f"ServerAliveInterval={interval}", "ServerAliveCountMax=1", f"ConnectTimeout={connect}"}
    assert options(timeout) >= timed


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "@@@@@@@@\nops@192.0.2.1: Permission denied (publickey).\nrsync: connection unexpectedly closed",
            "ops@192.0.2.1: Permission denied (publickey); run deploys/access.py, then run again",
        ),
        (
            "@@@@@@@@\nHost key verification failed.\r\nrsync: connection unexpectedly closed",
            "Host key verification failed; see who answers there; if it has a new card: modelctl trust depot "
            "--replace, then deploys/access.py, then run again",
        ),
        (
            "this node's pull key was revoked\nrsync: connection unexpectedly closed (0 bytes received so far)",
            "this node's pull key was revoked; if it is to read again: git pull in the site, so that it gets a new "
            "one, then run again",
        ),
        (
            "Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found.",
            "Unable to negotiate with 192.0.2.1 port 22: no matching key exchange method found; update OpenSSH on the "
            "older of the two, then run again",
        ),
        (
            "/usr/bin/rrsync error: Restricted directory does not exist!",
            "/usr/bin/rrsync error: Restricted directory does not exist!; mend that on depot, then run again",
        ),
    ],
)
def test_what_no_retry_mends(said: str, told: str) -> None:
    assert transfer.hopeless(said, "depot") == told


@pytest.mark.parametrize(
    "said",
    [
        "",
        "ssh: connect to host 192.0.2.1 port 22: Connection refused",
        "System is booting up. Unprivileged users are not permitted to log in yet.",
        "rsync: [sender] send_files failed to open x: Permission denied (13)",
    ],
)
def test_what_a_retry_may_mend(said: str) -> None:
    assert transfer.hopeless(said, "depot") is None


@pytest.mark.parametrize("name", ["pull_key", "pull_key-cert.pub", "known_hosts"])
def test_a_node_without_pull_access(state: Path, name: str) -> None:
    access.install("certificate\n", "known hosts\n")
    (layout.access() / "pull_key").write_text("key\n")
    transfer.require_key()
    (layout.access() / name).unlink()
    with pytest.raises(Refusal, match=rf"^{state}/access/{name}: missing; run deploys/access\.py, then run again$"):
        transfer.require_key()
