"""Marking versions that did badly: a note in the site, committed, which outlives the hosts' own history."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from modelctl import locks, text_file
from modelctl.changes.git import Checkout
from modelctl.desired.desired_state import desired
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import dump_bad, load_bad
from modelctl.inventory.values import LONGEST_REMARK
from modelctl.inventory_file import Inventory
from modelctl.nodes import node_command, remote
from modelctl.operator import operator
from modelctl.schema import BadVersion, BadVersions
from node.store import history


def mark(
    inventory: Inventory, checkout: Checkout, model: str, version: str, hosts: Sequence[str], reason: str
) -> BadVersion:
    """Mark a version bad, and commit that. Raises OperatorError when it cannot be written, or git refuses."""
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    note = BadVersion(
        since=since,
        operator=one_line(operator(), LONGEST_REMARK),
        hosts=tuple(hosts),
        reason=one_line(reason, LONGEST_REMARK),
    )
    path = inventory.bad
    with locks.held(path):
        known = load_bad(path).models
        bad = BadVersions(models={**known, model: {**known.get(model, {}), version: note}})
        dataclasses.replace(inventory.fleet, bad=bad)  # what could not be read again is not written
        text_file.replace(path, dump_bad(bad))
        checkout.add(path)
        checkout.commit(path, f"Mark {model} {version} bad\n\n{note}")
    return note


def mark_where_rolled_back(
    inventory: Inventory, checkout: Checkout, wanted: Fleet, model: str, version: str, hosts: Sequence[str]
) -> Iterator[str]:
    """Mark the version bad if any of these hosts rolled back from what `wanted` has there; yield what was done."""
    reasons = remote.side_by_side(hosts, lambda host: _rolled_back(wanted, host))
    found: Mapping[str, str] = {host: reason for host, reason in reasons.items() if reason is not None}
    if not found:
        return
    try:
        note = mark(inventory, checkout, model, version, list(found), next(iter(found.values())))
        yield f"{model} {version} is {note.in_short}"
    except OperatorError as error:
        yield f"{model} {version} could not be marked bad: {error}"


def _rolled_back(wanted: Fleet, host: str) -> str | None:
    """Why the host's last switch, if it was to one of the wanted sets, was taken back or failed.

    One that was interrupted says nothing about the version: the same again may do well.
    """
    digests = {each.digest for each in desired(wanted, host).sets}
    try:
        services = node_command.status(wanted, host).values()
    except remote.NoAnswer:
        return None
    for last in (each.last for each in services if each.last is not None):
        why = last.reason or last.outcome
        is_taken_back = last.to in digests and last.outcome in (history.ROLLED_BACK, history.FAILED)
        if is_taken_back and not why.startswith(history.INTERRUPTED):
            return why
    return None
