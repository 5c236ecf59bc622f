"""The way to a host over SSH, as the operator. Options: ssh_config(5)."""

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, overload

from modelctl.errors import OperatorError
from modelctl.faults import MAX_QUOTED, one_line
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import unreached

CONNECT_SECONDS = 10
AT_ONCE = 32  # each is a process of its own on the control node
SSH_FAILED = 255

_ALWAYS = {
    "BatchMode": "yes",
    "ConnectTimeout": str(CONNECT_SECONDS),
    "ServerAliveInterval": str(CONNECT_SECONDS),
    "ControlPath": "none",  # an open connection was checked against somebody else's known hosts
    "LogLevel": "ERROR",
    "LogVerbose": "none",
    # only the site says which key a host has
    "StrictHostKeyChecking": "yes",
    "GlobalKnownHostsFile": "none",
    "KnownHostsCommand": "none",
    "VerifyHostKeyDNS": "no",
    "NoHostAuthenticationForLocalhost": "no",
    "UpdateHostKeys": "no",
    "CanonicalizeHostname": "no",
    "AddressFamily": "any",
    # the command that was asked for, with its input and output, and nothing beside it
    "SessionType": "default",
    "RemoteCommand": "none",
    "PermitLocalCommand": "no",
    "StdinNull": "no",
    "ForkAfterAuthentication": "no",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "Tunnel": "no",
}
"""Options of ours, which an operator's ssh_config cannot change: ssh takes the first value that it finds."""

Answer = TypeVar("Answer")
First = TypeVar("First")
Second = TypeVar("Second")
Third = TypeVar("Third")


class NoAnswer(OperatorError):
    """One line: why a host gave no answer, or none that can be understood."""


class Unreachable(NoAnswer):
    """ssh could not come to a command; `said` are its own last words."""

    def __init__(self, line: str, said: str) -> None:
        super().__init__(line)
        self.said = said


def run(
    fleet: Fleet, host: str, command: Sequence[str], seconds: float, message: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command with `message` as its input. Raises NoAnswer unless it ends in time, OperatorError without ssh."""
    try:
        done = subprocess.run(
            [*ssh(fleet, host), shlex.join(command)], input=message, capture_output=True, text=True, errors="replace",
            timeout=seconds, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise _no_ssh() from None
    except subprocess.TimeoutExpired:
        raise no_answer(fleet, host, f"no answer within {seconds} s; is its disk well?") from None
    if done.returncode == SSH_FAILED:
        raise unreachable(fleet, host, last_line(done.stderr))
    return done


def side_by_side(hosts: Sequence[str], ask: Callable[[str], Answer]) -> dict[str, Answer]:
    """Ask several hosts at the same time; what `ask` raises is raised here. A thread is born into the network namespace
    of the one that starts it: call this where the way to the hosts is open.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(hosts, pool.map(ask, hosts), strict=True))


def unreachable(fleet: Fleet, host: str, said: str) -> Unreachable:
    """The error for a host that ssh cannot reach, with ssh's own words."""
    line = f"{said.rstrip('.')}; {unreached.next_step(host, said)}"
    return Unreachable(f"{place(fleet, host)}: {line}", said)


@overload
def together(first: Callable[[], First], second: Callable[[], Second], /) -> tuple[First, Second]: ...
@overload
def together(
    first: Callable[[], First], second: Callable[[], Second], third: Callable[[], Third], /
) -> tuple[First, Second, Third]: ...
def together(*asks: Callable[[], Any]) -> tuple[Any, ...]:
    """Ask several things at the same time, as `side_by_side` does; what one of them raises is raised here."""
    with ThreadPoolExecutor(len(asks)) as pool:
        return tuple(pool.map(lambda ask: ask(), asks))


def misunderstood(fleet: Fleet, host: str, answer: str, expected: str) -> NoAnswer:
    """The error for an answer that is not what was expected."""
    found = f"found {one_line(answer) or 'nothing'}; expected {expected} as JSON"
    return no_answer(fleet, host, f"{found}; does a login there print something of its own?")


def no_answer(fleet: Fleet, host: str, said: str) -> NoAnswer:
    """The error for a host that gives no answer, or none that is one, and why."""
    return NoAnswer(f"{place(fleet, host)}: {said}")


def place(fleet: Fleet, host: str) -> str:
    """A host and its address, as error lines begin."""
    return f"{host} ({fleet.host(host).address})"


def last_line(text: str, limit: int = MAX_QUOTED) -> str:
    """What a program said last, as one line that no terminal would obey."""
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1], limit) if lines else "no reason given"


def ssh(fleet: Fleet, name: str) -> list[str]:
    """The words of an ssh to a host. What the operator's ssh_config says of the way there holds (Port, ProxyJump,
    IdentityFile, ...), and nothing that leads to another host, or does anything but run the command.
    """
    site, host = fleet.site, fleet.host(name)
    options = {
        **_ALWAYS,
        "HostName": str(host.address).replace("%", "%%"),
        "HostKeyAlias": str(host.address),
        "UserKnownHostsFile": _literally(site.known_hosts),
    }
    if site.ssh_key is not None:
        options |= {"IdentityFile": _literally(site.ssh_key), "IdentitiesOnly": "yes"}
    words = [f"-o{option}={value}" for option, value in options.items()]
    return ["ssh", "-T", *words, "-l", host.login, str(host.address)]


def port(fleet: Fleet, name: str) -> int:
    """The port of a host's SSH server: the operator's ssh_config may name one. Raises OperatorError."""
    program, *words = ssh(fleet, name)
    try:
        done = subprocess.run([program, "-G", *words], capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError:
        raise _no_ssh() from None
    found = re.search(r"^port ([0-9]+)$", done.stdout, re.MULTILINE)
    if found is None:
        raise OperatorError(f"ssh: {last_line(done.stderr)}; expected an ssh_config that it can read; mend that")
    return int(found[1])


def _no_ssh() -> OperatorError:
    return OperatorError("ssh: no such program; install it: apt-get install openssh-client")


def _literally(path: Path) -> str:
    """ssh splits a list of files at spaces, and expands what begins with a %."""
    return '"{}"'.format(str(path).replace("%", "%%"))
