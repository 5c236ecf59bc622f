"""What is shown at the node's console, as lines or as a message: its status, its history."""

from __future__ import annotations

from node import protocol
from node.errors import Refusal, shown
from node.facts import status as states
from node.protocol.facts import History
from node.store import history


def show_status(*words: str) -> None:
    """Show each service's chosen, live and previous set, its models, its health and what is pending."""
    write = protocol.dumps if _is_json(words) else states.text
    print(write(states.status()))


def show_history(*words: str) -> None:
    """Show every choice, rollback and refusal, oldest first."""
    found = history.entries()
    print(protocol.dumps(History(found)) if _is_json(words) else "\n".join(map(history.text, found)))


def _is_json(words: "tuple[str, ...]") -> bool:
    if words not in ((), ("--json",)):
        raise Refusal("found %s; allowed: --json" % shown(*words))
    return bool(words)
