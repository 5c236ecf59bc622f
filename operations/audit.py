"""What a run leaves behind: every switched host asked again, and the hosts' histories in one log."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyinfra.api import FactBase, Host, QuoteString, StringCommand

from modelctl.closing.host_end import Standing
from modelctl.nodes.bundle import bundle
from node.layout import PYTHON
from node.protocol.facts import Facts, HistoryEntry, Logged
from node.protocol.steps import AppendLog
from operations.facts import QUESTION_SECONDS, complete, forget, gather, has_program, last_answer, parse_history
from operations.node_command import PROGRAMS, Refusal, command
from operations.node_operation import node_operation
from operations.rollout import HostResult, SwitchCommand, rollout_of
from operations.run import Run

NOTHING = Logged()


class History(FactBase[list[HistoryEntry]]):
    """All that a node's history holds, oldest first."""

    def command(self) -> StringCommand:
        return StringCommand(*PYTHON, QuoteString(f"{PROGRAMS}/{bundle().digest}"), "history", "--json")

    def process(self, output: list[str]) -> list[HistoryEntry]:
        return parse_history("\n".join(output))


@node_operation
def confirm(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Ask whoever this run has switched whether it runs what it should, and start anew who does and is unhealthy. That
    is done once for each set and boot. Who has more to tell than the facts do tells all of it.
    """
    unsettled = [f"{service}: {state.in_short}" for service, state in found.sets.items() if state.reasons]
    if unsettled:
        rollout_of(host.state).host_results[host.name] = HostResult.FAILED
        yield Refusal(f"{host.name}: switched, but {'; '.join(unsettled)}; look at it, and run again", Standing.FAILED)
        return
    unhealthy = {service: f"{service}: {state.health}" for service, state in found.sets.items() if state.health}
    restarting = [service for service, state in found.sets.items() if state.is_to_restart]
    if restarting:
        restart = run.desired(host.name).with_sets(restarting)
        for each in restart.sets:
            host.log(f"{unhealthy[each.service]}; it is started anew, once")
        yield SwitchCommand(command("switch", message=restart))
        forget(host)
        found = gather(host, run) or found  # what became of it belongs in the log
    elif unhealthy:
        told = "; ".join(unhealthy.values())
        yield Refusal(f"{host.name}: runs what it should, but {told}; look at it, and run again", Standing.FAILED)
        return
    if is_cut(_logged(host, run).get(host.name, NOTHING), found.history) and has_program(found):
        history = host.get_fact(History, _sudo=True, _timeout=QUESTION_SECONDS)
        if history:
            complete(host, history)


@node_operation
def collect(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Log what this run has read of the histories; a host that is done later (--serial) tells with the next run."""
    will_move = not host.state.is_executing and (rollout_of(host.state).anyone_moves() or _anyone_restarts(host))
    answers = {each.name: last_answer(each) for each in host.inventory}
    histories = {name: answer.history for name, answer in answers.items() if answer is not None}
    lines = unlogged(found.datasink.logged if found.datasink else {}, histories)
    if lines or will_move:
        log, owner = Path(run.fleet.deployment_log()), run.desired(host.name).user
        yield command("append-log", message=AppendLog(log, owner, lines))


def unlogged(logged: Mapping[str, Logged], histories: Mapping[str, Sequence[HistoryEntry]]) -> list[HistoryEntry]:
    """Return the entries that the log lacks; none that a host tells of another."""
    return [
        entry
        for host, history in histories.items()
        for entry in history
        if entry.host == host and not logged.get(host, NOTHING).has(entry)
    ]


def is_cut(logged: Logged, history: Sequence[HistoryEntry]) -> bool:
    """Whether there are older entries that the log may lack."""
    return bool(history) and history[0].n > 1 and not logged.has(history[0])


def _anyone_restarts(host: Host) -> bool:
    """Tell, in the prediction and when all have answered, whether any host of the run has a service to start anew."""
    answers = [last_answer(each) for each in host.inventory if each not in host.state.failed_hosts]
    return any(state.is_to_restart for answer in answers if answer for state in answer.sets.values())


def _logged(host: Host, run: Run) -> Mapping[str, Logged]:
    """What the datasink of this run has said of its log; nothing where it is not in the run."""
    answers = [last_answer(each) for each in host.inventory if each.name == run.fleet.site.primary_datasink]
    datasink = answers[0].datasink if answers and answers[0] else None
    return datasink.logged if datasink else {}
