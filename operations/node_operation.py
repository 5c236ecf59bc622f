"""The shape of all operations here: read the facts, plan, then a noop or the commands.

A plan is a plain function of a host and its facts, so it can be tested without pyinfra. To fail one host and let the
others go on, it yields a refusal: an exception would end the run for all.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Concatenate, ParamSpec

from pyinfra.api import Host, StringCommand, operation
from pyinfra.context import ctx_host

from modelctl.closing.host_end import Standing
from modelctl.errors import OperatorError
from node.protocol.facts import Facts
from operations import commentary
from operations.facts import forget, gather
from operations.node_command import Refusal
from operations.notes import notes_of
from operations.rollout import rollout_of
from operations.run import Run

P = ParamSpec("P")
Commands = Iterator[StringCommand]
RUN = """

    + run: the run that the host is in, as `run_of` makes it for all of its hosts"""


def node_operation(plan: Callable[Concatenate[Host, Facts, Run, P], Commands]) -> Callable[..., object]:
    """Make a pyinfra operation of a plan; it takes the arguments that follow the host and its facts."""

    def converge(run: Run, *args: P.args, **named: P.kwargs) -> Generator[StringCommand]:
        host = ctx_host.get()
        if host in host.state.failed_hosts:
            rollout_of(host.state).leave(host.name)
            return  # a prediction goes on to later operations, which will not run here
        commands = _commands(host, run, lambda found: plan(host, found, run, *args, **named))
        if (yield from announced(host, commands)):
            forget(host)

    converge.__name__ = plan.__name__
    converge.__module__ = plan.__module__
    converge.__doc__ = f"{plan.__doc__}{RUN}"
    return operation()(converge)


def shell_operation(plan: Callable[[Host, Run], Commands]) -> Callable[..., object]:
    """Make a pyinfra operation of a plan that asks by facts of its own: the host needs no node program for it."""

    def converge(run: Run) -> Generator[StringCommand]:
        host = ctx_host.get()
        yield from announced(host, plan(host, run))

    converge.__name__, converge.__module__, converge.__doc__ = plan.__name__, plan.__module__, plan.__doc__
    return operation()(converge)


def announced(host: Host, commands: Commands) -> Generator[StringCommand, None, bool]:
    """Hand the commands on, and return whether there were any; pyinfra is told where there are none. A refusal fails
    the host in a dry run too, and says why: nothing runs there that could.
    """
    is_settled = True
    for command in commands:
        is_settled = False
        if isinstance(command, Refusal):
            notes_of(host).refusal = command
            if not host.state.is_executing:
                host.log_styled(command.shown, fg="red")
                host.state.fail_hosts({host})
        else:
            commentary.begins(host)
        yield command
    if is_settled:
        host.noop("as wanted")
    return not is_settled


def _commands(host: Host, run: Run, plan: Callable[[Facts], Commands]) -> Commands:
    try:
        found = gather(host, run)
        if found is None:
            rollout_of(host.state).leave(host.name)
            shown, why = f"{host.name}: gave no answer; see above", notes_of(host).failure
            yield Refusal(f"{host.name}: gave no answer: {why}" if why else shown, Standing.FAILED, shown)
        else:
            yield from plan(found)
    except OperatorError as error:
        rollout_of(host.state).leave(host.name)
        yield Refusal(str(error))
