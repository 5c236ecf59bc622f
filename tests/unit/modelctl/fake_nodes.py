"""Nodes for tests: each answers as `sentinelcam-node status --json` does, that all is as the fleet wants it."""

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from modelctl.desired.desired_state import desired
from modelctl.inventory.fleet import Fleet
from node import protocol
from node.protocol.retention import Retention
from tests.unit.modelctl.fake_ssh import FakeSsh

OLD = "0ddba11" * 9 + "0"
MARK = {
    "time": "2026-11-22T23:40:00Z", "operator": "anna@ramrod", "purpose": "pyinfra -y", "commit": "c" * 40,
    "from": None, "to": OLD, "running": False,
}  # fmt: skip
ENTRY = {
    "n": 12, "time": "2026-11-22T23:40:00Z", "host": "lab1", "service": "imagenode", "operator": "anna@ramrod",
    "purpose": "pyinfra -y", "from": None, "to": OLD, "commit": "c" * 40, "dirty": False, "outcome": "chosen",
    "reason": None,
}  # fmt: skip

CODE = {"imagenode": "0.2", "sentinel": "to 0.2.4", "datapump": None}
"""A node tells the releases of some services apart."""


PLENTY: dict[str, Any] = {"now": "2026-11-22T23:40:00Z", "free": 10**10, "total": 10**11}


class FakeNodes:
    """All hosts of a fleet with a service, each healthy unless a test says otherwise."""

    def __init__(self, fleet: Fleet, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fleet = fleet
        self.ssh = FakeSsh(folder, monkeypatch)
        self.services = {host: _services(fleet, host) for host in fleet.site.hosts}
        self._listing, self._parts, self._retention = (folder / name for name in ("listing", "parts", "retention"))
        self.leave()
        self.keep()
        self.store({(model, version): {} for model, versions in fleet.pins.models.items() for version in versions})
        for host in fleet.site.hosts:
            self.change(host)

    def address(self, host: str) -> str:
        return str(self.fleet.host(host).address)

    def wanted(self, host: str) -> str:
        """The digest of the one set that a host should run."""
        return desired(self.fleet, host).sets[0].digest

    def change(self, host: str, **changes: Any) -> None:
        """Let a host's service differ in these fields from what is wanted."""
        services = {name: {**service, **changes} for name, service in self.services[host].items()}
        self.say(host, json.dumps({"program": "f" * 64, "services": services}))

    def say(self, host: str, answer: str) -> None:
        """Let a host say this of itself; questions for the datasink's folders have their own answers."""
        answers = (
            f"*sentinelcam-node*retention*) cat {shlex.quote(str(self._retention))};; "
            f"*sentinelcam-node*) printf %s {shlex.quote(answer)};; "
            f"*collected*) cat {shlex.quote(str(self._parts))};; *) cat {shlex.quote(str(self._listing))};;"
        )
        self.ssh.answer(self.address(host), f'case "$command $input" in {answers} esac')

    def store(self, versions: Mapping[tuple[str, str], Mapping[str, Any]], leftovers: Iterable[str] = ()) -> None:
        """Let the registry hold these versions, with these fields of their entries; before, all pinned ones."""
        plain: dict[str, Any] = {"files": {}, "shared": [], "manifest": None, "fault": None}
        folders: dict[str, dict[str, Any]] = {}
        for (model, version), more in versions.items():
            folders.setdefault(model, {})[version] = {**plain, **more}
        listing: dict[str, Any] = {"models": folders, "leftovers": list(leftovers)}
        listing |= {"unreadable": {}, "free": 1, "total": 2, "fault": None, "is_there": True}
        self._listing.write_text(json.dumps(listing), encoding="utf-8")

    def leave(self, *parts: str) -> None:
        """Let killed collects have left these."""
        self._parts.write_text(json.dumps({"fault": None, "parts": parts}), encoding="utf-8")

    def keep(self, **changes: Any) -> None:
        """Let the sweep of the registry have this to tell; before, nothing."""
        nothing = Retention(PLENTY["now"], None, [], {}, [], {}, {}, PLENTY["free"], PLENTY["total"])
        self._retention.write_text(protocol.dumps(nothing._replace(**changes)), encoding="utf-8")

    def fail(self, host: str, code: int, words: str) -> None:
        self.ssh.answer(self.address(host), f"printf '%s\\n' {shlex.quote(words)} >&2; exit {code}")


def _services(fleet: Fleet, host: str) -> dict[str, dict[str, Any]]:
    return {
        each.service: {
            "unit": each.unit, "state": each.state, "chosen": each.digest, "previous": None, "commit": "c" * 40,
            "active": each.state == "running", "live": each.digest if each.state == "running" else None,
            "models": each.models,
            "manifests": each.manifests,
            "health": None, "code": CODE[each.service], "queue": None, "drift": [], "pending": None, "last": ENTRY,
        }
        for each in desired(fleet, host).sets
    }  # fmt: skip
