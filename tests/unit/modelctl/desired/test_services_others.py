"""The hosts that a service's files name are those that `modelctl doctor` asks about there."""

import re
from itertools import chain

from modelctl.desired.render import render
from modelctl.desired.services import service_of
from tests.unit.modelctl.sites import fleet, pinned, with_datasink

_NAMED = re.compile(r"tcp://([a-z][a-z0-9-]*):|--sink ([a-z][a-z0-9-]*)")


def test_they_are_all_that_the_files_name() -> None:
    asked = fleet(with_datasink("data2", cleans=("data2",)), pins=pinned())
    found = {}
    for host in asked.with_service():
        service = service_of(asked, host)
        assert service is not None
        texts = "\n".join(file.content or "" for file in render(asked, host))
        assert set(service.others) == set(filter(None, chain(*_NAMED.findall(texts))))
        found[host] = service.others
    outposts = dict.fromkeys(("lab1", "east", "alpha5"), ("data1",))
    assert found == {**outposts, "sentinel": ("data1", "data2"), "data1": (), "data2": ()}
