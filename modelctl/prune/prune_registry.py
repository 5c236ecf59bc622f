"""What the sweep of the primary datasink's registry would remove, and why the other versions stay.

As JSON, for programs: {"datasink": HOST, "now": time, "held": why nothing goes or null, "unneeded": [{"label":
"MODEL/VERSION", "manifest": SHA-256, "bytes", "since", "due"}], "kept": {"MODEL/VERSION": ["why it stays", ...]},
"notes": ["what ends soon"], "sizes": {"MODEL/VERSION": bytes}, "unreadable": {MODEL or MODEL/VERSION: "why it could not
be read"}, "free": bytes, "total": bytes (of its disk)}. Times are UTC, ISO 8601.
"""

from pathlib import Path
from typing import Any

from modelctl.inventory.fleet import Fleet
from modelctl.nodes import node_command
from modelctl.registry.registry_store import unreadable
from node import codec
from node.protocol.retention import RETENTION, SWEEP, AskRetention, Retention, Sweep, Swept

LOOK_SECONDS, SWEEP_SECONDS = 60, 12 * 3600


def look(fleet: Fleet) -> Retention:
    """Ask the datasink. Raises remote.NoAnswer when it does not say, OperatorError when it refuses."""
    datasink = fleet.site.primary_datasink
    asked = AskRetention(Path(fleet.registry_folder()), fleet.service_user(datasink))
    found = node_command.ask(fleet, datasink, RETENTION, asked, LOOK_SECONDS)
    return found._replace(unreadable={label: unreadable(fleet, why) for label, why in found.unreadable.items()})


def sweep(fleet: Fleet) -> Swept:
    """Let the datasink remove what is due now. Raises as `look`."""
    asked = Sweep(Path(fleet.cleanup_log()))
    return node_command.ask(fleet, fleet.site.primary_datasink, SWEEP, asked, SWEEP_SECONDS)


def to_json(fleet: Fleet, found: Retention) -> dict[str, Any]:
    """The object that the module's first lines describe."""
    return {"datasink": fleet.site.primary_datasink, **codec.encode(found)}
