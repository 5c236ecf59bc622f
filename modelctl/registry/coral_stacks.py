"""Coral stacks: where their files come from, what their manifest says, and their way to the primary datasink."""

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelctl import hints, progress
from modelctl.collecting import carry
from modelctl.errors import OperatorError
from modelctl.faults import choice, dotted, fault, one_line
from modelctl.inventory.coral import CORAL, Coral, CoralStack
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import travelling
from node.codec import Text
from node.errors import Refusal
from node.protocol import Nothing
from node.protocol.registry import FindStacks, ListedVersion, Measured, ReceivePackage, StoredStacks, StoreStack
from node.registry import fetching, stacks
from node.store.versions import MANIFEST

LOOK_SECONDS = 60
SEND_SECONDS = 3600
STORED = "which Coral stacks it stores"  # what is expected of a reply
DIGITS = 16
"""Of an address's SHA-256, in the name of its folder: no file is taken for one from another page."""
Gathered = dict[str, tuple[Path, Measured]]
"""Each file by its name: where it is on the control node, and what it is."""


def coral_of(fleet: Fleet) -> Coral:
    """The site's stacks. Raises OperatorError where it has none."""
    if fleet.registry.coral is None:
        raise OperatorError(fault("registry.coral", None, "a Coral with its stacks"))
    return fleet.registry.coral


def choose(fleet: Fleet, version: str | None) -> list[str]:
    """The version that was named, or the current and every overriding one. Raises OperatorError."""
    coral = coral_of(fleet)
    if version is None:
        return list(dict.fromkeys([coral.current_version, *fleet.overrides(CORAL).values()]))
    if version not in coral.stacks:
        raise OperatorError(fault("VERSION", version, f"a version in registry.coral: {choice(version, coral.stacks)}"))
    return [version]


def urls(fleet: Fleet, version: str) -> dict[str, str]:
    packages = coral_of(fleet).stacks[version].packages()
    source = fleet.site.coral_source
    return {name: f"{source}/{package.release}/{name}" for _, package in packages for name in package.files}


def head(fleet: Fleet, version: str) -> str:
    """The manifest of a stack up to its files: from its definition alone, so the same from any mirror."""
    coral = coral_of(fleet)
    stack = coral.stacks[version]
    lines = {
        "name": CORAL,
        "version": version,
        "framework": coral.framework,
        "source": ", ".join(package.release for _, package in stack.packages()),
        "date_deployed": version[: len("YYYY-MM-DD")],
        **target(stack),
    }
    return "".join(f"{name}: '{text}'\n" for name, text in lines.items()) + "training_metrics: {}\n"


def target(stack: CoralStack) -> dict[str, str]:
    return {field: getattr(stack, field) for field in stacks.TARGET}


def again(version: str) -> str:
    """What an operator types next where a download was ended."""
    return f"run it again: {hints.modelctl(f'coral download {version}')}"


def manifest(fleet: Fleet, version: str, files: Mapping[str, Measured]) -> str:
    return stacks.manifest(head(fleet, version), files)


def told(manifest: bytes) -> list[tuple[str, str]]:
    """The names and digests that a manifest lists."""
    text = manifest.decode("utf-8", "replace")
    return re.findall(r"^- name: '([\w.+-]+)'\n  sha256: '([0-9a-f]{64})'$", text, re.MULTILINE)


def require_pinned(fleet: Fleet, version: str, files: Mapping[str, Measured], places: Mapping[str, str]) -> None:
    """Raises OperatorError for files that are not those that are pinned; `places` say where each came from."""
    pin = fleet.pin(CORAL, version)
    if pin is None:
        return
    for name, file in sorted(files.items()):
        known = pin.measured[name]
        if file != known:
            raise OperatorError(
                f"{places[name]}: found SHA-256 {file.sha256}, pinned is {known.sha256}: another file has that name "
                "now; pins are append-only: bring the pinned one with --from DIR, or define these as another version"
            )
    found = hashlib.sha256(manifest(fleet, version, files).encode()).hexdigest()
    if found != pin.manifest:
        place = dotted(("registry", "coral", "stacks", version))
        raise OperatorError(
            f"{place}: its manifest would have SHA-256 {found}, pinned is {pin.manifest}; expected the stack as it was "
            "when it was pinned; define this one as another version"
        )


def gather(fleet: Fleet, version: str, folder: Path | None) -> Gathered:
    """The files of a stack, from a folder or else their release pages. Raises OperatorError, as `require_pinned`."""
    found: Gathered = {}
    places: dict[str, str] = {}
    for name, url in sorted(urls(fleet, version).items()):
        found[name] = _downloaded(fleet, version, name, url) if folder is None else _brought(folder / name, url)
        places[name] = url if folder is None else str(folder / name)
    require_pinned(fleet, version, {name: file for name, (_, file) in found.items()}, places)
    return found


def look(fleet: Fleet, versions: Sequence[str]) -> StoredStacks:
    """Which of these versions are stored. Raises OperatorError, remote.NoAnswer."""
    return travelling.ask(fleet, "find-stacks", question(fleet, versions), StoredStacks, STORED, LOOK_SECONDS)


def question(fleet: Fleet, versions: Sequence[str]) -> FindStacks:
    return FindStacks(Path(fleet.registry_folder()), list(versions))


def store_question(fleet: Fleet, version: str, files: Mapping[str, str | None], again: str) -> StoreStack:
    """What makes a version of its files, each with its address, or None where it was sent."""
    pin = fleet.pin(CORAL, version)
    return StoreStack(
        Path(fleet.registry_folder()),
        version,
        files=dict(files),
        digests={name: file.sha256 for name, file in pin.files.items()} if pin else {},
        head=Text(head(fleet, version)),
        again=again,
    )


def require_same(fleet: Fleet, version: str, stored: ListedVersion) -> None:
    """Raises OperatorError for what has a stack's place, and is another one, or not whole."""
    pin, place = fleet.pin(CORAL, version), f"{fleet.registry_folder()}/{CORAL}/{version}"
    names = coral_of(fleet).names_of(version)
    stored_manifest = stored.manifest or b""
    said, found = None, hashlib.sha256(stored_manifest).hexdigest()
    if set(stored.files) != {*names, MANIFEST}:
        odd = ", ".join(sorted(set(stored.files) ^ {*names, MANIFEST}))
        said = f"found other files than the stack's ({one_line(odd)})"
    elif pin is None and not stored_manifest.startswith(head(fleet, version).encode()):
        said = "found the manifest of another stack"
    elif pin is not None and found != pin.manifest:
        said = f"found a manifest with SHA-256 {found}, pinned is {pin.manifest}"
    elif pin is not None and (wrong := [name for name in sorted(names) if stored.files[name] != pin.files[name].size]):
        said = f"found {stored.files[wrong[0]]:,} bytes of {wrong[0]}, pinned are {pin.files[wrong[0]].size:,}"
    if said is not None:
        again = hints.modelctl(f"coral download {version}")
        raise OperatorError(
            f"{fleet.site.primary_datasink}: {place}: {said}; expected {CORAL}/{version}, as this checkout has it; "
            f"move that folder away there, then {again}"
        )


def send(fleet: Fleet, version: str, path: Path, file: Measured, advance: Callable[[int], None]) -> None:
    """Stage one file there. Raises OperatorError: then nothing of it is there that a later run could mistake."""
    asked = ReceivePackage(Path(fleet.registry_folder()), version, path.name, file, again(version))
    target = carry.to_datasink(fleet, "receive-package", asked)
    with path.open("rb") as stream:
        ended = carry.give(fleet, stream, target, SEND_SECONDS, advance)
    carry.require_taken(fleet, target, ended, f"{path.name} did not go whole", again(version))
    travelling.read(fleet, ended.answer, Nothing, f"what became of {path.name}")


def finish(fleet: Fleet, version: str) -> None:
    """Make a version of what was sent. Raises OperatorError, remote.NoAnswer."""
    sent = dict.fromkeys(coral_of(fleet).names_of(version))
    asked = store_question(fleet, version, sent, again(version))
    travelling.ask(fleet, "store-stack", asked, Nothing, "what became of the stack", SEND_SECONDS)


def _downloaded(fleet: Fleet, version: str, name: str, url: str) -> tuple[Path, Measured]:
    """What an earlier run left is taken, unless it is not the pinned file: then the page is asked once more."""
    pin = fleet.pin(CORAL, version)
    known = pin.measured[name] if pin else None
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()
    folder = caches / "sentinelcam" / "coral" / hashlib.sha256(url.encode()).hexdigest()[:DIGITS]
    was_there = (folder / name).is_file()
    path = _fetch(version, name, url, folder, known)
    found = _measure(path)
    if known is not None and found != known and was_there:
        (folder / name).unlink(missing_ok=True)
        path = _fetch(version, name, url, folder, known)
        found = _measure(path)
    return path, found


def _fetch(version: str, name: str, url: str, folder: Path, known: Measured | None) -> Path:
    to_do = again(version)
    try:
        with (
            fetching.alone(folder, to_do),
            progress.moving(f"downloading {name}", known.size if known else None) as show,
        ):
            return fetching.fetch(url, folder, name, to_do, show)
    except Refusal as refused:
        raise OperatorError(str(refused)) from None
    except OSError as error:
        raise OperatorError(f"{error.filename or folder}: {error.strerror}; mend that here, then {to_do}") from None


def _brought(path: Path, url: str) -> tuple[Path, Measured]:
    try:
        said = fetching.flaw(path.absolute(), path.name)
        if said is not None:
            raise OperatorError(f"{path}: {said}; bring it anew: {url}")
        return path, _measure(path)
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; expected the file of that name; bring it: {url}") from None


def _measure(path: Path) -> Measured:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Measured(digest, file.tell())
