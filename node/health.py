"""Whether a service that was just started is well."""

from __future__ import annotations

import socket
import time
from typing import Optional

from node import disk, orders, services, stamps
from node.orders import ServiceSet

PAUSE = 0.1  # seconds between looks


def unready(service: ServiceSet) -> Optional[str]:
    """Return what keeps the set's model files from being used, None when all are there, verified and readable.

    Raises Refusal when the service's user does not exist.
    """
    for named in service.named_files:
        if (disk.reached(named.path) is None) if named.linked else not disk.is_file(named.path):
            return "%s: missing; run deploys/models.py" % named.path
        if not named.linked and not stamps.vouches(named.path, named.sha256):
            return "%s: not verified with its pinned SHA-256 %s; run deploys/models.py" % (
                named.path,
                named.sha256[:12],
            )
    return _unreadable(service)


def _unreadable(service: ServiceSet) -> Optional[str]:
    user = orders.owner(service.user)
    for named in service.named_files:
        if not disk.is_readable(named.path, user):
            return "%s: not readable by %s; check owner and mode" % (named.path, service.user)
    return None


def wait(service: ServiceSet) -> Optional[str]:
    """Wait until the service has been well for the settle time of its gate.

    Returns None then, else what is unhealthy: at once for a crash, at the deadline for what is merely slow.
    """
    gate = service.gate
    deadline = time.monotonic() + gate.deadline
    # systemd keeps the count of a service that was stopped between two restarts.
    restarts = services.status(service.unit).restarts
    well_since: Optional[float] = None
    while True:
        status = services.status(service.unit)
        if status.active == "failed" or ("restarts" in gate.checks and _has_restarted(status, restarts)):
            return "%s ended after its start (%s, %s)" % (service.unit, status.active, status.sub)
        problem = _problem(service, status)
        now = time.monotonic()
        pause = PAUSE
        if problem is None:
            well_since = now if well_since is None else well_since
            left = well_since + gate.settle - now
            if left <= 0:
                return unready(service) if "files" in gate.checks else None
            pause = min(pause, left)
        elif now >= deadline:
            return "%s within %g s" % (problem, gate.deadline)
        else:
            well_since = None
        time.sleep(pause)


def _has_restarted(status: services.Status, restarts: int) -> bool:
    return status.restarts > restarts or status.sub == "auto-restart"


def _problem(service: ServiceSet, status: services.Status) -> Optional[str]:
    if not status.is_running:
        return "%s is %s, expected active" % (service.unit, status.active)
    port = service.control_port if "port" in service.gate.checks else None
    if port is not None and not _is_open(port):
        return "%s: port %d is closed, expected open" % (service.unit, port)
    return None


def check(service: ServiceSet) -> Optional[str]:
    """Return what is unhealthy at this moment, None when the service is as well as its state asks for."""
    if not service.is_to_run:
        return None
    return _problem(service, services.status(service.unit)) or unready(service)


def _is_open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
