"""A host with a stick that lacks what the Coral stack needs of it, or has another numpy."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab import debs, pages
from lab.architecture import ARCHITECTURE
from lab.wheels import NUMPY_VERSION, numpy
from tests.fleet.node import Node

SITE_PACKAGES = "/home/ops/.opencv/lib/python3.11/site-packages"
SOURCES, KEPT = "/etc/apt/sources.list", "/etc/apt/sources.list.debian"


@contextmanager
def another_numpy(node: Node, version: str) -> Iterator[None]:
    """Let the services' environment have another numpy."""
    _give_numpy(node, version)
    try:
        yield
    finally:
        _give_numpy(node, NUMPY_VERSION)


def _give_numpy(node: Node, version: str) -> None:
    node.shell(f"rm -rf {SITE_PACKAGES}/numpy {SITE_PACKAGES}/numpy-*.dist-info")
    for name, content in numpy(version).items():
        node.write(f"{SITE_PACKAGES}/{name}", content.decode())
    node.shell(f"chown -R ops:ops {SITE_PACKAGES}/numpy*")


@contextmanager
def without_usb(node: Node) -> Iterator[None]:
    """Let it lack libusb-1.0-0, and its apt know the lab's repository alone: that has it, while pages are served."""
    node.shell(f"dpkg --purge libusb-1.0-0; mv {SOURCES} {KEPT}")
    node.write(SOURCES, pages.APT_LINE)
    try:
        yield
    finally:
        node.shell(f"mv {KEPT} {SOURCES}; rm -rf /var/lib/apt/lists/*")
        command = [*node.lab.console(node.name), "sh", "-c", "cat >/root/usb.deb && dpkg --install /root/usb.deb"]
        subprocess.run(command, input=debs.usb(ARCHITECTURE), check=True, capture_output=True, timeout=60)
        node.shell("rm /root/usb.deb")
