"""The lab's network: one namespace with a bridge and no way out, and one namespace per host on a cable to it."""

from __future__ import annotations

import ctypes
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from lab import locks, name
from lab.hosts import LabHost
from lab.shell import run, succeeds
from modelctl.errors import OperatorError

NAMESPACE = name.ID
BRIDGE = "bridge0"
CONTROL_NODE = "198.18.0.1"
PAGES = "198.18.0.30"
"""Where tests serve release pages, packages and an index: lab/pages.py."""
PREFIX_LENGTH = 15
"""198.18.0.0/15 is set aside for benchmarks of networks: no site has an address in it."""
NETNS_FOLDER = Path("/run/netns")
_IN_LAB = ("nsenter", f"--net={NETNS_FOLDER / NAMESPACE}", "--")
RATE = re.compile(r"[1-9][0-9]*(\.[0-9]+)?[kmg]?(bit|bps)")
CLONE_NEWNET = 0x40000000
CABLE = "to-"
"""Before a host's name: the end of its cable in the lab's namespace."""
TCP_TABLE = "/proc/sys/net/ipv4/tcp_child_ehash_entries"
"""The size of the table of TCP connections in namespaces that are made from one; Linux 6.1 and later have it."""
TCP_TABLE_OF_A_PI = 8192
"""Of 1 GB: the kernel makes an entry for each 128 KB of memory (tcp_init in net/ipv4/tcp.c). Who reads /proc/net/tcp
waits for the whole table, and a machine that holds a lab has many times the memory of a Pi.
"""
LOCK = Path("/run/sentinelcam-labs.lock")
"""One lab may remove the folder of all namespaces only while no other makes one."""
_DOWN = OperatorError(f"lab: it is down; run: {name.command('up')}")


def namespace(host: LabHost) -> str:
    """Name of the network namespace that a host lives in."""
    return f"{NAMESPACE}-{host.name}"


def require_up() -> None:
    """Refuse while the lab's network is not there.

    :raises OperatorError: when it is not.
    """
    if not is_up():
        raise _DOWN


def is_up() -> bool:
    """Whether the lab's network is there; after a crash its name can be left without it."""
    return succeeds(["ip", "-n", NAMESPACE, "link", "show", BRIDGE])


def create() -> None:
    """Make the namespace with its bridge, unless it is there."""
    if is_up():
        return
    _new_namespace(NAMESPACE, ())
    run(*_IN_LAB, "sh", "-c", f"[ ! -e {TCP_TABLE} ] || echo {TCP_TABLE_OF_A_PI} >{TCP_TABLE}")
    run("ip", "-n", NAMESPACE, "link", "add", BRIDGE, "type", "bridge")
    for address in (CONTROL_NODE, PAGES):
        run("ip", "-n", NAMESPACE, "address", "add", f"{address}/{PREFIX_LENGTH}", "dev", BRIDGE)
    run("ip", "-n", NAMESPACE, "link", "set", BRIDGE, "up")


def connect(host: LabHost) -> None:
    """Make a host's namespace with a cable to the bridge, unless it is there."""
    if succeeds(["ip", "-n", namespace(host), "link", "show", "eth0"]):
        return
    _new_namespace(namespace(host), _IN_LAB)
    cable = _cable(host)
    run("ip", "-n", NAMESPACE, "link", "add", cable, "type", "veth", "peer", "eth0", "netns", namespace(host))
    run("ip", "-n", NAMESPACE, "link", "set", cable, "master", BRIDGE, "up")
    run("ip", "-n", namespace(host), "address", "add", f"{host.address}/{PREFIX_LENGTH}", "dev", "eth0")
    run("ip", "-n", namespace(host), "link", "set", "eth0", "up")


def remove() -> None:
    """Take every namespace of the lab away, whatever state it is in."""
    for path in namespaces():
        run("ip", "netns", "delete", path.name)
    with locks.held(LOCK, "another lab"):
        if NETNS_FOLDER.is_dir() and not any(NETNS_FOLDER.iterdir()):
            while f" {NETNS_FOLDER} " in Path("/proc/self/mounts").read_text():
                run("umount", str(NETNS_FOLDER))


def namespaces() -> list[Path]:
    """Every namespace that bears this lab's name, whatever state it is in; no other lab's."""
    return [path for path in sorted(NETNS_FOLDER.glob(f"{NAMESPACE}*")) if f"{path.name}-".startswith(f"{NAMESPACE}-")]


def cut(host: LabHost) -> None:
    """Pull the host's cable."""
    run("ip", "-n", NAMESPACE, "link", "set", _cable(host), "down")


def is_cut(host: LabHost) -> bool:
    """Whether the host's cable is pulled."""
    [link] = json.loads(run("ip", "-json", "-n", NAMESPACE, "link", "show", _cable(host)))
    return "UP" not in link["flags"]


def mend(host: LabHost) -> None:
    """Plug the host's cable in again, at full speed."""
    for space, device in reversed(_ends(host)):  # that of `harmed` last
        if "tbf" in run("tc", "-n", space, "qdisc", "show", "dev", device):
            run("tc", "-n", space, "qdisc", "delete", "dev", device, "root")
    run("ip", "-n", NAMESPACE, "link", "set", _cable(host), "up")


def harmed() -> set[str]:
    """Names of the hosts whose cable is pulled or slowed: what `mend` is for."""
    links = json.loads(run("ip", "-json", "-n", NAMESPACE, "link", "show"))
    queues = json.loads(run("tc", "-json", "-n", NAMESPACE, "qdisc", "show"))
    devices = {link["ifname"] for link in links if "UP" not in link["flags"]}
    devices |= {queue["dev"] for queue in queues if queue["kind"] == "tbf"}
    return {device.removeprefix(CABLE) for device in devices if device.startswith(CABLE)}


def limit(host: LabHost, rate: str) -> None:
    """Slow the host's cable down, in both directions.

    :param rate: as tc writes it: 10mbit, 500kbit.
    :raises OperatorError: when it is no rate.
    """
    if not RATE.fullmatch(rate):
        raise OperatorError(f"limit {host.name}: found {rate!r}; expected a rate such as 10mbit or 500kbit")
    for space, device in _ends(host):
        shape = ("tbf", "rate", rate, "burst", "64kb", "latency", "200ms")
        run("tc", "-n", space, "qdisc", "replace", "dev", device, "root", *shape)


def bytes_received(host: LabHost) -> int:
    """Bytes that have come over the host's cable to the host since it was connected."""
    return _bytes(host, "tx")


def bytes_sent(host: LabHost) -> int:
    """Bytes that have come over the host's cable from the host since it was connected."""
    return _bytes(host, "rx")


def enter() -> None:
    """Move this process into the lab's namespace, from which no packet can leave the machine.

    :raises OperatorError: when the lab is down or this user may not.
    """
    try:
        with (NETNS_FOLDER / NAMESPACE).open("rb") as space:
            _set_namespace(space.fileno())
    except PermissionError as fault:
        raise OperatorError(f"lab: user id {os.geteuid()} may not enter its network; run it again with sudo") from fault
    except OSError as fault:
        raise _DOWN from fault


def _new_namespace(space: str, parent: Sequence[str]) -> None:
    """Make a namespace anew.

    :param parent: what to write before a command to run it in the namespace whose settings the new one gets.
    """
    if (NETNS_FOLDER / space).exists():
        run("ip", "netns", "delete", space)
    with locks.held(LOCK, "another lab"):
        run(*parent, "ip", "netns", "add", space)
    run("ip", "-n", space, "link", "set", "lo", "up")


def _bytes(host: LabHost, direction: str) -> int:
    """What the other end of the host's cable has sent or received."""
    [link] = json.loads(run("ip", "-json", "-statistics", "-n", NAMESPACE, "link", "show", _cable(host)))
    return int(link["stats64"][direction]["bytes"])


def _cable(host: LabHost) -> str:
    return CABLE + host.name


def _ends(host: LabHost) -> tuple[tuple[str, str], tuple[str, str]]:
    return (NAMESPACE, _cable(host)), (namespace(host), "eth0")


def _set_namespace(descriptor: int) -> None:
    """Python 3.11 has no os.setns."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
