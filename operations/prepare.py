"""Mending what a host's system lacks, by stock operations and shell: it may have no Python yet, and no program of ours.

What is there is neither upgraded nor restarted; what lacks nothing is left alone, whatever Debian has by now.
"""

from collections.abc import Iterator
from io import StringIO

from pyinfra.api import FactBase, Host, StringCommand
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.server import Users
from pyinfra.facts.systemd import SystemdStatus
from pyinfra.operations import apt, files, server, systemd

from modelctl.nodes.node_command import SUDO_RULES, sudo_rule
from node.facts.prerequisites import PACKAGES
from node.machine.clock import KEEPERS
from operations.coral import LISTS_SECONDS, LOCK_WAIT
from operations.node_operation import shell_operation
from operations.run import Run

Commands = Iterator[StringCommand]
PROGRAMS = {"python3": "python3", **PACKAGES}
"""The Debian package of each program that a deploy needs."""
BAD_LINK = "-o Acquire::Retries=5"
INSTALL = f"--no-remove {LOCK_WAIT} {BAD_LINK}"
TIMESYNCD = KEEPERS[0]


class FreeSudo(FactBase[bool]):
    """Whether the login may use sudo without a password."""

    def command(self) -> StringCommand:
        return StringCommand("sudo", "-n", "true", "2>/dev/null", "&&", "echo", "yes", "||", "echo", "no")

    def process(self, output: list[str]) -> bool:
        return output[-1:] == ["yes"]


class AbsentPrograms(FactBase[list[str]]):
    """Those of some programs that are not installed."""

    def command(self) -> StringCommand:
        names = " ".join(PROGRAMS)
        return StringCommand(f'for name in {names}; do command -v "$name" >/dev/null || echo "$name"; done')

    def process(self, output: list[str]) -> list[str]:
        return [name for name in output if name in PROGRAMS]


class Synchronized(FactBase[bool]):
    """Whether systemd says that the clock is synchronised."""

    def command(self) -> StringCommand:
        return StringCommand("timedatectl", "show", "--property=NTPSynchronized", "--value")

    def process(self, output: list[str]) -> bool:
        return output[-1:] == ["yes"]


class Unfinished(FactBase[bool]):
    """Whether an installation of packages was broken off, by a power cut or a lost connection."""

    def command(self) -> StringCommand:
        return StringCommand("dpkg", "--audit")

    def process(self, output: list[str]) -> bool:
        return bool(output)


@shell_operation
def free_sudo(host: Host, run: Run) -> Commands:
    """Let the login use sudo without a password: a deploy cannot type one on several hosts."""
    if host.get_fact(FreeSudo, _sudo=False):
        return
    rule = StringIO(f"{sudo_rule(run.fleet.host(host.name).login)}\n")
    yield from files.put._inner(src=rule, dest=SUDO_RULES, mode="440", user="root", group="root")


@shell_operation
def install_packages(host: Host, run: Run) -> Commands:
    """Install the packages of programs that are not there."""
    del run
    absent = host.get_fact(AbsentPrograms)
    if absent:
        yield from _install(host, sorted({PROGRAMS[name] for name in absent}))


@shell_operation
def make_user(host: Host, run: Run) -> Commands:
    """Make the service's user, where there is none."""
    user = run.fleet.service_user(host.name)
    if user not in host.get_fact(Users):
        yield from server.user._inner(user=user, home=run.fleet.home(host.name), ensure_home=True)


@shell_operation
def keep_clock(host: Host, run: Run) -> Commands:
    """Let a program set the clock, where none does: the one that is installed, else systemd's."""
    del run
    if host.get_fact(Synchronized):
        return
    running = host.get_fact(SystemdStatus, services=[f"{name}.service" for name in KEEPERS])
    if any(running.values()):
        host.log("the clock is not synchronised, although a program sets it; see there: timedatectl")
        return
    packages = host.get_fact(DebPackages)
    keeper = next((name for name in KEEPERS if name in packages), TIMESYNCD)
    if keeper not in packages:
        yield from _install(host, [keeper])
    yield from systemd.service._inner(service=f"{keeper}.service", running=True, enabled=True)


def _install(host: Host, packages: list[str]) -> Commands:
    if host.get_fact(Unfinished):
        yield StringCommand("DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confold", "--configure", "-a")
    yield from apt.packages._inner(
        packages=packages, update=True, cache_time=LISTS_SECONDS, no_recommends=True, extra_install_args=INSTALL
    )
