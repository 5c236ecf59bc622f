"""Commands of the node program, asked over SSH. What they are told goes in as JSON, so that no shell reads a name."""

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from modelctl import hints
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import remote
from node import protocol
from node.protocol import Command

Question = TypeVar("Question")
Reply = TypeVar("Reply")

PROGRAM = "/usr/local/sbin/sentinelcam-node"
MAX_SAID = 600
"""Characters of a refusal: what to do stands at its end."""


WANTS_PASSWORD = ("sudo: a password is required", "sudo-rs: interactive authentication is required")
"""What `sudo -n` says where it may not go on without one."""


class UnknownCommand(OperatorError):
    """The node's program is too old to know the command, or there is none yet."""


SUDO = ("env", "LC_ALL=C", "sudo", "-n")
"""What sudo says is looked at, and it speaks the language that the operator's ssh brings along."""


def words(*command: str) -> list[str]:
    """The command line of a command of the node program."""
    return [*SUDO, PROGRAM, *command]


def passwordless(login: str) -> str:
    """Why a host cannot be worked on whose sudo wants a password, and the line that mends it."""
    rule = f"{login} ALL=(ALL) NOPASSWD: ALL"
    return f"sudo wants a password there; expected none; put '{rule}' there: sudo visudo -f /etc/sudoers.d/sentinelcam"


def ask(fleet: Fleet, host: str, command: Command[Question, Reply], question: Question, seconds: float) -> Reply:
    """What the command answers. Raises as `run`, and remote.NoAnswer when that is not understood."""
    said = run(fleet, host, [command.name], seconds, protocol.dumps(question))
    return understood(fleet, host, said, command.reply, command.called)


def run(fleet: Fleet, host: str, command: Sequence[str], seconds: float, message: str = "") -> str:
    """What the command prints.

    Raises remote.NoAnswer when the host is away, UnknownCommand, or another OperatorError when it refuses.
    """
    done = remote.run(fleet, host, words(*command), seconds, message)
    if done.returncode:
        raise refused(fleet, host, command[0], done.returncode, remote.last_line(done.stderr, MAX_SAID))
    return done.stdout


def understood(fleet: Fleet, host: str, text: str, kind: type[Reply], called: str) -> Reply:
    """A reply, each line of which a terminal can be given. Raises remote.NoAnswer for what is none."""
    try:
        return protocol.loads(kind, text, partial(one_line, limit=MAX_SAID))
    except protocol.Newer as error:
        raise remote.no_answer(fleet, host, f"{called}: {error}") from None
    except ValueError:
        raise remote.misunderstood(fleet, host, text, called) from None


def is_absent(said: str) -> bool:
    """Whether sudo has found no node program."""
    return said.endswith(f"{PROGRAM}: command not found")


def refused(fleet: Fleet, host: str, command: str, code: int, said: str) -> OperatorError:
    """The error for a command that ended so, with these last words. An older program knows fewer commands."""
    place = remote.place(fleet, host)
    if said in WANTS_PASSWORD:
        return OperatorError(f"{place}: {passwordless(fleet.host(host).login)}")
    if code == protocol.UNKNOWN_COMMAND or is_absent(said):
        deploy = hints.deploying(host)
        return UnknownCommand(f"{place}: its sentinelcam-node knows no {command}; a deploy brings one: {deploy}")
    return OperatorError(f"{place}: {hints.completed(said)}")
