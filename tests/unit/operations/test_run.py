"""A run: its hosts, what the operator asks of it, and what each of them should hold."""

import hashlib
import json

import pytest

from modelctl import product
from modelctl.desired.desired_state import desired, versions_of
from modelctl.desired.trainer import uploads
from modelctl.errors import Faults
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.operator import operator, purpose
from modelctl.product import CHECKOUT
from node import protocol
from node.desired_state import DesiredState, Options
from node.store.service_set import Installed
from operations import run
from operations.run import Arguments, Run
from tests.unit.operations.hosts import make_hosts, run_for

NOTHING = Arguments()
HOSTS = ("data1", "sentinel", "lab1", "east", "alpha5")


def order_of(fleet: Fleet, name: str, asked: Arguments = NOTHING, diff: bool = False) -> DesiredState:
    """The order for a host, in a run of that host and lab1."""
    return Run(fleet, CHECKOUT, [name, "lab1"], asked, diff).desired(name)


def test_its_hosts(fleet: Fleet) -> None:
    data1, lab1, east = make_hosts(["data1", "lab1", "east"], fleet)
    lab1.state.is_host_in_limit = lambda host: host is not lab1
    assert run_for(east).hosts == [data1.name, east.name]


def test_only_hosts_of_the_run_can_be_named(fleet: Fleet) -> None:
    lab1, east = make_hosts(["lab1", "east"], fleet, older="east")
    assert run_for(lab1).arguments.older == {"east"}
    lab1, east = make_hosts(["lab1", "east"], fleet, older="east")
    lab1.state.is_host_in_limit = lambda host: host is not east
    with pytest.raises(Faults, match=r"^--data older: found 'east'; allowed: lab1$"):
        run_for(lab1)


def test_what_the_operator_says_is_read_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = make_hosts(["lab1", "east"], fleet, unlock="yes")
    assert run_for(hosts[0]).arguments.unlock
    monkeypatch.delattr(run, "parse_data")
    assert run_for(hosts[1]).arguments.unlock


def test_what_the_hosts_need_is_read_once(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    [lab1] = make_hosts(["lab1"], fleet)
    first = run_for(lab1).needed
    monkeypatch.delattr(run, "desired")
    assert run_for(lab1).needed == first


def files_of(order: DesiredState) -> list[Installed]:
    """All files of an order that have contents."""
    rule = [order.stack.rule] if order.stack else []
    return [*(file for each in order.sets for file in each.files), *order.clean_up, *rule]


@pytest.mark.parametrize("name", HOSTS)
def test_the_node_reads_what_is_sent(fleet: Fleet, name: str) -> None:
    sent = order_of(fleet, name, Arguments(unlock=True), diff=True)
    assert protocol.loads(DesiredState, protocol.dumps(sent)) == sent
    assert protocol.loads(DesiredState, protocol.dumps(sent.question)) == sent.question


@pytest.mark.parametrize("name", HOSTS)
def test_an_order_is_what_the_host_should_hold_and_what_is_asked_in_this_run(fleet: Fleet, name: str) -> None:
    wanted, asked = desired(fleet, name), Options(unlock=True, full=False, diff=True)
    found = order_of(fleet, name, Arguments(unlock=True), diff=True)
    assert found.host == name
    assert (found.operator, found.purpose) == (operator(), purpose())
    assert (found.commit, found.product, found.options) == (product.commit_of(CHECKOUT), product.release(), asked)
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
    assert told.pull_ca == pull_ca.lines("/home/ops/sentinelcam/model_registry", fleet.revoked, uploads(fleet))
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
