"""What every deploy begins with: a host that has what it needs, the node program, and undamaged state."""

from collections.abc import Callable, Sequence

import pytest
from pyinfra.context import ctx_host

from modelctl.changes import ancestry
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.bundle import bundle
from node import protocol
from node.protocol.facts import Facts, Missing
from node.protocol.steps import Refused
from operations import facts, ready
from operations.facts import has_program
from operations.node_command import Refusal
from tests.unit.cases import each
from tests.unit.operations.hosts import (
    StubHost,
    as_host,
    gather,
    input_lines,
    make_host,
    message,
    plan,
    predict,
    run_for,
    settled,
    with_set,
)

Answer = Callable[[Facts | None], None]
MISSING = Missing(access=["a: not there"], models=["b: not there", "c: not there"], configs=["c: not there"])


@pytest.fixture
def east(fleet: Fleet) -> StubHost:
    return make_host("east", fleet)


@each(
    "steps, lines",
    [
        (["access"], "a: not there"),
        (["configs"], "c: not there"),
        (["access", "models", "configs"], "a: not there; b: not there; c: not there"),
    ],
)
def test_a_host_that_lacks_something(east: StubHost, answer: Answer, steps: Sequence[str], lines: str) -> None:
    """S9: predicted, in the same words, and nothing else is done there."""
    east.state.failed_hosts.clear()
    answer(settled(east)._replace(missing=MISSING, current_program=None, damaged=["one"]))
    [refusal] = plan(ready.converge, east, steps)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"east: {lines}; then run again"
    assert east.state.failed_hosts == [east]


REMARKS = ["imagenode: of a release that is not known", "b"]


def test_what_may_be_wrong_there_is_told_and_the_run_goes_on(east: StubHost, answer: Answer) -> None:
    answer(settled(east)._replace(remarks=REMARKS, damaged=["one"]))
    [mend] = plan(ready.converge, east, ["configs"])
    assert mend.get_raw_value().endswith(" mend")
    assert (east.said, east.state.failed_hosts) == ([*REMARKS, "one"], [])


def test_what_may_be_wrong_there_is_no_change(east: StubHost, answer: Answer) -> None:
    answer(settled(east)._replace(remarks=REMARKS))
    assert plan(ready.converge, east, ["configs"]) == []
    assert east.said == [*REMARKS, "as wanted"]


@each("steps", [[], ["access"], ["access", "models", "configs"]])
def test_a_settled_host(east: StubHost, answer: Answer, steps: Sequence[str]) -> None:
    answer(settled(east))
    assert plan(ready.converge, east, steps) == []


def test_a_deploy_that_another_one_includes_asks_for_nothing_that_was_asked_for(
    east: StubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(ready, "converge", lambda _, steps, **__: asked.append(steps))
    with ctx_host.use(east):
        for steps in ([], ["access"], [], ["access"], ["configs", "access"], ["configs"]):
            ready.make_ready("Make the host ready", run_for(east), steps=steps)  # type: ignore[arg-type]
    assert asked == [[], ["access"], ["configs", "access"]]


def test_a_node_without_the_program_is_sent_it(fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host("lab1", fleet)
    found = settled(host)._replace(current_program=None)
    answer(found)
    monkeypatch.setitem(facts._remembered, as_host(host), (False, found))
    [install] = plan(ready.converge, host, ())
    assert install.get_raw_value().endswith(f" install-program {bundle().digest}")
    assert input_lines(install) == [bundle().line]


def test_the_prediction_counts_on_the_program(fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host("lab1", fleet)
    found = settled(host)._replace(current_program=None)
    monkeypatch.setitem(facts._remembered, as_host(host), (False, found))
    answer(found)
    assert predict(ready.converge, host, ()) is not None
    foreseen = gather(host)
    assert foreseen is not None
    assert has_program(foreseen)


class TestNewerCommit:
    """Else the node would lose the newer program, and then be refused the older set."""

    REASON = (
        "lab1: imagenode was switched by commit 111111111111, which this checkout does not contain; git pull, "
        "or allow it with --data older=lab1"
    )

    @pytest.fixture(autouse=True)
    def _contained(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ancestry, "contains", lambda _, commit: commit != "1" * 40)
        monkeypatch.setattr(ancestry, "remedy", lambda _: "git pull")

    @pytest.fixture
    def host(self, fleet: Fleet, answer: Answer) -> StubHost:
        """A node whose set is as wanted, and whose program is another."""
        host = make_host("lab1", fleet)
        answer(with_set(settled(host), commit="1" * 40)._replace(current_program=None))
        return host

    def test_its_program_is_not_replaced(self, host: StubHost) -> None:
        refusal = predict(ready.converge, host, ())
        assert isinstance(refusal, Refusal)
        assert refusal.reason == self.REASON

    def test_the_program_that_is_not_installed_records_it(self, host: StubHost) -> None:
        host.state.is_executing = True
        [refuse] = plan(ready.converge, host, ())
        assert refuse.get_raw_value().startswith("/usr/bin/python3 -I -S -B -c ")
        assert refuse.get_raw_value().endswith(" refuse")
        sent, text = input_lines(refuse)
        assert sent == bundle().line
        told = protocol.loads(Refused, text)
        assert told.reason == self.REASON
        assert list(told.sets) == ["imagenode"]

    @pytest.mark.usefixtures("host")
    def test_the_operator_can_allow_it_by_name(self, fleet: Fleet) -> None:
        install, renew = plan(ready.converge, make_host("lab1", fleet, older="lab1"), ())
        assert " install-program " in install.get_raw_value()
        assert renew.get_raw_value().endswith(" renew")

    def test_a_node_with_the_program_is_not_refused(self, host: StubHost, answer: Answer) -> None:
        answer(with_set(settled(host), commit="1" * 40, chosen="d0"))
        assert plan(ready.converge, host, ()) == []


def test_a_node_with_the_program_is_left_alone(fleet: Fleet, answer: Answer) -> None:
    host = make_host("lab1", fleet)
    answer(settled(host))
    assert plan(ready.converge, host, ()) == []


class TestMending:
    def test_nothing_is_damaged(self, fleet: Fleet, answer: Answer) -> None:
        host = make_host("lab1", fleet)
        answer(settled(host))
        assert plan(ready.converge, host, ()) == []

    def test_what_is_damaged_is_told_and_mended(self, fleet: Fleet, answer: Answer) -> None:
        host = make_host("lab1", fleet)
        answer(settled(host)._replace(damaged=["one", "two"]))
        [mend] = plan(ready.converge, host, ())
        assert mend.get_raw_value().endswith(" mend")
        assert host.said == ["one; two"]
        assert message(mend)["sets"][0]["files"][0]["content"]

    @pytest.mark.parametrize(("is_chosen", "expected"), [(True, ["imagenode"]), (False, [])])
    def test_a_commit_that_is_gone_is_renewed_where_its_set_is_wanted(
        self, fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch, is_chosen: bool, expected: list[str]
    ) -> None:
        """H11: as after a squash, which would let nobody switch the host any more."""
        monkeypatch.setattr(ancestry, "contains", lambda _, commit: commit != "1" * 40)
        host = make_host("lab1", fleet)
        found = with_set(settled(host), commit="1" * 40)
        answer(found if is_chosen else with_set(found, chosen="d0"))
        renewals = plan(ready.converge, host, ())
        assert [each["service"] for renew in renewals for each in message(renew)["sets"]] == expected
        assert [renew.get_raw_value().rpartition(" ")[2] for renew in renewals] == ["renew"] * len(expected)

    def test_the_prediction_counts_on_what_is_mended_and_renewed(
        self, fleet: Fleet, answer: Answer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else the next deploy that this one includes would predict it once more."""
        monkeypatch.setattr(ancestry, "contains", lambda _, commit: commit != "1" * 40)
        host = make_host("lab1", fleet)
        found = with_set(settled(host), commit="1" * 40)._replace(damaged=["one"])
        monkeypatch.setitem(facts._remembered, as_host(host), (False, found))
        answer(found)
        assert predict(ready.converge, host, ()) is not None
        foreseen = gather(host)
        assert foreseen is not None
        assert (foreseen.damaged, foreseen.sets["imagenode"].commit == "1" * 40) == ([], False)
