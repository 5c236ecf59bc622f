"""What a run leaves behind: every switched host asked again, and the hosts' histories in one log."""

from collections.abc import Iterable, Iterator, Mapping

from pyinfra.api import Host, StringCommand

from operations import rollout
from operations.answer import Entry, Survey
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.run import desired_of
from operations.survey import last_answer


@node_operation
def confirm(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Ask whoever this run has switched whether it runs what it should: all others were settled, or have failed."""
    unsettled = [f"{service}: {state.in_short}" for service, state in found.sets.items() if state.reasons]
    if unsettled:
        rollout.note(host, rollout.Outcome.FAILED)
        yield Refusal(f"{host.name}: switched, but {'; '.join(unsettled)}; look at it, and run again")


@node_operation
def collect(host: Host, found: Survey) -> Iterator[StringCommand]:
    """On the primary datasink, add to the deployment log what this run has read of the hosts' histories.

    A host that is done later (--serial) or at the same time (--no-wait) tells with the next run.
    """
    will_move = not host.state.is_executing and rollout.anyone_moves(host)
    lines = unlogged(found.logged or {}, _histories(host))
    if lines or will_move:
        log, owner = host.data.fleet.deployment_log(), desired_of(host).service_user
        yield command("append-log", message={"log": log, "owner": owner, "lines": lines})


def unlogged(logged: Mapping[str, int], histories: Mapping[str, Iterable[Entry]]) -> list[Entry]:
    """Return the entries that the log lacks, given each host's last one there; none that a host tells of another."""
    own = {host: [entry for entry in history if entry["host"] == host] for host, history in histories.items()}
    return [entry for host, history in own.items() for entry in _after(logged.get(host, 0), history)]


def _after(last: int, history: list[Entry]) -> list[Entry]:
    """A history that has not come to the last number yet is that of a new card, which began again at 1."""
    is_new = all(entry["n"] < last for entry in history)
    return history if is_new else [entry for entry in history if entry["n"] > last]


def _histories(host: Host) -> dict[str, list[Entry]]:
    answers = {each.name: last_answer(each) for each in host.inventory}
    return {name: answer.history for name, answer in answers.items() if answer is not None}
