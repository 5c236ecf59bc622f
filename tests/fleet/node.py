"""Looking at a host of the lab by its console: another route than the code under test takes."""

import json
import shlex
import time
from dataclasses import dataclass
from typing import Any

from lab.lab import Lab
from lab.machine import POLL

STATE = "/var/lib/sentinelcam"
SAYING_SECONDS = 20.0


@dataclass(frozen=True)
class Node:
    """One host and the service that runs there."""

    lab: Lab
    name: str

    @property
    def service(self) -> str:
        service = self.lab.host(self.name).service
        assert service is not None
        return service

    def shell(self, command: str, limit: float = 60.0) -> str:
        """Run a command line as root; it must succeed."""
        result = self.lab.run(self.name, command, limit=limit)
        assert result.returncode == 0, f"{self.name}: {command}: {result.stderr}"
        return result.stdout.strip()

    def code(self, command: str) -> int:
        return self.lab.run(self.name, command).returncode

    def read(self, path: str) -> str:
        return self.lab.run(self.name, ["cat", path]).stdout

    def write(self, path: str, text: str) -> None:
        self.lab.run(self.name, f"mkdir -p $(dirname {shlex.quote(path)}); cat >{shlex.quote(path)}", stdin=text)

    def exists(self, path: str) -> bool:
        return self.lab.run(self.name, ["test", "-e", path]).returncode == 0

    def sha256(self, path: str) -> str:
        return self.shell(f"sha256sum {shlex.quote(path)}").split()[0]

    def size(self, path: str) -> int:
        """Bytes of a file, 0 when it is absent."""
        return int(self.lab.run(self.name, ["stat", "--format=%s", path]).stdout or 0)

    def pid(self) -> int:
        """The main process of the service, 0 when there is none."""
        return int(self.shell(f"systemctl show --value --property=MainPID {self.service}"))

    def seconds_up(self) -> float:
        """For how long the main process of the service has run."""
        return float(self.shell(f"ps -o etimes= -p {self.pid()}"))

    def seconds_of_switch(self) -> float:
        """How long the last switch took, by the journal of its unit: from its start to its end."""
        unit = f"sentinelcam-switch-{self.service}.service"
        lines = self.shell(f"journalctl --unit={unit} --output=json --output-fields=MESSAGE,JOB_TYPE").splitlines()
        entries = [json.loads(line) for line in lines]
        start = max(number for number, entry in enumerate(entries) if entry.get("JOB_TYPE") == "start")
        first, last = (int(entries[number]["__MONOTONIC_TIMESTAMP"]) for number in (start, -1))
        return (last - first) / 1e6

    def status(self) -> dict[str, Any]:
        """What the service's stand-in says of itself; a process that has just started is given time to say it."""
        end = time.monotonic() + SAYING_SECONDS
        while True:
            data = json.loads(self.read(f"/home/ops/{self.service}.status.json") or "{}")
            assert isinstance(data, dict)
            if (data and self.pid() in (0, data["pid"])) or time.monotonic() > end:
                return data
            time.sleep(POLL)

    def configs(self) -> dict[str, str]:
        """The SHA-256 of every config and unit of ours that is there."""
        listing = self.shell(
            "sha256sum /home/ops/*.yaml /home/ops/sentinel/tasks/*.yaml /etc/systemd/system/*.service 2>/dev/null; true"
        )
        return {line.split(maxsplit=1)[1]: line.split()[0] for line in listing.splitlines()}

    def link(self, name: str) -> str:
        """The digest of the service's chosen or previous set, empty when there is none."""
        return self.lab.run(self.name, ["readlink", f"{STATE}/sets/{self.service}/{name}"]).stdout.strip()

    def misbehave(self, **orders: Any) -> None:
        """Order the service's stand-in to misbehave: lab/standins/behaviour.py says how."""
        self.write("/etc/sentinelcam-lab/behaviour.json", json.dumps({self.service: orders}))

    def history(self) -> list[str]:
        """What `sentinelcam-node history` shows."""
        return self.shell("sentinelcam-node history").splitlines()

    def snapshot(self) -> tuple[int, dict[str, str]]:
        """What a failed deploy must leave alone: the running process and the configs."""
        return self.pid(), self.configs()
