"""What a deploy finds on the primary datasink, and the units of the clean-up there."""

from __future__ import annotations

from typing import Dict, List, Optional

from node import layout
from node.desired_state import DesiredState, Source
from node.machine import services
from node.protocol.facts import DatasinkState
from node.pull import access
from node.registry import deployment_log
from node.store import disk, files, rights, versions
from node.store.service_set import Installed
from node.switch import installation


def state(desired: DesiredState) -> Optional[DatasinkState]:
    """Return what differs here from the desired state; None where this is not the primary datasink."""
    told = desired.datasink
    if told is None:
        return None
    wanted = told.pull_ca or []
    here = access.installed(desired.source.login, wanted) if wanted else []
    return DatasinkState(
        authorized=here == wanted if wanted else None,
        revoked=access.revoked(here, wanted),
        registry=_missing(told.needed, desired.source),
        logged=deployment_log.logged(told.log),
        clean_up=unit_differences(desired.clean_up),
    )


def _missing(needed: Dict[str, str], source: Source) -> List[str]:
    """Return what the registry lacks of the versions that this run's hosts need; read with its owner's rights."""
    found = []
    with rights.of(rights.owner_of(source.login)):
        for label, manifest in sorted(needed.items()):
            path = source.registry / label / versions.MANIFEST
            if not disk.is_file(path):
                found.append("%s: not in the registry; expected it at %s" % (label, path.parent))
            elif not disk.is_short(path) or disk.sha256(path) != manifest:
                found.append("%s: manifest differs from its pin %s" % (path, manifest[:12]))
    return found


def unit_differences(units: List[Installed]) -> List[str]:
    """Return what is not as these units want it."""
    found = ["%s differs" % unit.path for unit in units if not installation.is_installed(unit)]
    for timer in _timers(units):
        status = services.status(timer)
        if status.enabled != "enabled" or not status.is_running:
            found.append("%s is %s and %s" % (timer, status.enabled or "absent", status.active))
    return found


def install_units(units: List[Installed]) -> None:
    """Put the units in place, and enable the timers. Raises Refusal when systemd refuses."""
    for unit in units:
        if not installation.is_installed(unit):
            files.write(unit.path, (unit.content or "").encode(), unit.mode)
    services.reload(unit.path.name for unit in units)
    for timer in _timers(units):
        if not services.status(timer).is_running:
            # systemd would make up for what a stopped timer has missed, at once.
            files.unlink(layout.TIMER_STAMPS / ("stamp-" + timer))
        services.enable([timer])


def _timers(units: List[Installed]) -> List[str]:
    return [unit.path.name for unit in units if unit.path.suffix == ".timer"]
