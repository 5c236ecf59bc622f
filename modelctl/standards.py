"""What is the same on every site unless it says otherwise: users, paths, ports, retention."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from modelctl.part import Part
from modelctl.values import AbsolutePath, HomePath, Login

Port = Annotated[int, Field(ge=1, le=65535)]


class Users(Part):
    """Who runs the services: on current nodes, on legacy nodes, and who works on the trainer."""

    service: Login = "ops"
    legacy: Login = "pi"
    trainer: Login = "pyimagesearch"


class Paths(Part):
    """Folders, below the service user's home except where absolute. `python` is the interpreter of the services."""

    data: HomePath = "sentinelcam"
    sentinel: HomePath = "sentinel"
    imagenode: HomePath = "imagenode"
    datapump: HomePath = "camwatcher/datapump"
    python: HomePath = ".opencv/bin/python"
    openvino_setup: HomePath = "openvino/bin/setupvars.sh"
    openvino_python: HomePath = ".virtualenvs/openvino/bin/python"
    trainer: HomePath = "deepthink"
    state: AbsolutePath = "/var/lib/sentinelcam"
    units: AbsolutePath = "/etc/systemd/system"


class Ports(Part):
    """TCP ports, per service."""

    imagenode_publisher: Port = 5567
    imagenode_log: Port = 5565
    imagehub: Port = 5555
    camwatcher_control: Port = 5566
    datapump_control: Port = 5556
    sentinel_control: Port = 5566
    sentinel_log: Port = 5565


class Limits(Part):
    """What a deploy waits for, in seconds, tries, and bytes that a pull leaves free on a node's disk.

    `settle` is how long a started service must stay up to count as healthy, `health_deadline` how long it may take to
    get there; `linked_wait` is how long a switch waits for a task that writes a linked file.
    """

    linked_wait: PositiveInt = 120
    health_deadline: PositiveInt = 60
    settle: PositiveFloat = 3
    pull_timeout: PositiveInt = 60
    pull_attempts: PositiveInt = 5
    reserve_bytes: PositiveInt = 200_000_000


class Standards(Part):
    """`sentinelcam_model_retention`: how many versions stay besides those in use."""

    users: Users = Users()
    paths: Paths = Paths()
    ports: Ports = Ports()
    limits: Limits = Limits()
    sentinelcam_model_retention: PositiveInt = 5
