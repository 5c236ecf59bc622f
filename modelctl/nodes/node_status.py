"""What a node says of the services on it: the answer of `sentinelcam-node status --json`."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from modelctl import hints
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.nodes import node_command, remote
from modelctl.values import Sha256

ANSWER_SECONDS = 60
_TRACEBACK = "Traceback (most recent call last)"
_FOUND_THERE = "adopted"  # in place of the commit that a set was sent from

Said = Annotated[str, AfterValidator(one_line)]
"""A node's own words, which an operator's terminal must not obey."""


class _Answer(BaseModel):
    """A node may have a newer program, which says more than is asked here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, populate_by_name=True)


class Mark(_Answer):
    """A switch that began and has not ended; `running` says whether somebody still works on it."""

    time: Said
    operator: Said
    purpose: Said
    from_: Sha256 | None = Field(alias="from")
    to: Sha256
    running: bool


class Entry(_Answer):
    """A line of the node's history: a choice, a return, a failure or a refusal."""

    time: Said
    operator: Said
    purpose: Said
    outcome: Said
    from_: Sha256 | None = Field(alias="from")
    to: Sha256 | None
    commit: Said
    dirty: bool
    reason: Said | None


class Coral(_Answer):
    """A service's Coral stack: its version, how the stick is, which library its processes have mapped.

    `problem` is why the service's user cannot use the stick.
    """

    version: Said
    stick: Said
    library: Said
    problem: Said | None = None


class NodeService(_Answer):
    """A service: its chosen set, whether it runs, and the live set, that its process started from (None: nobody knows).

    `models` are the versions that the chosen set names, `health` is what is wrong, `drift` which files differ, `commit`
    that which the chosen set was sent from. `named` are the versions of each model that any set names which the service
    may yet start from; None when the node cannot tell, or its program is older. `leftovers` are folders that a killed
    clean-up of its models left, `code` is the release of its own code, `queue` what its jobs are. `coral` is None where
    the set has no Coral stack, or the node's program is older.
    """

    chosen: Sha256 | None
    active: bool
    live: Sha256 | None
    models: dict[Said, Said]
    health: Said | None
    drift: tuple[Said, ...]
    pending: Mark | None
    last: Entry | None
    commit: Said | None = None
    named: dict[Said, list[Said]] | None = None
    leftovers: tuple[Said, ...] = ()
    code: Said | None = None
    queue: Said | None = None
    coral: Coral | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether the node knows what the chosen set names: not of one that was found there, or is damaged."""
        return self.commit not in (None, _FOUND_THERE)


class _NodeStatus(_Answer):
    services: dict[Said, NodeService]


def ask(fleet: Fleet, host: str) -> dict[str, NodeService]:
    """The services that a node knows, by name. Raises remote.NoAnswer, in one line, when it does not say."""
    done = remote.run(fleet, host, node_command.words("status", "--json"), ANSWER_SECONDS)
    if _TRACEBACK in done.stderr or not (done.returncode or done.stdout.strip()):
        raise _damaged(fleet, host, remote.last_line(done.stderr))
    if done.returncode:
        raise _failed(fleet, host, done.returncode, remote.last_line(done.stderr))
    try:
        return _NodeStatus.model_validate_json(done.stdout).services
    except ValidationError:
        raise remote.misunderstood(fleet, host, done.stdout, "its status") from None


def named_versions(fleet: Fleet, host: str) -> dict[str, list[str]]:
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
    if reason.endswith(f"{node_command.PROGRAM}: command not found"):
        deploy = hints.pyinfra(f"deploys/models.py --limit {host} -y")
        return remote.NoAnswer(f"{place}: found no sentinelcam-node; a deploy brings it: {deploy}")
    if reason in node_command.WANTS_PASSWORD:
        return remote.NoAnswer(f"{place}: {node_command.passwordless(fleet.host(host).login)}")
    look = f"ssh {fleet.host(host).login}@{fleet.host(host).address} sudo sentinelcam-node status"
    return remote.NoAnswer(f"{place}: sentinelcam-node ended with {code}: {reason}; try it there: {look}")
