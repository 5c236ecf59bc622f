"""Release pages, an apt repository and an index with an evil `pycoral`, in the lab's network while a test serves them.

http://198.18.0.30/libedgetpu/releases/download/..., /debian/ and /simple/. Whoever serves them ends them, be it by a
crash: the server reads its standard input, and nothing remains but a folder, which `down` removes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import coral, debs, network, wheels
from lab.architecture import ARCHITECTURE
from lab.hosts import STATE
from lab.machine import wait_until
from lab.page_server import LOG, ORDERS, READY, WWW
from lab.shell import succeeds
from lab.site.registry import REGISTRY
from lab.wheel_texts import EVIL

FOLDER = STATE / "pages"
SOURCE = f"http://{network.PAGES}"
APT_LINE = f"deb [trusted=yes] {SOURCE}/debian ./\n"
EVIL_WHEEL = "pycoral-99.0-py3-none-any.whl"
CHECKOUT = Path(__file__).parent.parent
START_SECONDS = 20.0


@dataclass(frozen=True)
class Pages:
    """What is served, what is ordered of it, and who asked."""

    folder: Path

    def put(self, files: Mapping[str, bytes]) -> None:
        """Publish files: path below SOURCE to bytes."""
        for name, content in files.items():
            path = self.folder / WWW / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def remove(self, name: str) -> None:
        """Publish a file no more."""
        (self.folder / WWW / name).unlink()

    def order(self, path: str, **order: Any) -> None:
        """Order misbehaviour of what ends in `path`, as lab/page_server.py has it; without any, it behaves again."""
        orders = {each: value for each, value in self._orders().items() if each != path}
        if order:
            orders[path] = {**order, "number": time.monotonic_ns()}
        new = self.folder / f"{ORDERS}.new"
        new.write_text(json.dumps(orders))
        new.replace(self.folder / ORDERS)

    def behave(self) -> None:
        """Forget all orders."""
        (self.folder / ORDERS).unlink(missing_ok=True)

    def requests(self, part: str = "") -> list[dict[str, Any]]:
        """All requests up to now whose path has `part`: client, method, path, range, agent, status."""
        log = self.folder / LOG
        lines = log.read_text().splitlines() if log.exists() else []
        return [request for request in map(json.loads, lines) if part in request["path"]]

    def forget_requests(self) -> None:
        """Begin the log anew."""
        (self.folder / LOG).unlink(missing_ok=True)

    def _orders(self) -> dict[str, Any]:
        path = self.folder / ORDERS
        orders: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return orders


def fill(pages: Pages) -> None:
    """Publish both stacks of the lab, libusb-1.0-0, and the evil wheel."""
    assert REGISTRY.coral is not None
    for stack in REGISTRY.coral.stacks.values():
        pages.put(coral.releases(stack))
    packages = debs.usb_repository(ARCHITECTURE)
    pages.put({f"debian/{name}": content for name, content in packages.items()})
    evil = wheels.wheel(EVIL_WHEEL, {"pycoral/__init__.py": EVIL.encode(), "evil.pth": EVIL_PTH.encode()})
    link = f'<!DOCTYPE html><html><body><a href="{EVIL_WHEEL}">{EVIL_WHEEL}</a></body></html>\n'
    pages.put({"simple/pycoral/index.html": link.encode(), f"simple/pycoral/{EVIL_WHEEL}": evil})


EVIL_PTH = 'import pathlib; pathlib.Path("/tmp/evil-pycoral").touch()\n'
"""Runs at each start of an environment in which the wheel is installed."""


@contextmanager
def served() -> Iterator[Pages]:
    """Serve all that, in the lab's network, which is up.

    :raises OperatorError: it is down, or the server does not come.
    """
    network.require_up()
    remove()
    pages = Pages(FOLDER)
    fill(pages)
    succeeds(["ip", "-n", network.NAMESPACE, "address", "add", f"{network.PAGES}/{network.PREFIX_LENGTH}",
              "dev", network.BRIDGE])  # fmt: skip  # where an older checkout made the network
    command = [sys.executable, "-m", "lab.page_server", f"--folder={FOLDER}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=CHECKOUT) as server:
        try:
            wait_until((FOLDER / READY).exists, START_SECONDS, f"{SOURCE}: served")
            yield pages
        finally:
            server.kill()
    remove()


def remove() -> None:
    """Remove what is served and what was noted."""
    shutil.rmtree(FOLDER, ignore_errors=True)
