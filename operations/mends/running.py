"""How pyinfra goes through its hosts."""

from typing import Any

import pyinfra.api.operations
from pyinfra.api import Inventory
from pyinfra.api.exceptions import PyinfraError
from pyinfra_cli.exceptions import CliError

from operations.rollout import run_order

_hub = pyinfra.api.operations.gevent.get_hub()
# gevent shows a traceback of what ends a host's greenlet; pyinfra tells these in a line.
_TOLD = (*_hub.NOT_ERROR, PyinfraError, CliError)


def _hosts_in_order(self: Inventory) -> list[Any]:
    """With --serial the datasink that nodes pull from comes first, as in the inventory; pyinfra's set has no order."""
    return [host for host in run_order(self) if host in self.state.active_hosts]


MENDS = (
    (Inventory, "get_active_hosts", _hosts_in_order),
    (_hub, "NOT_ERROR", _TOLD),
)
