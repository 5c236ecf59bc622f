"""The files of Coral stacks: where each comes from, onto the control node too, and what their manifest says."""

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from modelctl import hints, progress
from modelctl.errors import OperatorError
from modelctl.faults import choice, dotted, fault
from modelctl.inventory.coral import CORAL, Coral, CoralStack
from modelctl.inventory.fleet import Fleet
from node.errors import Refusal
from node.protocol.registry import Measured
from node.registry import fetching, stacks

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
    """The address of each file of a stack."""
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
    """What a stack was built for."""
    return {field: getattr(stack, field) for field in stacks.TARGET}


def again(version: str) -> str:
    """What an operator types next where a download was ended."""
    return f"run it again: {hints.modelctl(f'coral download {version}')}"


def manifest(fleet: Fleet, version: str, files: Mapping[str, Measured]) -> str:
    """The whole manifest, as it is written on the datasink."""
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


def cache() -> Path:
    """The folder of what was downloaded."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "sentinelcam" / "coral"


def gather(fleet: Fleet, version: str, folder: Path | None) -> Gathered:
    """The files of a stack, from a folder that somebody filled, or else from their release pages.

    Raises OperatorError, also for what is not the pinned file.
    """
    found: Gathered = {}
    places: dict[str, str] = {}
    for name, url in sorted(urls(fleet, version).items()):
        found[name] = _downloaded(fleet, version, name, url) if folder is None else _brought(folder / name, url)
        places[name] = url if folder is None else str(folder / name)
    require_pinned(fleet, version, {name: file for name, (_, file) in found.items()}, places)
    return found


def _downloaded(fleet: Fleet, version: str, name: str, url: str) -> tuple[Path, Measured]:
    """What an earlier run left is taken, unless it is not the pinned file: then the page is asked once more."""
    pin = fleet.pin(CORAL, version)
    known = pin.measured[name] if pin else None
    folder = cache() / hashlib.sha256(url.encode()).hexdigest()[:DIGITS]
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
