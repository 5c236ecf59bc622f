"""The closing word of a run, said at the end of the process, after all that pyinfra says."""

import atexit
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import click
from pyinfra.api import Host, State
from pyinfra.api.state import StateStage
from pyinfra.context import ctx_state

from modelctl import product, screen
from modelctl.closing import handed
from modelctl.closing.host_end import Closing, HostEnd, Standing
from modelctl.closing.lines import lines
from modelctl.outside import DEPLOYS
from operations import command_line, commentary
from operations.facts import cleaned, last_answer
from operations.notes import notes_of
from operations.rollout import HostResult, Rollout, last_rollout
from operations.run import Run, run_of

_ENDS = {
    HostResult.ROLLED_BACK: Standing.ROLLED_BACK,
    HostResult.FAILED: Standing.FAILED,
    HostResult.UNKNOWN: Standing.UNKNOWN,
    HostResult.REFUSED: Standing.REFUSED,
    HostResult.UNFIT: Standing.REFUSED,
}
_BRINGING = (Standing.CHANGED, Standing.CANARY, Standing.WOULD_CHANGE, Standing.ROLLED_BACK, Standing.FAILED)
IN_MID_SWITCH = "no answer to the switch; the node ends it alone, and the next run tells how"
_STDOUT = 1


class _Ending:
    """Whether the run has come to its end; what breaks it off never says so. Whether it looks at services at all."""

    is_whole = False
    is_of_services = True


@cache  # pyinfra may load its settings more than once
def begin() -> None:
    """Prepare for the end of this process, where it deploys something of ours."""
    words = click.get_current_context().params
    ours = [Path(each).resolve().parent == DEPLOYS for each in words["operations"]]
    _Ending.is_of_services = command_line.needs_pins(words["operations"])
    if all(ours):
        commentary.begin(words)
    if any(ours) and not words["json_output"]:
        commentary.expect_closing_word()
        atexit.register(_end)


def come_to_end() -> None:
    """Note that all of the run was done, or predicted, and that pyinfra will exit now."""
    _Ending.is_whole = True


def foretell() -> None:
    """Say what the run would do, which is predicted by now."""
    _show(_closing(is_whole=True))


def _show(closing: Closing | None) -> None:
    if closing is not None:
        with suppress(OSError):  # the terminal may be gone
            for line in lines(closing, screen.width()):
                click.echo(line.text if screen.is_plain() else click.style(line.text, fg=line.style or None))


def show_at_interrupt() -> None:
    """Say how far the run came, from within a signal's handler: sys.stdout may be in the middle of a line."""
    closing = _closing(is_whole=False)
    if closing is not None:
        text = "".join(f"{line.text}\n" for line in lines(closing, screen.width()))
        with suppress(OSError):
            os.write(_STDOUT, text.encode())


def closing_of(state: State, is_whole: bool) -> Closing:
    """How a run stands. One whose hosts have all failed has nothing more to do."""
    run, is_over = run_of(state), is_whole or bool(state.failed_hosts and not state.active_hosts)
    hosts = [_end_of(host, run, is_over) for host in state.inventory if host.name in run.hosts]
    return Closing(hosts, product.commit_of(run.site), list(_dirty(run, hosts)), state.is_executing, is_over)


def _end() -> None:
    closing = _closing(_Ending.is_whole)
    if closing is not None:
        handed.over(closing)
    _show(closing)


def _closing(is_whole: bool) -> Closing | None:
    """None in a run of other deploys, or for a program, and before the first connection: what ends a run there says so
    in its last line.
    """
    if not commentary.is_closed_with_word() or not ctx_state.isset():
        return None
    state: State = ctx_state.get()
    if not state.initialised or state.current_stage < StateStage.Connect:
        return None
    return closing_of(state, is_whole)


def _end_of(host: Host, run: Run, is_whole: bool) -> HostEnd:
    standing, reason = _standing(host, is_whole)
    return HostEnd(host.name, standing, cleaned(reason), _runs(host, run))


def _standing(host: Host, is_whole: bool) -> tuple[Standing, str]:
    state = host.state
    rollout = last_rollout(state)
    if host in state.failed_hosts or host not in state.activated_hosts:
        return _failure(host, rollout)
    changes = "; ".join(_changes(host))
    if not is_whole:
        if rollout is not None and rollout.host_results.get(host.name) in (HostResult.BEGUN, HostResult.UNKNOWN):
            return Standing.UNKNOWN, IN_MID_SWITCH
        return Standing.NOT_FINISHED, f"done: {changes}" if state.is_executing and changes else "nothing was done"
    if not state.is_executing:
        if not state.check_for_changes:
            return Standing.NOT_PREDICTED, "-y leaves the prediction out"
        return (Standing.WOULD_CHANGE, changes) if changes else (Standing.UNCHANGED, "")
    if rollout is not None and rollout.is_canary(host.name):
        return Standing.CANARY, changes
    return (Standing.CHANGED, changes) if changes else (Standing.UNCHANGED, "")


def _failure(host: Host, rollout: Rollout | None) -> tuple[Standing, str]:
    notes, result = notes_of(host), rollout.host_results.get(host.name) if rollout else None
    said = notes.failure or ""
    if host not in host.state.activated_hosts:
        return Standing.NOT_REACHED, said or "nobody tried"
    if notes.refusal is not None:
        standing, reason = notes.refusal.standing, notes.refusal.reason
        return standing, reason.removeprefix(f"{host.name}: ").removeprefix(f"{standing.value}: ")
    if result in _ENDS:
        return _ENDS[result], IN_MID_SWITCH if result is HostResult.UNKNOWN else said
    return Standing.FAILED, said


def _changes(host: Host) -> Iterator[str]:
    """The operations that have changed the host, or would."""
    state = host.state
    for operation, data in state.ops[host].items():
        meta = data.operation_meta
        is_changed = meta.is_complete() and meta.did_change()
        if is_changed if state.is_executing else meta._maybe_is_change:
            yield from (name.split(" | ")[-1] for name in state.op_meta[operation].names)


def _runs(host: Host, run: Run) -> bool | None:
    """Whether its services were seen to be as wanted: not before a switch, so somebody has to ask after it."""
    is_looked_at = _Ending.is_of_services and run.arguments.stage is None
    if not is_looked_at or not run.desired(host.name).sets:
        return None
    answer = last_answer(host)
    return answer is not None and not any(each.reasons or each.health for each in answer.sets.values())


def _dirty(run: Run, hosts: list[HostEnd]) -> Iterator[str]:
    """The site, and the product where this run brings what a commit does not have."""
    places = [run.site]
    if product.CHECKOUT not in run.site.parents and any(each.standing in _BRINGING for each in hosts):
        places.append(product.CHECKOUT)
    yield from (str(place) for place in places if product.commit_of(place).endswith("-dirty"))
