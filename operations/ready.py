"""What every deploy begins with: what it needs of the host, this checkout's node program, and undamaged state."""

from collections.abc import Iterator, Sequence
from typing import Literal
from weakref import WeakKeyDictionary

from pyinfra.api import Host, StringCommand
from pyinfra.context import ctx_host

from modelctl.changes import ancestry
from modelctl.nodes.bundle import bundle
from node.desired_state import DesiredState
from node.protocol.facts import Facts, SetState
from node.protocol.steps import Refused
from node.store.service_set import ServiceSet
from operations.facts import foresee, has_program
from operations.node_command import Refusal, bare_command, command
from operations.node_operation import node_operation
from operations.run import Run

Step = Literal["access", "coral", "models", "configs"]

_begun: WeakKeyDictionary[Host, frozenset[Step]] = WeakKeyDictionary()


def make_ready(name: str, run: Run, steps: Sequence[Step] = ()) -> None:
    """Make the host ready for these steps, unless an including deploy has: each costs some 3 ms a host."""
    host = ctx_host.get()
    begun = _begun.get(host)
    if begun is None or not begun.issuperset(steps):
        _begun[host] = frozenset(steps).union(begun or ())
        converge(run, steps, name=name)


@node_operation
def converge(host: Host, found: Facts, run: Run, steps: Sequence[Step]) -> Iterator[StringCommand]:
    """Refuse a host that lacks what a step needs; install the node program; mend what is damaged of its state.

    + steps: what the deploy is about to do
    """
    for remark in found.remarks:
        host.log_styled(remark, fg="yellow")
    desired = run.desired(host.name)
    lines = dict.fromkeys(line for step in steps for line in getattr(found.missing, step))
    if lines:
        yield Refusal(f"{host.name}: {'; '.join(lines)}; then run again")
        return
    if not has_program(found) and (refusal := refusal_of_older_checkout(host, found, run, desired)):
        yield refusal
        return
    strange = [each.service for each in desired.sets if _is_of_a_strange_commit(run, each, found.sets[each.service])]
    renewed = {service: found.sets[service]._replace(commit=desired.commit) for service in strange}
    foresee(host, current_program=bundle().digest, damaged=[], sets={**found.sets, **renewed})
    if not has_program(found):
        yield bare_command("install-program", bundle().digest)
    if found.damaged:
        host.log("; ".join(found.damaged))
        yield command("mend", message=desired)
    if strange:
        yield command("renew", message=desired.with_sets(strange))


def refusal_of_older_checkout(host: Host, found: Facts, run: Run, desired: DesiredState) -> StringCommand | None:
    """Refuse what takes back by accident a newer checkout's set; in a run the node's history has the refusal."""
    if host.name in run.arguments.older:
        return None
    newer = ancestry.newer(run.site, {each.service: found.sets[each.service].commit for each in desired.sets})
    if newer is None:
        return None
    reason = f"{host.name}: {newer}; {ancestry.remedy(run.site)}, or allow it with --data older={host.name}"
    if not host.state.is_executing:
        return Refusal(reason)
    digests = {each.service: each.digest for each in desired.sets}
    refused = Refused(host.name, digests, desired.operator, desired.purpose, desired.commit, reason)
    return (command if has_program(found) else bare_command)("refuse", message=refused)


def _is_of_a_strange_commit(run: Run, wanted: ServiceSet, state: SetState) -> bool:
    """As after a squash. It would let nobody switch the host any more."""
    is_chosen = state.chosen == wanted.digest
    return is_chosen and state.commit is not None and not ancestry.contains(run.site, state.commit)
