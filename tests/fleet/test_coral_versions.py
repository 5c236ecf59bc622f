"""The Coral stack is a version like a model's: rolled forward and back, and overridden on some hosts."""

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from modelctl.schema import CORAL
from tests.fleet import stacks
from tests.fleet.conftest import NodeOf
from tests.fleet.pulls import counter
from tests.fleet.repository import Repository, cloned
from tests.fleet.stacks import HOSTS, NEW, OLD

BY_COMMAND = 400_000  # bytes: two switches, and no package


@pytest.fixture(scope="module")
def repository(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    with cloned(tmp_path_factory.mktemp("coral"), deployed) as made:
        yield made


@pytest.fixture(autouse=True)
def restored(repository: Repository, node: NodeOf) -> Iterator[None]:
    repository.start_anew()
    yield
    if any(stacks.versions(node(name)) - {OLD} for name in HOSTS):
        repository.start_anew()
        assert repository.deploy(*(word for name in HOSTS for word in ("--limit", name))).code == 0


def test_an_update_and_its_rollback(repository: Repository, node: NodeOf) -> None:
    """All three libraries move together; what is taken back moves no byte of a package."""
    before = {name: stacks.environment(node(name)) for name in HOSTS}
    update = repository.modelctl("rollback", CORAL, NEW, "--yes")
    assert update.code == 0, update.err
    assert f"Roll forward {CORAL} from {OLD} to {NEW}" in update.out
    stacks.loads(node, NEW)
    counts = [counter(node(name)) for name in HOSTS]
    back = repository.modelctl("rollback", CORAL, "--previous", "--yes")
    assert back.code == 0, back.err
    stacks.loads(node, OLD)
    assert all(count() < BY_COMMAND for count in counts)
    assert {name: stacks.environment(node(name)) for name in HOSTS} == before


def test_one_override_for_two_hosts(repository: Repository, node: NodeOf) -> None:
    tried = repository.modelctl("override", "alpha5,sentinel", CORAL, NEW, "--yes")
    assert tried.code == 0, tried.err
    stacks.loads(node, NEW)
    assert stacks.digest_of(node, "alpha5") == stacks.digest_of(node, "sentinel")
    status = repository.modelctl("status", "alpha5", "sentinel")
    assert status.code == 0, status.out
    assert f"{CORAL} {NEW} (override)" in " ".join(status.out.split())
    cleared = repository.modelctl("override", "alpha5,sentinel", CORAL, "--clear", "--yes")
    assert cleared.code == 0, cleared.err
    stacks.loads(node, OLD)
