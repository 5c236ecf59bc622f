"""What a node holds, read in one question: everything that the operations of a run must know of it.

A node that lacks the program gets a second question, with the program in it. The answer is remembered until an
operation changes the node. The run goes by the prediction's for some seconds, without what was foreseen.
"""

import re
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra.api import FactBase, Host, QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError
from pyinfra.context import ctx_host

from modelctl.faults import one_line
from modelctl.nodes.bundle import LOADER, bundle
from node import protocol
from node.layout import PYTHON
from node.protocol.facts import Facts, History, HistoryEntry
from operations.node_command import PROGRAMS, Message
from operations.notes import notes_of
from operations.run import Run

QUESTION_SECONDS = 120
READING_SECONDS = 3600  # every byte, from what may be an SD card
MAX_SAID = 2000  # characters
_NUMBERS = range(1, 10**9)  # of the lines that the deployment log tells apart (node/registry/primary.py)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class InstalledFacts(FactBase[Facts | None]):
    """Asks the installed program; None where this checkout's program is not installed, or fails, or says nothing."""

    def command(self, services: Collection[str]) -> StringCommand:
        self._services = services
        folder = QuoteString(f"{PROGRAMS}/{bundle().digest}")
        return StringCommand(
            "{", "[", "-d", folder, "]", "&&", *PYTHON, folder, "facts;", "}", "||",
            "{", "cat", ">/dev/null;", "echo;", "echo", "null;", "}",
        )  # fmt: skip

    def process(self, output: list[str]) -> Facts | None:
        return None if output[-1:] in ([], ["null"]) else parse(output, self._services)


class BareFacts(FactBase[Facts | None]):
    """Asks with a program that is sent along and leaves nothing behind."""

    def command(self, services: Collection[str]) -> StringCommand:
        self._services = services
        return StringCommand(*PYTHON, "-c", QuoteString(LOADER), "facts")

    def process(self, output: list[str]) -> Facts | None:
        return parse(output, self._services)


RECENT_SECONDS = 10.0  # from a prediction's answer to the run that goes by it
_remembered: WeakKeyDictionary[Host, tuple[bool, Facts]] = WeakKeyDictionary()
_answers: WeakKeyDictionary[Host, Facts] = WeakKeyDictionary()
_asked: WeakKeyDictionary[Host, tuple[str, float]] = WeakKeyDictionary()


def gather(host: Host, run: Run) -> Facts | None:
    """Return what the host holds, asking it only when nothing is remembered; None where pyinfra has failed it."""
    phase = host.state.is_executing
    known = _remembered.get(host)
    if known is None or known[0] != phase:
        question = protocol.dumps(run.desired(host.name).question)
        if known is None or not _is_recent(host, question):
            answer = _ask(host, run)
            if answer is None:
                return None
            _answers[host], _asked[host] = answer, (question, time.monotonic())
        known = (phase, _answers[host])
        _remembered[host] = known
    return known[1]


def _is_recent(host: Host, question: str) -> bool:
    """Whether that was asked a moment ago. A prediction may make the pull CA, and then the datasink's part differs."""
    asked, moment = _asked[host]
    return asked == question and time.monotonic() - moment < RECENT_SECONDS


def last_answer(host: Host) -> Facts | None:
    """Return what the host answered last, whatever was changed or foreseen since; None when it was never asked."""
    return _answers.get(host)


def complete(host: Host, history: list[HistoryEntry]) -> None:
    """Remember the whole history of a host, of which an answer has the last lines."""
    known = _answers.get(host)
    if known is not None:
        _answers[host] = known._replace(history=history)


def forget(host: Host) -> None:
    """Drop what is remembered: an operation has changed the host."""
    _remembered.pop(host, None)


def foresee(host: Host, **changes: Any) -> None:
    """Remember what an operation will have changed, so that the prediction of a later one counts on it."""
    known = _remembered.get(host)
    if known is not None and not host.state.is_executing:
        _remembered[host] = (known[0], known[1]._replace(**changes))


def has_program(found: Facts) -> bool:
    """Whether the host's units run this checkout's node program."""
    return found.current_program == bundle().digest


def _ask(host: Host, run: Run) -> Facts | None:
    desired = run.desired(host.name)
    services, question = [each.service for each in desired.sets], protocol.dumps(desired.question)
    seconds = READING_SECONDS if desired.options.full else QUESTION_SECONDS
    said = {"_sudo": True, "_timeout": seconds}
    answer = host.get_fact(InstalledFacts, services=services, _stdin=Message(question), **said)
    if answer is None and host not in host.state.failed_hosts:
        lines = Message(bundle().line, question)
        answer = host.get_fact(BareFacts, services=services, _stdin=lines, **said)
    return answer


def parse(lines: Sequence[str], services: Collection[str]) -> Facts:
    """Read a reply, the last line, as a login may print first. Raises FactProcessError, which fails one host alone."""
    try:
        found = protocol.loads(Facts, lines[-1] if lines else "", cleaned)
    except ValueError as error:
        raise _is_none(str(error), lines) from None
    if set(found.sets) != set(services):
        raise _is_none(f"sets: found {', '.join(sorted(found.sets))}; allowed: {', '.join(sorted(services))}", lines)
    return found._replace(history=_loggable(found.history))


def _is_none(reason: str, lines: Sequence[str]) -> FactProcessError:
    last = next((line for line in reversed(lines) if line.strip()), "")
    found = f"found {last[:80]!r}; does a login there print something of its own?"
    return _unreadable(f"the node's answer holds no facts: {one_line(reason)}; {found}")


def _unreadable(reason: str) -> FactProcessError:
    """What fails the host whose answer is being read."""
    if ctx_host.isset():
        notes_of(ctx_host.get()).failure = reason
    return FactProcessError(reason)


def parse_history(text: str) -> list[HistoryEntry]:
    """Read a whole history. Raises FactProcessError for what is none."""
    try:
        return _loggable(protocol.loads(History, text, cleaned).entries)
    except ValueError:
        raise _unreadable(f"the node's answer is no history: found {one_line(text[:80])}; expected one") from None


def _loggable(entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """Leave out what would not begin a line of the deployment log as TIME HOST#N, or as that of another host."""
    return [each for each in entries if each.n in _NUMBERS and _TIME.fullmatch(each.time)]


def cleaned(text: str) -> str:
    """A node's own words as one line that no terminal obeys."""
    return one_line(text, MAX_SAID)
