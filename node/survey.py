"""Answering, in one question, all that a converge must know. Reads only; reads no model bytes unless asked to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from node import access, facelist, files, health, layout, services, sets, versions
from node.errors import Refusal
from node.orders import Order, ServiceSet, Version


def survey(order: Order) -> Dict[str, Any]:
    """Return what differs from the order. The keys are those of operations.survey.Survey."""
    return {
        "current_program": files.target(layout.program() / "current"),
        "absent_folders": [str(path) for path in order.folders if not path.is_dir()],
        "lacking": [each.label for each in order.versions if _is_lacking(each, order)],
        "face_list": _face_list(order),
        "sets": {each.service: _set(each, order) for each in order.sets},
        "pull_access": {name: access.read(name) for name in ("pull_key.pub", "pull_key-cert.pub", "known_hosts")},
        "authorized": _authorized(order),
        "registry": _registry(order),
    }


def _is_lacking(version: Version, order: Order) -> bool:
    if order.options.get("verify") == "full":
        return bool(versions.flaws(version))
    return not versions.is_verified(version)


def _face_list(order: Order) -> Optional[Dict[str, Any]]:
    version = order.face_list
    if version is None:
        return None
    return {"lacking": facelist.lacking(version), "current": facelist.is_current(version)}


def _set(wanted: ServiceSet, order: Order) -> Dict[str, Any]:
    chosen = sets.digest_of(wanted.service, sets.CHOSEN)
    models, damage = _chosen_models(wanted.service, chosen)
    live = {str(file.path): _text(file.path) for file in wanted.files} if order.options.get("diff") else {}
    return {
        "chosen": chosen,
        "models": models,
        "differences": damage + _differences(wanted, chosen),
        "unready": health.unready(wanted) if wanted.state == "running" else None,
        "live": live,
    }


def _chosen_models(service: str, chosen: Optional[str]) -> Tuple[Dict[str, str], List[str]]:
    """The versions that the chosen set names; a damaged set is a difference, so that a deploy mends it."""
    if chosen is None:
        return {}, []
    try:
        return sets.load(service, chosen).content.models, []
    except Refusal as refusal:
        return {}, [str(refusal)]


def _differences(wanted: ServiceSet, chosen: Optional[str]) -> List[str]:
    """Why this service is not settled on the wanted set; empty when it is."""
    found = []
    if chosen != wanted.digest:
        found.append("chosen set %s, wanted %s" % ((chosen or "none")[:12], wanted.digest[:12]))
    found += ["%s differs" % file.path for file in wanted.files if not sets.is_installed(file)]
    if wanted.state == "running":
        found += _not_running(wanted)
    return found


def _not_running(wanted: ServiceSet) -> List[str]:
    found = []
    statuses = {unit: services.status(unit) for unit in [wanted.unit, *wanted.timers]}
    status = statuses[wanted.unit]
    if not status.is_running:
        found.append("%s is %s" % (wanted.unit, status.active))
    elif _text(layout.started(wanted.service)) != wanted.digest:
        found.append("%s was started from another set" % wanted.unit)
    for unit, each in statuses.items():
        if each.enabled != "enabled":
            found.append("%s is %s, expected enabled" % (unit, each.enabled or "absent"))
    return found


def _authorized(order: Order) -> Optional[bool]:
    """None where nobody pulls from, or where there is no authority yet."""
    line = order.options.get("authority")
    if line is None or order.source is None or not order.source.local:
        return None
    return access.is_authorized(order.source.login, line)


def _registry(order: Order) -> List[str]:
    """What the primary datasink's registry lacks of the versions that this run's hosts need."""
    source = order.source
    if source is None or not source.local:
        return []
    problems = []
    for label, manifest in sorted(order.options.get("needed", {}).items()):
        path = source.registry / label / versions.MANIFEST
        if not path.is_file():
            problems.append("%s: not in the registry; expected it at %s" % (label, path.parent))
        elif files.sha256(path) != manifest:
            problems.append("%s: manifest differs from its pin %s" % (path, manifest[:12]))
    return problems


def _text(path: Path) -> Optional[str]:
    try:
        return path.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
