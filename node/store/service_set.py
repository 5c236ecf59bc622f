"""A set of one service, as it is sent and as it is stored: all that the service starts from."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Union

from node import codec, layout
from node.codec import Name

CORAL = "coral_packages"  # a Coral stack's name among the models
LIBRARY = "lib/libedgetpu.so.1"  # where a stack has the library that services map


class Installed(NamedTuple):
    """A file of a set: where it goes, whose it is, its permission bits, its digest; its content where it travels."""

    path: Path
    owner: str
    mode: int
    sha256: str
    content: Optional[str] = None


class SetStack(NamedTuple):
    """The Coral stack of a service's set."""

    version: str
    manifest: str  # its digest
    digest: Name  # of its files
    python: Path  # runs the service
    folder: Path  # where the service runs
    path: List[str]  # the service's own PYTHONPATH

    @property
    def directory(self) -> Path:
        """Where it is unpacked."""
        return layout.coral() / self.digest


class Link(NamedTuple):
    """A symbolic link of a set."""

    path: Path
    target: str


class Named(NamedTuple):
    """A model file that a config names."""

    path: Path
    sha256: str
    linked: bool


class HealthCheck(NamedTuple):
    """What a switch waits for, in seconds, and checks. The defaults are those of a set that does not say."""

    writer_timeout: float = 120
    start_timeout: float = 60
    settle_time: float = 10
    model_wait: float = 0
    checks: List[str] = ["restarts", "port", "files"]


class Work(NamedTuple):
    """A service at work, for node/health/work.py."""

    script: Optional[Path] = None  # its main one
    ports: List[int] = []  # at which it listens itself
    asked: Optional[int] = None  # the port where it answers STATUS
    workers: int = 0  # live children
    on_stick: int = 0  # those of them that use a Coral stick
    published: Optional[int] = None  # the port of its pictures
    views: List[str] = []  # of what, each as "NODE VIEW"


NOTHING = Work()  # of a set that no deploy made


class ServiceSet(NamedTuple):
    """What its configs name are `models` (model -> version), `manifests` (their digests) and `named_files`."""

    service: Name
    unit: str
    digest: Name
    files: List[Installed]
    models: Dict[str, str] = {}
    named_files: List[Named] = []
    state: str = "running"  # or stopped, or disabled
    work: Work = NOTHING
    timers: List[str] = []
    links: List[Link] = []
    manifests: Dict[str, str] = {}
    health_check: HealthCheck = HealthCheck()
    stack: Optional[SetStack] = None  # among the models too

    @property
    def parts(self) -> "List[Union[Installed, Link]]":
        """Everything that the set puts somewhere."""
        return [*self.files, *self.links]

    @property
    def paths(self) -> List[Path]:
        """Where it puts that."""
        return [part.path for part in self.parts]

    @property
    def units(self) -> List[str]:
        """The names of all units that the set brings."""
        return [file.path.name for file in self.files if file.path.suffix in (".service", ".timer")]

    @property
    def is_to_run(self) -> bool:
        return self.state == "running"

    @property
    def user(self) -> str:
        """The service's user: the owner of its configs."""
        return next((file.owner for file in self.files if file.owner != "root"), "root")


_STORED = {"writer_timeout": "linked_wait", "start_timeout": "deadline", "settle_time": "settle"}
"""What stored sets call the fields of their health check, which is their `gate`."""


def encode(content: ServiceSet) -> Dict[str, Any]:
    """Return a set as it is stored."""
    data: Dict[str, Any] = codec.encode(content)
    check = data.pop("health_check")
    return {**data, "gate": {_STORED.get(name, name): value for name, value in check.items()}}


def decode(data: Dict[str, Any]) -> ServiceSet:
    """Read a stored set: an older one says less. Raises as codec.decode does."""
    port = data.get("control_port")
    older = {"unit": "%s.service" % data.get("service"), "work": {"ports": [] if port is None else [port]}}
    check = data.get("gate", {})
    if isinstance(check, dict):
        names = {stored: name for name, stored in _STORED.items()}
        check = {names.get(stored, stored): value for stored, value in check.items()}
    return codec.decode(ServiceSet, {**older, **data, "health_check": check})
