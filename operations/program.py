"""The node program, installed by its digest."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pyinfra.api import Host, StringCommand

from modelctl import ancestry
from operations import older_checkout
from operations.answer import SetState, Survey
from operations.bundle import bundle
from operations.node_command import bare_command, command
from operations.node_operation import node_operation
from operations.survey import foresee, order_for


@node_operation
def install(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Install this checkout's node program and make it the one that the units run; not where a newer one switched."""
    if found.has_program:
        return
    refusal = older_checkout.refusal(host, found, order_for(host))
    if refusal:
        yield refusal
        return
    foresee(host, has_program=True)
    yield bare_command("install-program", bundle().digest)


@node_operation
def mend(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Mend what is damaged of the program's own state, and renew the commit of sets that this checkout wants too.

    A commit that is gone from the site, as after a squash, would let nobody switch the host any more.
    """
    order = order_for(host)
    strange = [each for each in order["sets"] if _is_of_a_strange_commit(host, each, found.sets[each["service"]])]
    renewed = {each["service"]: replace(found.sets[each["service"]], commit=order["commit"]) for each in strange}
    foresee(host, damaged=[], sets={**found.sets, **renewed})
    if found.damaged:
        host.log("; ".join(found.damaged))
        yield command("mend", message=order)
    if strange:
        yield command("renew", message={**order, "sets": strange})


def _is_of_a_strange_commit(host: Host, wanted: dict[str, Any], state: SetState) -> bool:
    is_chosen = state.chosen == wanted["digest"]
    return is_chosen and state.commit is not None and not ancestry.contains(host.data.site_folder, state.commit)
