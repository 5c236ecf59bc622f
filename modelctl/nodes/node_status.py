"""What a node says of the services on it: the answer of `sentinelcam-node status --json`."""

from modelctl import hints
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command, remote
from node.protocol.facts import NodeService, Status

ANSWER_SECONDS = 60
_TRACEBACK = "Traceback (most recent call last)"


def ask(fleet: Fleet, host: str) -> dict[str, NodeService]:
    """The services that a node knows, by name. Raises remote.NoAnswer, in one line, when it does not say."""
    done = remote.run(fleet, host, node_command.words("status", "--json"), ANSWER_SECONDS)
    said = remote.last_line(done.stderr)
    if _TRACEBACK in done.stderr or not (done.returncode or done.stdout.strip()):
        # a power cut can have damaged it
        said = f"its sentinelcam-node fails: {said}; a deploy installs it anew: {hints.deploying(host)}"
        raise remote.no_answer(fleet, host, said)
    if done.returncode:
        raise remote.no_answer(fleet, host, _failure(fleet, host, done.returncode, said))
    return node_command.understood(fleet, host, done.stdout, Status, "its status").services


def referenced_versions(fleet: Fleet, host: str) -> dict[str, list[str]]:
    """The versions of each model that any set on a node names. Raises remote.NoAnswer when it does not say."""
    found: dict[str, set[str]] = {}
    for service in ask(fleet, host).values():
        if service.named is None:
            said = "it does not say which versions its sets name; a deploy brings a program that does, and mends sets"
            raise remote.no_answer(fleet, host, f"{said}: {hints.deploying(host)}")
        for model, versions in service.named.items():
            found.setdefault(model, set()).update(versions)
    return {model: sorted(versions) for model, versions in sorted(found.items())}


def _failure(fleet: Fleet, host: str, code: int, said: str) -> str:
    """Why there is no status where the command ended with this code, and these last words."""
    login, address = fleet.host(host).login, fleet.host(host).address
    if node_command.is_absent(said):
        return f"found no sentinelcam-node; a deploy brings it: {hints.deploying(host)}"
    if said in node_command.WANTS_PASSWORD:
        return node_command.passwordless(login)
    look = f"ssh {login}@{address} sudo sentinelcam-node status"
    return f"sentinelcam-node ended with {code}: {said}; try it there: {look}"
