"""What shows that a service does its work: what a switch waits for, and what status and a settled run look at."""

from pathlib import Path

from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Outpost, Sentinel
from node.store.service_set import Work

ENGINES = 3
"""Task engines of a sentinel, as in templates/sentinel/sentinel.yaml.j2. The first uses the host's accelerator."""


def of_sentinel(fleet: Fleet, host: Sentinel, script: str) -> Work:
    """A sentinel answers while its engines die: they are counted."""
    ports = fleet.standards.ports
    return Work(
        script=Path(script),
        ports=[ports.sentinel_control, ports.sentinel_log],
        asked=ports.sentinel_control,
        workers=ENGINES,
        on_stick=int(host.accelerator == "coral"),
    )


def of_imagenode(fleet: Fleet, name: str, host: Outpost, script: str) -> Work:
    """An outpost has a child for each camera view."""
    ports, cameras = fleet.standards.ports, host.cameras.values()
    return Work(
        script=Path(script),
        ports=[ports.imagenode_publisher, ports.imagenode_log],
        workers=len(cameras),
        on_stick=sum(camera.accelerator == "coral" for camera in cameras),
        published=ports.imagenode_publisher,
        views=[f"{fleet.node_name(name)} {camera.viewname}" for camera in cameras],
    )


def of_datapump(fleet: Fleet, script: str) -> Work:
    """A datapump opens its port when it has read the face list."""
    return Work(Path(script), ports=[fleet.standards.ports.datapump_control])
