"""Pull access: each node has its own key, which opens the registry read-only and nothing else."""

from collections.abc import Iterator

from pyinfra import logger
from pyinfra.api import FactBase, Host, QuoteString, StringCommand

from modelctl import hints
from modelctl.changes import ancestry
from modelctl.desired.trainer import uploads
from modelctl.faults import one_line
from modelctl.nodes import pull_access
from modelctl.nodes.pull_ca import PullCa, pull_key
from node import layout
from node.codec import Text
from node.protocol.facts import Facts
from node.protocol.steps import Authorize, InstallAccess
from operations.facts import QUESTION_SECONDS
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.run import Run

PUBLIC_KEY = f"{layout.access()}/pull_key.pub"
SHOWN = 80  # characters of what is no key


class PullKey(FactBase[str | None]):
    """The public half of a node's pull key, or whatever the node says it is."""

    def command(self) -> StringCommand:
        return StringCommand("cat", QuoteString(PUBLIC_KEY))


@node_operation
def certify_pull_key(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Give the node a pull key, a certificate for it, and the datasink's host key as the operator knows it."""
    source, site = run.desired(host.name).source, run.fleet.site
    if source.local:
        return
    known_hosts = pull_access.known_hosts(run.fleet)
    if known_hosts is None:
        yield Refusal(
            f"{host.name}: no host key of {source.host} ({source.address}) in {site.known_hosts}; "
            f"expected one to give to the node; run {hints.modelctl(f'trust {source.host}')}"
        )
        return
    held, pull_ca = found.pull_access, PullCa(site.pull_ca)
    if pull_access.is_certified(run.fleet, host.name, held) and held.known_hosts == known_hosts:
        return
    yield command("make-key", host.name)
    ensure(pull_ca)
    said = host.get_fact(PullKey, _sudo=True, _timeout=QUESTION_SECONDS)
    public_key = pull_key(said)
    if public_key is None:
        shown = one_line(said or "", SHOWN) or "nothing"
        yield Refusal(
            f"{host.name}: {PUBLIC_KEY}: found {shown}; expected one ssh-ed25519 key; "
            "remove the file there, and run again"
        )
        return
    certificate = pull_ca.certify(public_key, host.name, run.fleet.revoked.generation(host.name))
    yield command("install-access", message=InstallAccess(Text(certificate), Text(known_hosts)))


@node_operation
def authorize_pulls(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Let nodes with such a certificate read the registry of this datasink, and those whose key was revoked no more;
    let the site's trainers upload to it.
    """
    if found.datasink is None or found.datasink.authorized:
        return
    if found.datasink.revoked:
        yield Refusal(
            f"{host.name}: revoked there and not in this checkout: {one_line(', '.join(found.datasink.revoked))}; "
            f"{ancestry.remedy(run.site)}, and run again"
        )
        return
    yield command("check-rrsync")
    source, pull_ca = run.desired(host.name).source, PullCa(run.fleet.site.pull_ca)
    ensure(pull_ca)
    lines = pull_ca.lines(str(source.registry), run.fleet.revoked, uploads(run.fleet))
    yield command("authorize", message=Authorize(source.login, lines))


def ensure(pull_ca: PullCa) -> None:
    """Make the pull CA, unless it is there, and say so."""
    if pull_ca.create():
        logger.warning(
            f"{pull_ca.key}: this control node had no pull CA, so one was made, and every node gets a "
            "certificate of it; if another control node has one, copy that here and run again"
        )
