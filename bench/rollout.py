"""What waiting for the first host of a role costs the control node: hundreds of hosts, and one that answers late.

No lab and no connection: the hosts only ask the rollout whether they go first. Speed is shown, not asserted.
"""

import os
import time
from datetime import date

import pyinfra_cli as pyinfra_cli  # patches the standard library, as in a run
from pyinfra.api import Config, Host, Inventory, State
from pyinfra.api.operations import gevent

from modelctl.inventory.fleet import Fleet
from modelctl.product import CHECKOUT
from operations import rollout
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from tests.unit.modelctl.sites import pinned

HOSTS = 300
SECONDS = 10
GOAL = 1.0  # percent of a core


def main() -> None:
    """Let all hosts but one wait for that one, and print the share of a core that this takes."""
    first, *others = state().inventory
    rollout.rollout_of(first.state).decide(others[0].name, rollout.Move.NEW)  # what is made once for a run
    waiting = [gevent.spawn(ask, host) for host in others]
    gevent.sleep(0)
    start, used = time.monotonic(), time.process_time()
    gevent.sleep(SECONDS)
    ask(first)
    gevent.joinall(waiting, raise_error=True)
    share = 100 * (time.process_time() - used) / (time.monotonic() - start)
    print(
        f"{share:6.2f} % of a core while {len(waiting)} hosts wait {SECONDS} s for the first; the goal is at most "
        f"{GOAL:.0f} ({os.cpu_count()} cores, {date.today().isoformat()})"
    )


def state() -> State:
    """A run of hosts of one role."""
    hosts = {
        f"host{number:03}": SITE.hosts["lab1"].model_copy(
            update={"address": f"10.0.{number // 250}.{number % 250 + 1}", "node_name": f"host{number:03}"}
        )
        for number in range(HOSTS)
    }
    fleet = Fleet(SITE.model_copy(update={"hosts": {**SITE.hosts, **hosts}}), REGISTRY, STANDARDS, pinned())
    return State(Inventory((list(hosts), {"fleet": fleet, "site_folder": CHECKOUT})), Config(PARALLEL=HOSTS))


def ask(host: Host) -> bool:
    """As a host does in the first step, when it is to be switched."""
    run = rollout.rollout_of(host.state)
    run.decide(host.name, rollout.Move.NEW)
    return run.goes_with_canaries(host.name)


if __name__ == "__main__":
    main()
