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
from node.protocol.facts import NodeService, Status

Question = TypeVar("Question")
Reply = TypeVar("Reply")

PROGRAM = "/usr/local/sbin/sentinelcam-node"
MAX_SAID = 600
"""Characters of a refusal: what to do stands at its end."""
STATUS_SECONDS = 60
SUDO = ("env", "LC_ALL=C", "sudo", "-n")
"""What sudo says is looked at, and it speaks the language that the operator's ssh brings along."""
WANTS_PASSWORD = ("sudo: a password is required", "sudo-rs: interactive authentication is required")
"""What `sudo -n` says where it may not go on without one."""
SUDO_RULES = "/etc/sudoers.d/sentinelcam"
_TRACEBACK = "Traceback (most recent call last)"


class UnknownCommand(OperatorError):
    """The node's program is too old to know the command, or there is none yet."""


def words(*command: str) -> list[str]:
    """The command line of a command of the node program."""
    return [*SUDO, PROGRAM, *command]


def sudo_rule(login: str) -> str:
    """The line of sudoers(5) by which a login needs no password."""
    return f"{login} ALL=(ALL) NOPASSWD: ALL"


def passwordless(login: str) -> str:
    """Why a host cannot be worked on whose sudo wants a password, and the line that mends it."""
    return f"sudo wants a password there; expected none; put '{sudo_rule(login)}' there: sudo visudo -f {SUDO_RULES}"


def ask(fleet: Fleet, host: str, command: Command[Question, Reply], question: Question, seconds: float) -> Reply:
    """What the command answers. Raises as `run`, and remote.NoAnswer when that is not understood."""
    said = run(fleet, host, [command.name], seconds, protocol.dumps(question))
    return understood(fleet, host, said, command.reply, command.called)


def run(fleet: Fleet, host: str, command: Sequence[str], seconds: float, message: str = "") -> str:
    """What the command prints. Raises remote.NoAnswer, UnknownCommand, or another OperatorError where it refuses."""
    done = remote.run(fleet, host, words(*command), seconds, message)
    if done.returncode:
        raise refused(fleet, host, command[0], done.returncode, remote.last_line(done.stderr, MAX_SAID))
    return done.stdout


def status(fleet: Fleet, host: str) -> dict[str, NodeService]:
    """The services that a node knows, by name. Raises remote.NoAnswer, in one line, when it does not say."""
    return whole_status(fleet, host).services


def referenced_versions(fleet: Fleet, host: str) -> dict[str, str]:
    """The versions that any set on a node names, as MODEL/VERSION, and why. Raises remote.NoAnswer as `status`."""
    references = whole_status(fleet, host).references
    if references is None:
        said = "it does not say which versions its sets name; a deploy brings a program that does, and mends sets"
        raise remote.no_answer(fleet, host, f"{said}: {hints.deploying(host)}")
    return references


def whole_status(fleet: Fleet, host: str) -> Status:
    """All that a node says of itself and its services. Raises remote.NoAnswer as `status`."""
    done = remote.run(fleet, host, words("status", "--json"), STATUS_SECONDS)
    fails = _TRACEBACK in done.stderr  # a power cut can have damaged it
    if done.returncode == 0 and done.stdout.strip() and not fails:
        return understood(fleet, host, done.stdout, Status, "its status")
    said, login = remote.last_line(done.stderr), fleet.host(host).login
    if fails or done.returncode == 0:
        why = f"its sentinelcam-node fails: {said}; a deploy installs it anew: {hints.deploying(host)}"
    elif _is_absent(said):
        why = f"found no sentinelcam-node; a deploy brings it: {hints.deploying(host)}"
    elif said in WANTS_PASSWORD:
        why = passwordless(login)
    else:
        look = f"ssh {login}@{fleet.host(host).address} sudo sentinelcam-node status"
        why = f"sentinelcam-node ended with {done.returncode}: {said}; try it there: {look}"
    raise remote.no_answer(fleet, host, why)


def understood(fleet: Fleet, host: str, text: str, kind: type[Reply], called: str) -> Reply:
    """A reply, each line of which a terminal can be given. Raises remote.NoAnswer for what is none."""
    try:
        return protocol.loads(kind, text, partial(one_line, limit=MAX_SAID))
    except protocol.Newer as error:
        raise remote.no_answer(fleet, host, f"{called}: {error}") from None
    except ValueError:
        raise remote.misunderstood(fleet, host, text, called) from None


def refused(fleet: Fleet, host: str, command: str, code: int, said: str) -> OperatorError:
    """The error for a command that ended so, with these last words. An older program knows fewer commands."""
    place = remote.place(fleet, host)
    if said in WANTS_PASSWORD:
        return OperatorError(f"{place}: {passwordless(fleet.host(host).login)}")
    if code == protocol.UNKNOWN_COMMAND or _is_absent(said):
        deploy = hints.deploying(host)
        return UnknownCommand(f"{place}: its sentinelcam-node knows no {command}; a deploy brings one: {deploy}")
    return OperatorError(f"{place}: {hints.completed(said)}")


def _is_absent(said: str) -> bool:
    """Whether sudo has found no node program."""
    return said.endswith(f"{PROGRAM}: command not found")
