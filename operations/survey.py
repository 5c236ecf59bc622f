"""What a node holds, read in one question: everything that the operations of a run must know of it.

A node that lacks the program gets a second question, with the program in it. The answer is remembered until an
operation changes the node, and apart for the prediction and the run.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from pyinfra.api import FactBase, Host, QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError

from modelctl.authority import Authority
from modelctl.desired import Desired, WantedVersion, desired
from operations.arguments import arguments_of
from operations.bundle import LOADER, bundle
from operations.node_command import PROGRAMS, Message
from operations.order import order, without_contents

QUESTION_SECONDS = 120


@dataclass(frozen=True)
class SetState:
    """How a service stands to its wanted set; `unready` is what keeps its model files from being used."""

    chosen: str | None
    models: dict[str, str]
    differences: list[str]
    unready: str | None
    live: dict[str, str | None]

    @property
    def reasons(self) -> list[str]:
        """Why the service must be switched; empty when it is settled on the wanted set."""
        return [*self.differences, *([self.unready] if self.unready else [])]


@dataclass(frozen=True)
class Survey:
    """The answer of the node program's `survey` (node/survey.py)."""

    has_program: bool
    absent_folders: list[str]
    lacking: list[str]
    face_list: dict[str, Any] | None
    sets: dict[str, SetState]
    pull_access: dict[str, str | None]
    authorized: bool | None
    registry: list[str] = field(default_factory=list)


class InstalledSurvey(FactBase[Survey | None]):
    """Asks the installed program; None where this checkout's program is not installed."""

    def command(self) -> StringCommand:
        folder = f"{PROGRAMS}/{bundle().digest}"
        return StringCommand(
            "if", "[", "-d", QuoteString(folder), "];", "then", "python3", QuoteString(folder), "survey;",
            "else", "cat", ">/dev/null;", "echo", "null;", "fi",
        )  # fmt: skip

    def process(self, output: list[str]) -> Survey | None:
        return parse("".join(output))


class BareSurvey(FactBase[Survey | None]):
    """Asks with a program that is sent along and leaves nothing behind."""

    def command(self) -> StringCommand:
        return StringCommand("python3", "-c", QuoteString(LOADER), "survey")

    def process(self, output: list[str]) -> Survey | None:
        return parse("".join(output))


def parse(text: str) -> Survey | None:
    """Read a node's answer. Raises FactProcessError for one that is no survey."""
    try:
        data = json.loads(text)
        if data is None:
            return None
        has_program = data.pop("current_program") == bundle().digest
        sets = {service: SetState(**state) for service, state in data.pop("sets").items()}
        return Survey(has_program=has_program, sets=sets, **data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FactProcessError(f"the node's answer is no survey: {error}; found {text[:80]!r}") from error


_remembered: WeakKeyDictionary[Host, tuple[bool, Survey]] = WeakKeyDictionary()


def survey(host: Host) -> Survey | None:
    """Return what the host holds, asking it only when nothing is remembered; None when it gives no answer.

    pyinfra has then said why, and failed the host.
    """
    phase = host.state.is_executing
    known = _remembered.get(host)
    if known is None or known[0] != phase:
        answer = _ask(host)
        if answer is None:
            return None
        known = (phase, answer)
        _remembered[host] = known
    return known[1]


def forget(host: Host) -> None:
    """Drop what is remembered: an operation has changed the host."""
    _remembered.pop(host, None)


def foresee(host: Host, **changes: Any) -> None:
    """Remember what an operation will have changed, so that the prediction of a later one counts on it."""
    known = _remembered.get(host)
    if known is not None and not host.state.is_executing:
        _remembered[host] = (known[0], replace(known[1], **changes))


def order_for(host: Host) -> dict[str, Any]:
    """Return the whole order for a host in this run."""
    return order(host.data.fleet, desired_of(host), _options(host))


def desired_of(host: Host) -> Desired:
    """Return what the host should hold."""
    return desired(host.data.fleet, host.name)


def _ask(host: Host) -> Survey | None:
    question = json.dumps(without_contents(order_for(host)))
    answer = host.get_fact(InstalledSurvey, _sudo=True, _stdin=Message(question), _timeout=QUESTION_SECONDS)
    if answer is None and host not in host.state.failed_hosts:
        lines = Message(bundle().to_line(), question)
        answer = host.get_fact(BareSurvey, _sudo=True, _stdin=lines, _timeout=QUESTION_SECONDS)
    return answer


def _options(host: Host) -> dict[str, Any]:
    fleet, wanted, said = host.data.fleet, desired_of(host), arguments_of(host)
    authority = Authority(fleet.site.pull_ca)
    return {
        "unlock": said.unlock,
        "verify": said.verify,
        "diff": bool(host.state.config.DIFF),
        "authority": authority.line(wanted.source.registry) if authority.exists() else None,
        "needed": _needed(host),
    }


def _needed(host: Host) -> dict[str, str]:
    """The versions that this run's hosts need, with their manifests' digests: what the registry must hold."""
    run = [each for each in host.inventory if host.state.is_host_in_limit(each)]
    wanted = [desired_of(each) for each in run]
    versions = [version for each in wanted for version in (*each.versions, *_face_list(each))]
    return {f"{each.model}/{each.version}": each.manifest for each in versions}


def _face_list(wanted: Desired) -> list[WantedVersion]:
    return [wanted.face_list.version] if wanted.face_list else []
