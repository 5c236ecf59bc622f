"""What shows that a service does its work: what a switch waits for, and what status and a settled run look at."""

from dataclasses import dataclass

from modelctl.fleet import Fleet
from modelctl.inventory.hosts import Outpost, Sentinel

ENGINES = 3
"""Task engines of a sentinel, as in templates/sentinel/sentinel.yaml.j2. The first uses the host's accelerator."""


@dataclass(frozen=True)
class Work:
    """A service at work (node/work.py looks at it).

    Its main script is `script`. It listens at `ports` itself, answers STATUS at the port `asked`, has `workers` live
    children, of which `on_stick` use a Coral stick, and publishes pictures of its `views`, each as "NODE VIEW", at the
    port `published`.
    """

    script: str
    ports: tuple[int, ...]
    asked: int | None = None
    workers: int = 0
    on_stick: int = 0
    published: int | None = None
    views: tuple[str, ...] = ()


def of_sentinel(fleet: Fleet, host: Sentinel, script: str) -> Work:
    """A sentinel answers while its engines die: they are counted."""
    ports = fleet.standards.ports
    return Work(
        script=script,
        ports=(ports.sentinel_control, ports.sentinel_log),
        asked=ports.sentinel_control,
        workers=ENGINES,
        on_stick=int(host.accelerator == "coral"),
    )


def of_imagenode(fleet: Fleet, name: str, host: Outpost, script: str) -> Work:
    """An outpost has a child for each camera view."""
    ports, cameras = fleet.standards.ports, host.cameras.values()
    return Work(
        script=script,
        ports=(ports.imagenode_publisher, ports.imagenode_log),
        workers=len(cameras),
        on_stick=sum(camera.accelerator == "coral" for camera in cameras),
        published=ports.imagenode_publisher,
        views=tuple(f"{fleet.node_name(name)} {camera.viewname}" for camera in cameras),
    )


def of_datapump(fleet: Fleet, script: str) -> Work:
    """A datapump opens its port when it has read the face list."""
    return Work(script, ports=(fleet.standards.ports.datapump_control,))
