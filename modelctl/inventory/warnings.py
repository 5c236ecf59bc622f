"""What a site may have and its owner is told: deprecated, without use or risky for the real programs. A line each."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from modelctl import hints
from modelctl.faults import dotted
from modelctl.inventory.hosts import Datasink, Outpost, PiCamera, Sentinel
from modelctl.inventory.json_files import PinnedFile
from modelctl.inventory.values import newest_first, version_key
from modelctl.quantities import size
from modelctl.schema import NeverDelete, Pins, Registry, Site, Standards, VehicleInterest
from node.protocol.registry import Measured

SHRUNK = 0.01  # of a file's size in the version before
TASK_PORTS: Mapping[str, int] = {"sentinel_control": 5566, "datapump_control": 5556}
"""What the sentinel's own sentinel_task.py connects to, whatever a config says."""
EXAMPLES = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
"""Addresses that no host has, for they are kept for examples: RFC 5737 and 3849."""


def about_hosts(site: Site) -> Iterator[str]:
    """About addresses, accelerators, face models and cameras."""
    for name, host in site.hosts.items():
        path = f"site.hosts.{name}"
        if any(host.address in examples for examples in EXAMPLES):
            yield f"{path}.address: found {host.address}; it is an example's, which no host has; write the host's own"
        if isinstance(host, Sentinel | Outpost) and host.has_accelerator("ncs2"):
            yield f"{path}: ncs2 is deprecated; it works for nodes that have it; choose coral or cpu"
        if isinstance(host, Sentinel) and host.has_accelerator("coral") and host.face_model == "blazeface":
            yield (
                f"{path}.face_model: found 'blazeface'; GetFaces reads that model's outputs the wrong way round and "
                "fails on the first face, and three such jobs end the engine; choose ssd_mobilenet"
            )
        if isinstance(host, Outpost) and name not in site.legacy_nodes:
            for each, camera in host.cameras.items():
                if isinstance(camera, PiCamera) and camera.threaded_read:
                    yield (
                        f"{path}.cameras.{each}.threaded_read: found True; it needs the old picamera, and without that "
                        "imagenode publishes no picture; choose False on Debian 12"
                    )


def about_cleaning(site: Site, standards: Standards) -> Iterator[str]:
    """About old events that the daily clean-up does not delete, unless the site wants none deleted."""
    if not site.run_deletes:
        return
    yield from _retention(site)
    yield from _uncleaned(site)
    for name, known in TASK_PORTS.items():
        if (found := getattr(standards.ports, name)) != known:
            yield (
                f"standards.ports.{name}: found {found}; the daily clean-up's sentinel_task.py connects to {known} "
                f"only, so old events stay; choose {known}"
            )


def about_sizes(registry: Registry, pins: Pins, model: str, version: str) -> Iterator[str]:
    """About files of a pinned version that are suspiciously small."""
    pin = pins.models.get(model, {}).get(version)
    if pin is None:
        return
    yield from shrunken(pins, model, version, pin.files)
    entry = registry.models.get(model)
    if entry is not None and "facelist" in entry.linked and pin.files[entry.files["facelist"]].size == 0:
        yield f"{model}/{version}: {entry.files['facelist']} is empty: a datapump ends at its start with an empty list"


def shrunken(pins: Pins, model: str, version: str, files: Mapping[str, Measured | PinnedFile]) -> Iterator[str]:
    """About files under 1 % of their size in the version before: the newest older one that is pinned."""
    older = [each for each in pins.models.get(model, {}) if version_key(each) < version_key(version)]
    if not older:
        return
    before = newest_first(older)[0]
    known = pins.models[model][before].files
    for name in sorted(set(files) & set(known)):
        now, was = files[name].size, known[name].size
        if now < SHRUNK * was:
            yield (
                f"{model}/{version}: {dotted((name,))} has {size(now)}, and had {size(was)} in {before}; "
                f"was it cut off? {hints.modelctl(f'show {model}')}"
            )


def _retention(site: Site) -> Iterator[str]:
    for name, profile in site.retention_profiles.items():
        if isinstance(profile, NeverDelete):
            continue
        path, limit = dotted(("site", "retention_profiles", name)), site.max_scan_days
        if profile.retention_days >= limit:
            yield _kept_for_ever(f"{path}.retention_days", profile.retention_days, "no event is ever deleted", limit)
        elif isinstance(profile, VehicleInterest) and profile.extended_days >= limit:
            what = "no event with speed data is ever deleted"
            yield _kept_for_ever(f"{path}.extended_days", profile.extended_days, what, limit)


def _kept_for_ever(path: str, found: int, what: str, limit: int) -> str:
    why = f"since the clean-up looks at the last {limit} days alone"
    return f"{path}: found {found}; {what}, {why}; choose less, or a larger site.max_scan_days"


def _uncleaned(site: Site) -> Iterator[str]:
    sentinels = [host for host in site.hosts.values() if isinstance(host, Sentinel)]
    cleaned = {site.primary_datasink, *(name for host in sentinels for name in host.cleans)} if sentinels else set()
    for name, host in site.hosts.items():
        if isinstance(host, Datasink) and name not in cleaned:
            yield f"site.hosts.{name}: no sentinel cleans it, so its old events stay; name it in a Sentinel's cleans"
