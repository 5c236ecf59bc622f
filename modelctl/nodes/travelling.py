"""Commands of the node program on the primary datasink, as its login: the program travels there for each of them."""

from typing import TypeVar

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from modelctl.nodes.bundle import LOADER, bundle
from modelctl.quantities import size
from node import layout, protocol
from node.protocol import Command

MAX_FAULT = 400  # characters: a fault ends with what to do
Question = TypeVar("Question")
Reply = TypeVar("Reply")


def words(command: str) -> list[str]:
    """The command line of a command."""
    return [*layout.PYTHON, "-c", LOADER, command]


def message(question: object) -> str:
    """What the command line reads: the program, and the question."""
    return f"{bundle().line}\n{protocol.dumps(question)}"


def ask(fleet: Fleet, command: str, question: object, kind: type[Reply], expected: str, seconds: float) -> Reply:
    """What a command replies. Raises as `read`; remote.NoAnswer when the datasink is unreachable, or cannot run it."""
    return _run(fleet, words(command), question, kind, expected, seconds)


def ask_as_root(fleet: Fleet, command: Command[Question, Reply], question: Question, seconds: float) -> Reply:
    """The same, of a command that only root may do. Raises as `ask`."""
    sudo = [*node_command.SUDO, *words(command.name)]
    return _run(fleet, sudo, question, command.reply, command.called, seconds)


def _run(fleet: Fleet, words: list[str], question: object, kind: type[Reply], expected: str, seconds: float) -> Reply:
    host = fleet.site.primary_datasink
    done = remote.run(fleet, host, words, seconds, f"{message(question)}\n")
    if done.returncode == protocol.REFUSED and done.stderr.strip() and "Traceback (" not in done.stderr:
        raise refused(fleet, remote.last_line(done.stderr, MAX_FAULT))
    if remote.last_line(done.stderr) in node_command.WANTS_PASSWORD:
        raise OperatorError(f"{remote.place(fleet, host)}: {node_command.passwordless(fleet.host(host).login)}")
    if done.returncode:
        said = f"python3 ended with {done.returncode}: {remote.last_line(done.stderr)}"
        raise remote.no_answer(fleet, host, f"{said}; expected Python 3.7 or newer there")
    return read(fleet, done.stdout, kind, expected)


def refused(fleet: Fleet, said: str) -> OperatorError:
    """The error for a command whose last words are why it was not carried out."""
    return OperatorError(f"{fleet.site.primary_datasink}: {said}")


def read(fleet: Fleet, text: str, kind: type[Reply], expected: str) -> Reply:
    """A reply. Raises remote.NoAnswer for what is none."""
    try:
        return protocol.loads(kind, text)
    except ValueError:
        raise remote.misunderstood(fleet, fleet.site.primary_datasink, text, expected) from None


def require_space(fleet: Fleet, folder: str, needed: int, free: int) -> None:
    """Raises OperatorError, when the datasink's disk is too small for what is to come."""
    reserve = fleet.standards.limits.reserve_bytes
    left = max(0, free - reserve)
    if needed > left:
        raise OperatorError(
            f"{fleet.site.primary_datasink}: {folder}: too little space: {size(needed)} needed, "
            f"{size(left)} free beside a reserve of {size(reserve)}; remove something there and run it again"
        )
