"""Configs, units and services: one set per service, switched as a whole."""

from collections.abc import Iterator
from typing import Any

from pyinfra import logger
from pyinfra.api import Host, StringCommand
from pyinfra.operations.util.files import generate_color_diff

from operations.node_command import command
from operations.node_operation import node_operation
from operations.survey import SetState, Survey, order_for

SHOWN = 3  # reasons of a switch


@node_operation
def make_face_list_current(host: Host, found: Survey) -> Iterator[StringCommand]:
    """On a datasink, point facelist_current.csv at the wanted list, unless that unlocks events."""
    if found.face_list and not found.face_list["current"]:
        yield command("make-face-list-current", message=order_for(host))


@node_operation
def switch(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Switch the services whose set is not the wanted one, or that do not run it."""
    order = order_for(host)
    moving = [each for each in order["sets"] if found.sets[each["service"]].reasons]
    for each in moving:
        state = found.sets[each["service"]]
        host.log(f"{each['service']}: {_in_short(state.reasons)}")
        if host.state.config.DIFF:
            _show(host, each, state)
    if moving:
        yield command("switch", message={**order, "sets": moving})


def _in_short(reasons: list[str]) -> str:
    """A bare host differs in everything; a line is for reading."""
    more = len(reasons) - SHOWN
    return "; ".join([*reasons[:SHOWN], *([f"{more} more"] if more > 0 else [])])


def _show(host: Host, wanted: dict[str, Any], state: SetState) -> None:
    for file in wanted["files"]:
        live = (state.live.get(file["path"]) or "").splitlines()
        lines = list(generate_color_diff(live, file["content"].splitlines()))
        if lines:
            host.log(f"Will change {file['path']}", logger.info)
            for line in lines:
                logger.info("  %s", line)
