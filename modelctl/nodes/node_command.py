"""Commands of the node program, asked over SSH. What they are told goes in as JSON, so that no shell reads a name."""

import json

from modelctl import hints
from modelctl.errors import OperatorError
from modelctl.fleet import Fleet
from modelctl.nodes import remote

PROGRAM = "/usr/local/sbin/sentinelcam-node"
MAX_SAID = 600
"""Characters of a refusal: what to do stands at its end."""


WANTS_PASSWORD = ("sudo: a password is required", "sudo-rs: interactive authentication is required")
"""What `sudo -n` says where it may not go on without one."""


class UnknownCommand(OperatorError):
    """The node's program is too old to know the command, or there is none yet."""


def words(*command: str) -> list[str]:
    """The command line of a command of the node program.

    What sudo says is looked at, and it speaks the language that the operator's ssh brings along.
    """
    return ["env", "LC_ALL=C", "sudo", "-n", PROGRAM, *command]


def passwordless(login: str) -> str:
    """Why a host cannot be worked on whose sudo wants a password, and the line that mends it."""
    rule = f"{login} ALL=(ALL) NOPASSWD: ALL"
    return f"sudo wants a password there; expected none; put '{rule}' there: sudo visudo -f /etc/sudoers.d/sentinelcam"


def ask(fleet: Fleet, host: str, command: str, message: object, seconds: float) -> str:
    """What the command answers.

    Raises remote.NoAnswer when the host is away, UnknownCommand, or another OperatorError when it refuses.
    """
    done = remote.run(fleet, host, words(command), seconds, json.dumps(message))
    if done.returncode:
        raise refused(fleet, host, command, remote.last_line(done.stderr, MAX_SAID))
    return done.stdout


def refused(fleet: Fleet, host: str, command: str, said: str) -> OperatorError:
    """The error for a command that failed with these last words. An older program knows fewer commands."""
    place = remote.place(fleet, host)
    if said in WANTS_PASSWORD:
        return OperatorError(f"{place}: {passwordless(fleet.host(host).login)}")
    if said.startswith(f"found {command};") or said.endswith(f"{PROGRAM}: command not found"):
        deploy = hints.pyinfra(f"deploys/models.py --limit {host} -y")
        return UnknownCommand(f"{place}: its sentinelcam-node knows no {command}; a deploy brings one: {deploy}")
    return OperatorError(f"{place}: {hints.completed(said)}")
