"""The lab as a whole: up, down, and what a test does to one of its hosts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from lab import (
    cgroups,
    disk,
    inotify,
    keys,
    layers,
    locks,
    machine,
    network,
    operator_shell,
    pages,
    preflight,
    site_copy,
)
from lab.hosts import CONTROL, COUNT, HOSTS, STATE, LabHost, hosts, noted
from lab.name import command
from modelctl.errors import Faults, OperatorError
from node import layout

BOOT_LIMIT = 60.0
CONSOLE_TAIL = 20
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SETS = f"{layout.STATE}/sets"


class Lab:
    """Handle on the lab of this name; many handles may be open at once."""

    def __init__(self, hosts: Mapping[str, LabHost] = HOSTS, say: Callable[[str], None] = locks.silent) -> None:
        self.hosts = hosts
        self._say = say

    def up(self, count: int | None = None) -> None:
        """Boot every host that is off, each from the disk it has or else from a new one.

        :param count: hosts that the lab has from now on until it is down; None leaves them as they are.
        :raises OperatorError: this machine cannot run the lab, a host does not come up, or the lab is up with another
            count of hosts.
        """
        preflight.require_machine()
        with self._lock():
            if count is not None:
                self._choose(count)
            self._prepare()
            self._boot(tuple(self.hosts.values()))

    def down(self) -> None:
        """Take everything away that runs, is mounted or was written to the hosts' disks. Keys and layers stay.

        :raises OperatorError: this machine cannot run the lab.
        """
        preflight.require_machine()
        with self._lock():
            for host in self._everyone():
                machine.power_cut(host)
                machine.erase(host)
            cgroups.remove_parents()
            network.remove()
            site_copy.remove()
            operator_shell.remove_home()
            pages.remove()
            COUNT.unlink(missing_ok=True)
            layers.discard_unused(layers.current(), self._say)

    def reset(self, *names: str) -> None:
        """Give hosts a new disk, a whole network and a boot."""
        with self._lock():
            chosen = [self.host(name) for name in names]
            self._prepare()
            for host in chosen:
                machine.power_cut(host)
                machine.erase(host)
                network.mend(host)
            self._boot(chosen)

    def boot(self, *names: str) -> None:
        """Boot hosts from the disks they have; harmless where they run."""
        with self._lock():
            chosen = [self.host(name) for name in names]
            self._prepare()
            self._boot(chosen)

    def power_cut(self, name: str) -> None:
        """End a host at once; its disk keeps what had been written."""
        machine.power_cut(self.host(name))

    def cut(self, name: str) -> None:
        """Pull a host's cable."""
        network.cut(self._connected(name))

    def mend(self, name: str) -> None:
        """Plug a host's cable in again, at full speed."""
        network.mend(self._connected(name))

    def mend_all(self) -> None:
        """Plug in all cables that are pulled, and let the slowed ones run at full speed."""
        for name in network.harmed():
            self.mend(name)

    def limit(self, name: str, rate: str) -> None:
        """Slow a host's cable down to a rate such as 10mbit, in both directions."""
        network.limit(self._connected(name), rate)

    def bytes_received(self, name: str) -> int:
        """Bytes that have come to a host over its cable."""
        return network.bytes_received(self._connected(name))

    def bytes_sent(self, name: str) -> int:
        """Bytes that a host has sent over its cable and that arrived at the other end."""
        return network.bytes_sent(self._connected(name))

    def running(self, name: str) -> bool:
        """Whether a host is powered on."""
        return machine.running(self.host(name)) is not None

    def state(self, name: str) -> str:
        """How a host stands, in words."""
        if not self.running(name):
            return "off"
        return "up, cable cut" if network.is_cut(self.host(name)) else "up"

    def run(
        self, name: str, command: str | Sequence[str], user: str = "root", stdin: str = "", limit: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a command at a host's console, so that it works with the cable cut too.

        :param command: a line for the shell, or a program with its arguments.
        :param limit: seconds until subprocess.TimeoutExpired.
        """
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        return subprocess.run(
            [*self.console(name, user), *argv],
            input=stdin, capture_output=True, text=True, timeout=limit, check=False,
        )  # fmt: skip

    def forget_commits(self, commits: Iterable[str]) -> None:
        """Let the sets of these commits be of one that nobody knows: a checkout that lacks them may then deploy."""
        find = f"grep --files-with-matches --extended-regexp '{'|'.join(commits)}' {SETS}/*/*/set.json"
        change = """sed --in-place 's/"commit": "[0-9a-f-]*"/"commit": "unknown"/'"""
        for name in self.hosts:
            self.run(name, f"{find} | xargs --no-run-if-empty {change}")

    def console(self, name: str, user: str = "root") -> list[str]:
        """What to write before a command to run it at a host's console."""
        host = self.host(name)
        home = "/root" if user == "root" else f"/home/{user}"
        become = [] if user == "root" else ["runuser", "--user", user, "--"]
        return [
            "nsenter", "--target", str(machine.leader(host)),
            "--mount", "--root", "--uts", "--ipc", "--net", "--pid", "--",
            "env", "--ignore-environment", f"--chdir={home}", f"HOME={home}", f"PATH={PATH}", "LANG=C.UTF-8", *become,
        ]  # fmt: skip

    def ssh(self, name: str) -> list[str]:
        """The ssh command that reaches a host as the operator does."""
        host = self._connected(name)
        options = {
            "IdentityFile": keys.OPERATOR,
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": keys.KNOWN_HOSTS,
            "StrictHostKeyChecking": "yes",
            "ConnectTimeout": "5",
            "LogLevel": "ERROR",
        }
        written = [f"-o{option}={value}" for option, value in options.items()]
        inside = f"--net={network.NETNS_FOLDER / network.NAMESPACE}"
        return ["nsenter", inside, "--", "ssh", "-F", "none", *written, f"{host.login}@{host.address}"]

    def host(self, name: str) -> LabHost:
        """A host by name.

        :raises OperatorError: the lab has none of that name.
        """
        if name == CONTROL.name:
            return CONTROL
        if name not in self.hosts:
            raise OperatorError(f"lab: host {name!r}: not in the lab; it has: {', '.join(self.hosts)}")
        return self.hosts[name]

    def _connected(self, name: str) -> LabHost:
        host = self.host(name)
        network.require_up()
        return host

    def _lock(self) -> AbstractContextManager[None]:
        return locks.held(STATE / "lock", "another command of the lab", self._say)

    def _choose(self, count: int) -> None:
        """Have so many hosts from now on. One that is up keeps its count: its hosts and its site know of each other."""
        found = noted()
        if network.is_up() and found != count:
            raise OperatorError(f"lab: it is up with {found} hosts, not {count}; run first: {command('down')}")
        self.hosts = hosts(count)
        COUNT.write_text(f"{count}\n")

    def _prepare(self) -> None:
        self._layers = layers.build(self._say)
        keys.make(self._machines())
        site_copy.make(self.hosts.values())
        network.create()

    def _machines(self) -> list[LabHost]:
        return [*self.hosts.values(), CONTROL]

    def _everyone(self) -> list[LabHost]:
        """The known hosts, and those that an earlier lab of another make left."""
        known = self._machines()
        left = {path.name for path in (STATE / "hosts").glob("*")} | cgroups.hosts()
        return [
            *known,
            *(LabHost(name, network.CONTROL_NODE, None) for name in sorted(left - {host.name for host in known})),
        ]

    def _boot(self, hosts: Sequence[LabHost]) -> None:
        """Boot those that are off, all at once, and wait for each."""
        starting = [host for host in hosts if machine.running(host) is None]
        if CONTROL in starting:
            layers.build_control(self._layers, self._say)
        inotify.make_room(len(starting), self._say)
        for host in starting:
            machine.power_cut(host)
            network.connect(host)
            if not (host.folder / "upper").is_dir():
                disk.make(host, self._machines(), self._layers.of(host)[-1])
            machine.power_on(host, self._layers.of(host))
            self._say(f"{host.name}: booting")
        with ThreadPoolExecutor(max_workers=max(1, len(starting))) as pool:
            faults = [fault for fault in pool.map(self._await, starting) if fault]
        if faults:
            raise Faults(faults)

    def _await(self, host: LabHost) -> str | None:
        """Wait until a host answers; the fault, with the end of its console, when it does not."""
        try:
            machine.wait_until(lambda: self._answers(host), BOOT_LIMIT, f"{host.name}: answer on SSH")
        except OperatorError as fault:
            shown = machine.console_lines(host)[-CONSOLE_TAIL:]
            return "\n".join([f"{fault}; its console ends with:", *(f"  {line}" for line in shown)])
        self._say(f"{host.name}: up, {host.login}@{host.address}")
        return None

    def _answers(self, host: LabHost) -> bool:
        if machine.running(host) is None:
            raise OperatorError(f"{host.name}: its boot ended")
        try:
            state = subprocess.run(
                [*self.ssh(host.name), "systemctl", "is-system-running", "--wait"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOOT_LIMIT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False
        return state.stdout.strip() in {"running", "degraded"}
