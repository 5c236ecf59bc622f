import io
import json
import pwd
from pathlib import Path

import pytest

from node import orders
from node.errors import Refusal
from node.desired_state import Asked, File, Source, Version
from node.rights import Owner
from node.service_set import Gate, Installed, Link, Named, Work
from tests.unit.node.places import LIMITS, NOTHING_ASKED, USER
from tests.unit.node.test_service_set import SET

VERSION = {
    "model": "cats",
    "version": "2026-01-01",
    "manifest": "ab",
    "directory": "/models/cats/2026-01-01",
    "files": [{"name": "cats.bin", "sha256": "cd", "size": 3, "linked": False}],
}
ORDER = {
    "host": "node",
    "service_user": USER,
    "folders": ["/models"],
    "versions": [VERSION],
    "face_list": None,
    "sets": [SET],
    "source": {"host": "depot", "address": "192.0.2.1", "login": "ops", "registry": "/registry", "local": False},
    "limits": LIMITS._asdict(),
    "commit": "c0ffee",
    "product": "0.1.0 decade",
    "operator": "anna@ramrod",
    "purpose": "pyinfra inventory.py",
    "asked": {"unlock": True, "full": False, "diff": True},
    "datasink": None,
}


@pytest.mark.parametrize("said", ["yes", "true", 1, None])
def test_nothing_but_true_asks_for_anything(said: object) -> None:
    order = orders.parse({**ORDER, "asked": {"unlock": said, "full": said, "diff": said}})
    assert order.asked == NOTHING_ASKED


def test_an_order_is_read_as_it_was_sent() -> None:
    order = orders.read(io.StringIO(json.dumps(ORDER)))
    version = Version("cats", "2026-01-01", "ab", Path("/models/cats/2026-01-01"), [File("cats.bin", "cd", 3, False)])
    assert order.versions == [version]
    assert version.label == "cats/2026-01-01"
    assert order.source == Source("depot", "192.0.2.1", "ops", Path("/registry"), local=False)
    assert (order.host, order.folders, order.face_list, order.limits) == ("node", [Path("/models")], None, LIMITS)
    assert (order.commit, order.product, order.datasink) == ("c0ffee", "0.1.0 decade", None)
    assert order.asked == Asked(unlock=True, full=False, diff=True)
    assert (order.operator, order.purpose) == ("anna@ramrod", "pyinfra inventory.py")
    [service] = order.sets
    assert service.files[1] == Installed(Path("/home/engine.yaml"), USER, 0o644, "02", "é: 1\n")
    assert service.named_files == [Named(Path("/models/cats/2026-01-01/cats.bin"), "cd", linked=False)]
    assert (service.timers, service.state) == (["engine.timer"], "running")
    assert service.work == Work(Path("/engine/engine.py"), [5566], 5566, 3, 1, None, [])
    assert service.links == [Link(Path("/home/current"), "list_1.csv")]
    assert service.manifests == {"cats": "ab"}
    assert service.gate == Gate(
        linked_wait=1.5, settle=3, deadline=60, model_wait=0, checks=["restarts", "port", "files"]
    )


def test_owner_is_the_user_and_its_group() -> None:
    entry = pwd.getpwnam(USER)
    assert orders.parse(ORDER).owner == Owner(entry.pw_uid, entry.pw_gid)


def test_an_unknown_user_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        rights.owner_of("no-such-user")
    assert str(caught.value) == (
        "user no-such-user: not on this node; expected the service's user; sudo useradd --create-home no-such-user"
    )


def test_a_datasink_has_a_face_list() -> None:
    order = orders.parse({**ORDER, "face_list": VERSION, "versions": []})
    assert order.face_list is not None
    assert order.face_list.model == "cats"
