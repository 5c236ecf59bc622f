"""One booted lab for all stories. Each story restores what it changes."""

from collections.abc import Callable, Iterator

import pytest

from lab.lab import Lab
from tests.fleet.node import Node
from tests.fleet.operator import deploy

NodeOf = Callable[[str], Node]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-lab", action="store_true", help="take the lab as it is and leave it up: to work on a story"
    )


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The lab, new and bare, taken down at the end."""
    lab, is_kept = Lab(), request.config.getoption("--keep-lab")
    if not is_kept:
        lab.down()
    lab.up()
    yield lab
    if not is_kept:
        lab.down()


@pytest.fixture(scope="session")
def node(lab: Lab) -> NodeOf:
    """Hosts by name."""
    return lambda name: Node(lab, name)


@pytest.fixture(scope="session")
def deployed(lab: Lab) -> Lab:
    """The lab with the default site deployed."""
    run = deploy()
    assert run.code == 0, run.err
    return lab


@pytest.fixture
def settled(deployed: Lab) -> Iterator[None]:
    """The default site, deployed; restored after a story that changes it."""
    lab = deployed
    yield
    lab.up()
    for name in lab.hosts:
        lab.mend(name)
        lab.run(name, "rm -rf /etc/sentinelcam-lab")
    restored = deploy()
    assert restored.code == 0, restored.err
