"""A host whose installed code looks as another release of the programs: lab/releases.py has them."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from lab.releases import DEFAULT, RELEASES
from tests.fleet.node import Node


@contextmanager
def looks_like(node: Node, release: str) -> Iterator[None]:
    """Give a host the signs of a release; afterwards those of a new host. Services that run go on as they are."""
    put(node, release)
    try:
        yield
    finally:
        put(node, DEFAULT[node.service])


def put(node: Node, release: str) -> None:
    """Give a host the signs of a release, as the tool does that brings the services' code."""
    home = node.lab.host(node.name).home
    for name, text in RELEASES[release].items():
        path = f"{home}/{name}"
        if text is None:
            node.shell(f"rm -f {shlex.quote(path)}")
        else:
            node.write(path, text)
            node.shell(f"chown ops:ops $(dirname {shlex.quote(path)}) {shlex.quote(path)}")
