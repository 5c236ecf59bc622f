"""What a node says of its services: to `modelctl status`, and at its console."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from node.protocol.facts import HistoryEntry


class Pending(NamedTuple):
    """A switch that began and has not ended; `running` says whether somebody still works on it."""

    running: bool
    operator: str
    purpose: str
    time: str
    from_: Optional[str]
    to: str
    commit: str = "unknown"


class Coral(NamedTuple):
    """How it is with a service's Coral stack."""

    version: str
    stick: str  # "running (18d1:9302)", "boot loader (1a6e:089a)", "absent" or "unknown"
    library: str  # "loaded", "not loaded yet", "PATH (foreign)", or "unknown" where it could not be seen
    problem: Optional[str] = None  # why the service's user cannot use the stick


class NodeService(NamedTuple):
    """A service of a node. Of a program that is older than a field its default is known."""

    chosen: Optional[str]  # digests of sets
    active: bool
    live: Optional[str]  # that its process started from; None: nobody knows
    models: Dict[str, str]  # model -> version, as the chosen set has it
    health: Optional[str]  # what is wrong
    drift: List[str]
    pending: Optional[Pending]
    last: Optional[HistoryEntry]
    commit: Optional[str] = None  # that the chosen set was sent from
    named: Optional[Dict[str, List[str]]] = None  # versions that any set names which it may start from; None: unknown
    leftovers: List[str] = []  # folders that a killed clean-up left
    code: Optional[str] = None  # the release of its own code
    queue: Optional[str] = None  # what its jobs are
    coral: Optional[Coral] = None
    unit: Optional[str] = None
    state: Optional[str] = None
    previous: Optional[str] = None
    manifests: Dict[str, str] = {}  # model -> SHA-256
    product: Optional[str] = None

    @property
    def is_recorded(self) -> bool:
        """Whether the node knows what the chosen set names: not of one that was found there, or is damaged."""
        return self.commit not in (None, "adopted")


class Status(NamedTuple):
    services: Dict[str, NodeService]
    program: Optional[str] = None  # the digest of the one that the units run
