"""Plain folders that stand for a node and for the registry it pulls from."""

import hashlib
import pwd
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.desired_state import Datasink, DesiredState, File, Limits, Options, Source, Stack, Version
from node.store.pending_switch import PendingSwitch, Request
from node.store.service_set import NOTHING, HealthCheck, Installed, Link, Named, ServiceSet

USER = "nobody"
"""The service's user: any but root."""

LIMITS = Limits(pull_timeout=5, pull_patience=1, reserve_bytes=0)
NO_OPTIONS = Options(unlock=False, full=False, diff=False)
HEALTH_CHECK = HealthCheck(
    writer_timeout=0, start_timeout=60, settle_time=0, model_wait=0, checks=["restarts", "port", "files"]
)

Contents = Mapping[str, bytes]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def uid() -> int:
    return pwd.getpwnam(USER).pw_uid


def is_linked_twice(path: Path) -> bool:
    return path.stat().st_nlink > 1


def untouched(path: Path) -> tuple[int, ...]:
    """What stays the same of a file as long as it is only read."""
    found = path.stat()
    return found.st_ino, found.st_mode, found.st_uid, found.st_nlink, found.st_size, found.st_ctime_ns


@dataclass(frozen=True)
class Place:
    """A node and a registry below one folder."""

    root: Path

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def staging(self) -> Path:
        return self.models / ".staging"

    def wanted(self, model: str, version: str, contents: Contents, linked: Collection[str] = ()) -> Version:
        """What the pins say of a version with these contents; it is stored nowhere."""
        files = [File(name, sha256(content), len(content), name in linked) for name, content in contents.items()]
        manifest = sha256(manifest_of(model, version))
        return Version(model, version, manifest, self.models / model / version, files)

    def stored(self, model: str, version: str, contents: Contents, linked: Collection[str] = ()) -> Version:
        """The same, stored in the registry."""
        fill(self.registry / model / version, manifest_of(model, version), contents)
        return self.wanted(model, version, contents, linked)

    def held(self, model: str, version: str, contents: Contents, linked: Collection[str] = ()) -> Version:
        """The same, in the registry and on the node, as an older tool or a hand left it there: in no checksum cache."""
        fill(self.models / model / version, manifest_of(model, version), contents)
        return self.stored(model, version, contents, linked)

    def told(self, pull_ca: list[str] | None = None, needed: Mapping[str, str] | None = None) -> Datasink:
        """What the primary datasink alone is told."""
        log = self.root / "logs" / "the.log"
        return Datasink(pull_ca, dict(needed or {}), log)

    def desired(
        self,
        *versions: Version,
        face_list: Version | None = None,
        stack: Stack | None = None,
        sets: Collection[ServiceSet] = (),
        options: Options = NO_OPTIONS,
        datasink: Datasink | None = None,
    ) -> DesiredState:
        source = Source("depot", "192.0.2.1", USER, self.registry, local=True)
        return DesiredState(
            host="node",
            user=USER,
            folders=[],
            versions=list(versions),
            stack=stack,
            face_list=face_list,
            sets=list(sets),
            source=source,
            limits=LIMITS,
            commit="c0ffee",
            product="0.1.0 decade",
            operator="anna@ramrod",
            purpose="pyinfra inventory.py",
            options=options,
            datasink=datasink,
            needs={},
            clean_up=[],
        )


def manifest_of(model: str, version: str) -> bytes:
    return f"name: {model}\nversion: {version}\n".encode()


def fill(folder: Path, manifest: bytes, contents: Contents) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"manifest.yaml": manifest, **contents}.items():
        (folder / name).write_bytes(content)


def installed(path: Path, text: str, owner: str = USER, mode: int = 0o644) -> Installed:
    return Installed(path, owner, mode, sha256(text.encode()), text)


def service_set(
    digest: str,
    *files: Installed,
    named: Collection[Named] = (),
    links: Collection[Link] = (),
    timers: Collection[str] = (),
    state: str = "running",
) -> ServiceSet:
    return ServiceSet(
        service="engine",
        unit="engine.service",
        digest=digest,
        files=list(files),
        models={"cats": "2026-01-01"},
        named_files=list(named),
        state=state,
        work=NOTHING,
        timers=list(timers),
        links=list(links),
        manifests={"cats": "ab" * 32},
        health_check=HEALTH_CHECK,
    )


def request(digest: str, id: str = "r1") -> Request:
    return Request(id, "node", "engine", digest, "anna@ramrod", "pyinfra inventory.py", "c0ffee")


def begun(digest: str, old: str | None, previous: str | None = None, boot: str = "boot 1") -> PendingSwitch:
    return PendingSwitch(request(digest), boot, "2026-11-22T23:40:00Z", old, previous)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@contextmanager
def at(point: str) -> Iterator[None]:
    """Say where the kill was, when a test fails."""
    try:
        yield
    except BaseException as error:
        error.add_note("killed at: " + point)
        raise
