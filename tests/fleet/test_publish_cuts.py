"""Whatever is cut, killed or without power while a trainer publishes, the same command brings it to its end.

Until then there are never two truths: no version is in the registry that is not whole, no commit pins one that is not
there, and no host runs one that git does not tell of. Each version is cut at some places one after the other; with
those of test_publish.py they are twenty.
"""

from collections.abc import Iterator

import pytest

from lab.hosts import CONTROL
from lab.lab import Lab
from tests.fleet import trainer
from tests.fleet.control_node import ControlNode
from tests.fleet.cuts import Cut, Way, publish_and_cut
from tests.fleet.settlement import Settlement

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def way(settlement: Settlement, lab: Lab) -> Iterator[Way]:
    lab.boot(CONTROL.name)
    control = ControlNode(lab)
    with trainer.set_up(control) as ready:
        yield Way(lab, control, ready)
    lab.forget_commits(control.own_commits())
    lab.reset(CONTROL.name)
    settlement.restore()


@pytest.mark.parametrize("cuts", [
    (("upload", "upload"), ("copy", "link"), ("pin", "ramrod"), ("deploy", "trainer")),
    (("upload", "trainer"), ("copy", "trainer"), ("pin", "receive"), ("deploy", "long link")),
    (("upload", "link"), ("copy", "receive"), ("pin", "data1"), ("deploy", "ramrod")),
    (("upload", "long link"), ("copy", "ramrod"), ("deploy", "data1")),
    (("upload", "data1"), ("copy", "deepend")),
])  # fmt: skip
def test_a_publish_that_is_cut_is_brought_to_its_end(way: Way, cuts: tuple[Cut, ...]) -> None:
    publish_and_cut(way, cuts)
