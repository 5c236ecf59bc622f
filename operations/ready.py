"""What every deploy begins with: what it needs of the host, this checkout's node program, and undamaged state."""

from collections.abc import Iterator, Sequence
from typing import Literal
from weakref import WeakKeyDictionary

from pyinfra.api import Host, StringCommand
from pyinfra.context import ctx_host

from modelctl.nodes.bundle import bundle
from node.protocol.facts import Facts
from operations.facts import foresee, has_program
from operations.node_command import Refusal, bare_command, command
from operations.node_operation import node_operation
from operations.older_checkout import is_of_a_strange_commit, refusal_of_older_checkout
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
    strange = [each.service for each in desired.sets if is_of_a_strange_commit(run, each, found.sets[each.service])]
    renewed = {service: found.sets[service]._replace(commit=desired.commit) for service in strange}
    foresee(host, current_program=bundle().digest, damaged=[], sets={**found.sets, **renewed})
    if not has_program(found):
        yield bare_command("install-program", bundle().digest)
    if found.damaged:
        host.log("; ".join(found.damaged))
        yield command("mend", message=desired)
    if strange:
        yield command("renew", message=desired.with_sets(strange))
