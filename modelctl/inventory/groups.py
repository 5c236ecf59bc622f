"""A fleet as the groups of hosts that pyinfra knows: plain lists and dicts."""

from pathlib import Path
from typing import Any

from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink, Host, Outpost, Sentinel, Trainer, Watchtower

HostData = tuple[str, dict[str, Any]]

_GROUPS: dict[str, type[Host]] = {
    "datasinks": Datasink,
    "sentinels": Sentinel,
    "outposts": Outpost,
    "ml_trainers": Trainer,
    "watchtowers": Watchtower,
}


def groups(fleet: Fleet, folder: Path) -> dict[str, Any]:
    """Group name to hosts; `all` starts with the datasinks, since nodes pull from one, and carries the fleet itself.

    It carries the folder of the site too, whose git commit says which of two checkouts is the newer one.
    """
    hosts = fleet.site.hosts
    named = {group: [name for name, host in hosts.items() if isinstance(host, kind)] for group, kind in _GROUPS.items()}
    ordered = [_host_data(fleet, name) for names in named.values() for name in names]
    return {
        "all": (ordered, {"fleet": fleet, "site_folder": folder}),
        **named,
        "primary_datasink": [fleet.site.primary_datasink],
        "legacy_nodes": list(fleet.site.legacy_nodes),
    }


def _host_data(fleet: Fleet, name: str) -> HostData:
    site, host = fleet.site, fleet.host(name)
    data = {
        "ssh_hostname": str(host.address),
        "ssh_user": host.login,
        "ssh_known_hosts_file": str(site.known_hosts),
        "ssh_strict_host_key_checking": "yes",
    }
    if site.ssh_key is not None:
        data["ssh_key"] = str(site.ssh_key)
    return name, data
