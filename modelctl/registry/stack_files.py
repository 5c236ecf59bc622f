"""The files of Coral stacks: where each is downloaded from, and what the manifest of their version says."""

import hashlib
import re
from collections.abc import Mapping

from modelctl.errors import OperatorError
from modelctl.faults import choice, dotted, fault
from modelctl.inventory.coral import CORAL, Coral, CoralStack
from modelctl.inventory.fleet import Fleet
from node.protocol.registry import Measured
from node.registry import stacks


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


def manifest(fleet: Fleet, version: str, files: Mapping[str, Measured]) -> str:
    """The whole manifest, as it is written on the datasink."""
    return stacks.manifest(head(fleet, version), files)


def told(manifest: str) -> list[tuple[str, str]]:
    """The names and digests that a manifest lists."""
    return re.findall(r"^- name: '([\w.+-]+)'\n  sha256: '([0-9a-f]{64})'$", manifest, re.MULTILINE)


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
