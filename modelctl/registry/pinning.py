"""Pinning: which versions, and what comes of comparing them with the pins there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from modelctl import hints
from modelctl.errors import Faults, OperatorError
from modelctl.faults import choice, fault
from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.values import VERSION_FORM, is_version
from modelctl.registry.manifest import pin_of
from modelctl.schema import Pin, Pins
from node.protocol.registry import FolderContents, Listing

Versions = list[tuple[str, str]]


@dataclass(frozen=True)
class Proposal:
    """`pins` are those there are and the new ones; `faults` say why a version cannot be pinned, a line each."""

    pins: Pins
    new: Mapping[tuple[str, str], Pin]
    already: Versions
    faulty: Mapping[tuple[str, str], tuple[str, ...]]


def unpinned(fleet: Fleet, model: str | None, stored: Iterable[tuple[str, str]]) -> Versions:
    """The (model, version) that no pin covers, of what hosts want and what is `stored`; of one model, or of all."""
    wanted = {pair for host in fleet.site.hosts for pair in fleet.versions(host).items()}
    return sorted(pair for pair in wanted | set(stored) if model in (None, pair[0]) and fleet.pin(*pair) is None)


def with_others_named(
    stored: Mapping[tuple[str, str], FolderContents], listing: Listing
) -> dict[tuple[str, str], FolderContents]:
    """What was read; where nothing could be, the reason goes on with what is stored instead, and how to bring it."""
    return {
        (model, version): each
        if each.fault is None or model in listing.unreadable or version in listing.of(model)
        else each._replace(fault=f"{each.fault}; {_others(model, version, listing)}")
        for (model, version), each in stored.items()
    }


def propose(fleet: Fleet, stored: Mapping[tuple[str, str], FolderContents]) -> Proposal:
    """What can be pinned of the versions that the registry holds; the fleet stays valid with all of it."""
    new: dict[tuple[str, str], Pin] = {}
    already: Versions = []
    faulty: dict[tuple[str, str], tuple[str, ...]] = {}
    for (model, version), content in stored.items():
        try:
            pin, known = pin_of(model, version, content), fleet.pin(model, version)
            if known is None:
                fleet = _with_pin(fleet, model, version, pin)
                new[model, version] = pin
            elif known == pin:
                already.append((model, version))
            else:
                faulty[model, version] = (_difference(pin, known),)
        except Faults as error:
            faulty[model, version] = error.faults
    return Proposal(fleet.pins, new, already, faulty)


def with_new(fleet: Fleet, new: Mapping[tuple[str, str], Pin]) -> Pins:
    """The pins of a fleet, and these. Raises Faults for one that is pinned by now, as other bytes."""
    for (model, version), pin in new.items():
        known = fleet.pin(model, version)
        if known is None:
            fleet = _with_pin(fleet, model, version, pin)
        elif known != pin:
            raise Faults([f"{model}/{version}: {_difference(pin, known)}"])
    return fleet.pins


def require_version(version: str) -> str:
    """The version. Raises OperatorError when it is none."""
    if not is_version(version):
        raise OperatorError(fault("VERSION", version, VERSION_FORM))
    return version


def _others(model: str, version: str, listing: Listing) -> str:
    bring = f"coral download {version}" if model == CORAL else f"import {model} {version} FOLDER"
    there = listing.of(model)
    what = "name one of these, or bring this one" if there else "bring it"
    return f"stored there: {choice(version, there)}; {what}: {hints.modelctl(bring)}"


def _difference(found: Pin, known: Pin) -> str:
    return (
        f"found manifest {found.manifest}; pinned is {known.manifest}, and pins are append-only: "
        "restore the pinned files, or store these as another version"
    )


def _with_pin(fleet: Fleet, model: str, version: str, pin: Pin) -> Fleet:
    models = fleet.pins.models
    return replace(fleet, pins=Pins(models={**models, model: {**models.get(model, {}), version: pin}}))
