import hashlib
import json

import pytest

from modelctl import product
from modelctl.desired.desired_state import desired, versions_of
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.operator import operator, purpose
from node import protocol
from node.desired_state import DesiredState, Options
from node.store.service_set import Installed
from operations.desired_state import desired_in_run

NO_OPTIONS = Options()
COMMIT = "c0ffee" * 6 + "c0ff"
HOSTS = ("data1", "sentinel", "lab1", "east", "alpha5")


def order_of(fleet: Fleet, name: str, asked: Options = NO_OPTIONS) -> DesiredState:
    """The order for a host, in a run of that host and lab1."""
    return desired_in_run(
        fleet, name, COMMIT, asked, {each: versions_of(desired(fleet, each)) for each in (name, "lab1")}
    )


def files_of(order: DesiredState) -> list[Installed]:
    """All files of an order that have contents."""
    rule = [order.stack.rule] if order.stack else []
    return [*(file for each in order.sets for file in each.files), *order.clean_up, *rule]


@pytest.mark.parametrize("name", HOSTS)
def test_the_node_reads_what_is_sent(fleet: Fleet, name: str) -> None:
    sent = order_of(fleet, name, Options(unlock=True, full=False, diff=True))
    assert protocol.loads(DesiredState, protocol.dumps(sent)) == sent
    assert protocol.loads(DesiredState, protocol.dumps(sent.question)) == sent.question


@pytest.mark.parametrize("name", HOSTS)
def test_an_order_is_what_the_host_should_hold_and_what_is_asked_in_this_run(fleet: Fleet, name: str) -> None:
    wanted, asked = desired(fleet, name), Options(unlock=True, full=False, diff=True)
    found = order_of(fleet, name, asked)
    assert found.host == name
    assert (found.operator, found.purpose) == (operator(), purpose())
    assert (found.commit, found.product, found.options) == (COMMIT, product.release(), asked)
    assert found.limits._asdict() == fleet.standards.limits.model_dump()
    rest = {
        field: getattr(wanted, field) for field in ("commit", "product", "operator", "purpose", "options", "datasink")
    }
    assert found._replace(**rest) == wanted


def test_what_the_primary_datasink_is_told(fleet: Fleet) -> None:
    pull_ca = PullCa(fleet.site.pull_ca)
    pull_ca.create()
    found = order_of(fleet, "data1")
    assert [unit.path.name for unit in found.clean_up] == ["model_cleanup.service", "model_cleanup.timer"]
    assert found.clean_up == desired(fleet, "data1").clean_up
    told = found.datasink
    assert told is not None
    assert told.pull_ca == pull_ca.lines("/home/ops/sentinelcam/model_registry", fleet.revoked)
    assert told.needed == {
        each.label: each.manifest for name in ("data1", "lab1") for each in versions_of(desired(fleet, name))
    }
    assert str(told.log) == fleet.deployment_log()


@pytest.mark.parametrize("name", HOSTS[1:])
def test_no_other_host_is_told_of_it(fleet: Fleet, name: str) -> None:
    found = order_of(fleet, name)
    assert (found.datasink, found.clean_up) == (None, [])


@pytest.mark.parametrize("name", HOSTS)
def test_files_carry_the_digest_of_their_contents(fleet: Fleet, name: str) -> None:
    files = files_of(order_of(fleet, name))
    assert len(files) > (3 if name == "sentinel" else 1)
    for file in files:
        assert file.content is not None
        assert file.sha256 == hashlib.sha256(file.content.encode()).hexdigest()


@pytest.mark.parametrize("name", HOSTS)
def test_the_question_holds_no_contents(fleet: Fleet, name: str) -> None:
    whole = order_of(fleet, name)
    contents = [file.content for file in files_of(whole)]
    assert len(contents) > 1
    question = protocol.dumps(whole.question)
    assert not [content for content in contents if json.dumps(content)[1:-1] in question]
    assert [file.content for file in files_of(whole)] == contents
    asked = protocol.loads(DesiredState, question)
    assert [file._replace(content=None) for file in files_of(whole)] == files_of(asked)
    assert [file.sha256 for file in files_of(asked)] == [
        hashlib.sha256((content or "").encode()).hexdigest() for content in contents
    ]
