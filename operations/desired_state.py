"""What a run asks of one host: what it should hold, by whom, and what the operator wants besides."""

from pathlib import Path

from modelctl import product
from modelctl.desired.desired_state import desired
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.operator import operator, purpose
from node.desired_state import Datasink, DesiredState, Options, Version


def desired_in_run(
    fleet: Fleet, host: str, commit: str, options: Options, needed: dict[str, list[Version]]
) -> DesiredState:
    """Return the whole desired state of a host.

    `commit` is the site's; `needed` are the versions of each host of the run.
    """
    wanted = desired(fleet, host)
    return wanted._replace(
        commit=commit,
        product=product.release(),
        operator=operator(),
        purpose=purpose(),
        options=options,
        datasink=_datasink(fleet, wanted, needed) if wanted.source.local else None,
    )


def _datasink(fleet: Fleet, wanted: DesiredState, needed: dict[str, list[Version]]) -> Datasink:
    pull_ca = PullCa(fleet.site.pull_ca)
    return Datasink(
        pull_ca=pull_ca.lines(str(wanted.source.registry), fleet.revoked) if pull_ca.exists() else None,
        needed={each.label: each.manifest for versions in needed.values() for each in versions},
        log=Path(fleet.deployment_log()),
    )
