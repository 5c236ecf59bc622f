"""A set of one service, as it is sent and as it is stored: all that the service starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Union

from node import codec, layout
from node.codec import Name

CORAL = "coral_packages"
"""What a Coral stack is called where models are called by their names."""


class Installed(NamedTuple):
    """A file of a set: where it goes, whose it is, its permission bits, its digest; its content where it travels."""

    path: Path
    owner: str
    mode: int
    sha256: str
    content: Optional[str] = None


LIBRARY = "lib/libedgetpu.so.1"
"""Where a stack has the library that services map."""


class SetStack(NamedTuple):
    """The Coral stack of a service's set: its version, the digests of its manifest and of its files.

    `python` runs the service, in `folder`; `path` is the service's own PYTHONPATH.
    """

    version: str
    manifest: str
    digest: Name
    python: Path
    folder: Path
    path: List[str]

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
    """A service at work (node/health/work.py looks at it).

    Its main script is `script`. It listens at `ports` itself, answers STATUS at the port `asked`, has `workers` live
    children, of which `on_stick` use a Coral stick, and publishes pictures of its `views`, each as "NODE VIEW", at the
    port `published`.
    """

    script: Optional[Path] = None
    ports: List[int] = []
    asked: Optional[int] = None
    workers: int = 0
    on_stick: int = 0
    published: Optional[int] = None
    views: List[str] = []


NOTHING = Work()
"""Of a set that nobody of ours made."""


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


ON_DISK = {"writer_timeout": "linked_wait", "start_timeout": "deadline", "settle_time": "settle"}
"""What stored sets call the fields of their health check, which is their `gate`."""


def encode(content: ServiceSet) -> Dict[str, Any]:
    """Return a set as it is stored."""
    data: Dict[str, Any] = codec.encode(content)
    check = data.pop("health_check")
    return {**data, "gate": {ON_DISK.get(name, name): value for name, value in check.items()}}


def _health_check(stored: Any) -> Any:
    """A stored set's; the disk may have damaged it."""
    by_old = {old: new for new, old in ON_DISK.items()}
    return {by_old.get(name, name): value for name, value in stored.items()} if isinstance(stored, dict) else stored


def decode(data: Dict[str, Any]) -> ServiceSet:
    """Read a stored set: an older one says less. Raises as codec.decode does."""
    port = data.get("control_port")
    older = {"unit": "%s.service" % data.get("service"), "work": {"ports": [] if port is None else [port]}}
    return codec.decode(ServiceSet, {**older, **data, "health_check": _health_check(data.get("gate", {}))})
