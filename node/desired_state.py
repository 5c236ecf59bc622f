"""What one host should hold, and what is asked of it in a run: the question that goes with each step of a deploy."""

from pathlib import Path
from typing import Container, Dict, List, NamedTuple, Optional

from node.codec import Name
from node.store.rights import Owner, owner_of
from node.store.service_set import Installed, ServiceSet


class File(NamedTuple):
    """A file of a version. A linked one is seeded once and then belongs to the node."""

    name: Name
    sha256: str
    size: int  # bytes
    linked: bool


class Version(NamedTuple):
    """A version of a model: the SHA-256 of its manifest, its folder on the host, its files."""

    model: Name
    version: Name
    manifest: str
    directory: Path
    files: List[File]

    @property
    def label(self) -> str:
        """Its model and version, as they are in the registry's paths."""
        return self.model + "/" + self.version


class Stack(NamedTuple):
    """A Coral stack: the packages that it is unpacked from, and what they were built for."""

    version: Version  # its directory is where it is unpacked
    digest: Name
    python: str
    debian: str
    architecture: str
    tensorflow: str
    rule: Installed  # udev's, for the stick


class Source(NamedTuple):
    """Where a host pulls versions from: the primary datasink's registry."""

    host: str
    address: str
    login: str
    registry: Path
    local: bool  # on that host itself


class Limits(NamedTuple):
    pull_timeout: int  # seconds
    pull_patience: int  # seconds
    reserve_bytes: int


class Options(NamedTuple):
    unlock: bool = False  # put a face list in place that unlocks events
    full: bool = False  # read every byte of the models, not only sizes and times
    diff: bool = False  # tell what is in the place of the sets' files


class Datasink(NamedTuple):
    """What the primary datasink alone is told of a run."""

    pull_ca: Optional[List[str]]  # the lines that let certified keys in; None while there is no CA
    needed: Dict[str, str]  # of the registry, by this run's hosts: MODEL/VERSION -> SHA-256 of its manifest
    log: Path  # the deployment log


class DesiredState(NamedTuple):
    """Everything that one host should hold, and what is asked of it in a run."""

    host: str
    user: str  # the services'
    folders: List[Path]  # the user's, parents first
    versions: List[Version]
    stack: Optional[Stack]
    face_list: Optional[Version]  # what a datasink keeps of its model, as STEM_VERSION.SUFFIX
    sets: List[ServiceSet]
    needs: Dict[str, List[str]]  # service -> paths of its own code and Python, which a deploy does not bring
    clean_up: List[Installed]  # the units of the registry's clean-up
    source: Source
    limits: Limits
    commit: str = "unknown"  # of the site
    product: str = "unknown"  # the release that asks
    operator: str = "unknown"  # user@host
    purpose: str = "unknown"  # what the operator typed
    options: Options = Options()
    datasink: Optional[Datasink] = None  # on the primary one only

    @property
    def owner(self) -> Owner:
        """The services' user and its group. Raises Refusal where there is none on this node."""
        return owner_of(self.user)

    def with_sets(self, services: Container[str]) -> "DesiredState":
        """The same for these services alone."""
        return self._replace(sets=[each for each in self.sets if each.service in services])

    @property
    def question(self) -> "DesiredState":
        """The same without the contents of files: their digests are enough to ask with."""
        stack = self.stack
        return self._replace(
            sets=[each._replace(files=_bare(each.files)) for each in self.sets],
            clean_up=_bare(self.clean_up),
            stack=stack and stack._replace(rule=stack.rule._replace(content=None)),
        )


def _bare(files: List[Installed]) -> List[Installed]:
    return [file._replace(content=None) for file in files]
