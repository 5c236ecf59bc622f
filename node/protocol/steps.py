"""What a step of a deploy tells a node, and how a switch ended."""

from pathlib import Path
from typing import Dict, List, NamedTuple

from node.codec import Size, Text
from node.protocol.facts import HistoryEntry
from node.store.service_set import Installed


class SwitchResult(NamedTuple):
    """How the switches of a desired state ended. An absent service was not reached, or nobody knows yet."""

    ended: Dict[str, str]  # service -> an outcome of node/store/history.py, or unfit (node/switch/switch_result.py)


class PullProgress(NamedTuple):
    """How far a pull is: a line that it says again and again while it runs."""

    done: Size  # bytes that came, of this size
    size: Size
    before: Size = 0  # of those, what an earlier pull left
    pid: int = 0  # of the program that pulls


class Refused(NamedTuple):
    """A switch to these sets that the operator's checkout may not ask for, for the history."""

    host: str
    sets: Dict[str, str]  # service -> digest
    operator: str
    purpose: str
    commit: str
    reason: str


class AppendLog(NamedTuple):
    log: Path  # the deployment log
    owner: str  # of that file
    lines: List[HistoryEntry]


class InstallAccess(NamedTuple):
    certificate: Text
    known_hosts: Text


class Authorize(NamedTuple):
    """The lines that let nodes with a certificate of this CA into the account."""

    user: str
    lines: List[str]


class InstallCleanup(NamedTuple):
    units: List[Installed]
