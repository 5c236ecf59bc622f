"""The sweep's unit, which its timer starts, or an operator."""

from __future__ import annotations

from node.errors import Refusal
from node.health import last_words
from node.machine import commands, services
from node.protocol.retention import Sweep, Swept
from node.store import disk

SERVICE = "model_cleanup.service"


def start(asked: Sweep) -> Swept:
    """Let the sweep run now, as its timer does. Raises Refusal where there is no such unit."""
    if not services.status(SERVICE).fragment:
        raise Refusal("%s: not there; a deploy brings it: pyinfra inventory.py deploys/cleanup.py" % SERVICE)
    before = len(disk.lines(asked.log))
    fault = None
    try:
        services.start(SERVICE, commands.LONG_SECONDS)
    except Refusal as refusal:
        fault = "%s: %s" % (refusal, "; ".join(last_words.in_journal(SERVICE)[-5:]))
    return Swept(disk.lines(asked.log)[before:], fault)
