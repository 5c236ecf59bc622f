"""What `modelctl doctor` asks of a host, which may never have been deployed to: what a deploy and its service need."""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

from node.codec import Size
from node.desired_state import Version
from node.protocol import Command
from node.protocol.facts import PullAccess
from node.protocol.versions import StackSize


class Content(NamedTuple):
    """What a host is to hold; nothing where no pin says how large it is."""

    folder: Path  # where it comes to lie; it may not be there yet
    versions: List[Version] = []
    face_lists: List[Version] = []
    stack: Optional[StackSize] = None


class Registry(NamedTuple):
    """What the primary datasink alone is asked about."""

    login: str  # whose account the nodes pull from
    pull_ca: List[str]  # the lines that let certified keys in; none while there is no CA


class Examine(NamedTuple):
    user: str  # the service's
    service: str
    script: Path  # its main one
    needs: List[Path]  # its own code and Python
    environment: Optional[Path]  # of that Python; None where its folders do not tell all that it can import
    brought: List[str]  # modules that a deploy brings
    content: Content
    registry: Optional[Registry]  # None on a host that pulls
    others: List[str]  # hosts that its configs name


class Clock(NamedTuple):
    synchronized: bool
    keeper: Optional[str]  # the running program that sets it


class Space(NamedTuple):
    folder: Path
    free: Size  # bytes
    needed: Size  # bytes that are to come


class Code(NamedTuple):
    unreadable: List[Path]  # what of the needs is not there for the user
    release: Optional[str] = None
    unfit: bool = False  # this checkout's configs are for another release
    absent: List[str] = []  # modules that it imports and its Python has not
    unknown: Optional[str] = None  # why nobody can tell these


class Letting(NamedTuple):
    """Whether a datasink lets nodes pull."""

    rrsync: Optional[str]  # why its rrsync will not do
    authorized: Optional[bool]  # certified keys are let in; None while there is no CA
    revoked: List[str]  # pull keys that it refuses and this checkout does not


class Condition(NamedTuple):
    packages: List[str]  # Debian's, which are not there
    has_user: bool
    clock: Clock
    space: Space
    code: Code
    pull_access: PullAccess
    letting: Optional[Letting] = None
    unfound: Dict[str, str] = {}  # of the others, and how that shows


EXAMINE = Command("examine", Examine, Condition, "its condition")
"""The program travels there with it (modelctl/nodes/travelling.py)."""
