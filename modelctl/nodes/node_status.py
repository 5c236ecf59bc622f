"""What a node says of the services on it: the answer of `sentinelcam-node status --json`."""

from modelctl import hints
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from node.protocol.status import NodeService, Status

ANSWER_SECONDS = 60
_TRACEBACK = "Traceback (most recent call last)"


def ask(fleet: Fleet, host: str) -> dict[str, NodeService]:
    """The services that a node knows, by name. Raises remote.NoAnswer, in one line, when it does not say."""
    done = remote.run(fleet, host, node_command.words("status", "--json"), ANSWER_SECONDS)
    if _TRACEBACK in done.stderr or not (done.returncode or done.stdout.strip()):
        raise _damaged(fleet, host, remote.last_line(done.stderr))
    if done.returncode:
        raise _failed(fleet, host, done.returncode, remote.last_line(done.stderr))
    return node_command.understood(fleet, host, done.stdout, Status, "its status").services


def referenced_versions(fleet: Fleet, host: str) -> dict[str, list[str]]:
    """The versions of each model that any set on a node names. Raises remote.NoAnswer when it does not say."""
    found: dict[str, set[str]] = {}
    for service in ask(fleet, host).values():
        if service.named is None:
            deploy = hints.pyinfra(f"deploys/models.py --limit {host} -y")
            said = "it does not say which versions its sets name; a deploy brings a program that does, and mends sets"
            raise remote.NoAnswer(f"{remote.place(fleet, host)}: {said}: {deploy}")
        for model, versions in service.named.items():
            found.setdefault(model, set()).update(versions)
    return {model: sorted(versions) for model, versions in sorted(found.items())}


def _damaged(fleet: Fleet, host: str, reason: str) -> remote.NoAnswer:
    """A program that breaks, or says nothing: a power cut can have damaged it."""
    deploy = hints.pyinfra(f"deploys/models.py --limit {host} -y")
    return remote.NoAnswer(
        f"{remote.place(fleet, host)}: its sentinelcam-node fails: {reason}; a deploy installs it anew: {deploy}"
    )


def _failed(fleet: Fleet, host: str, code: int, reason: str) -> remote.NoAnswer:
    place = remote.place(fleet, host)
    if node_command.is_absent(reason):
        deploy = hints.pyinfra(f"deploys/models.py --limit {host} -y")
        return remote.NoAnswer(f"{place}: found no sentinelcam-node; a deploy brings it: {deploy}")
    if reason in node_command.WANTS_PASSWORD:
        return remote.NoAnswer(f"{place}: {node_command.passwordless(fleet.host(host).login)}")
    look = f"ssh {fleet.host(host).login}@{fleet.host(host).address} sudo sentinelcam-node status"
    return remote.NoAnswer(f"{place}: sentinelcam-node ended with {code}: {reason}; try it there: {look}")
