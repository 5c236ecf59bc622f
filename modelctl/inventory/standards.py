"""What is the same on every site unless it says otherwise: users, paths, ports, retention."""

from typing import Literal, get_args

from pydantic import NonNegativeFloat, PositiveFloat

from modelctl.inventory.values import HomePath, Login, Part, Port, PositiveInt


class Users(Part):
    """Who runs the services: on current nodes, on legacy nodes, and who works on the trainer."""

    service: Login = "ops"
    """On current nodes."""
    legacy: Login = "pi"
    """On legacy nodes."""
    trainer: Login = "pyimagesearch"
    """On the trainer."""


class Paths(Part):
    """Paths below the service user's home."""

    data: HomePath = "sentinelcam"
    """Of a datasink: registry, events, logs."""
    sentinel: HomePath = "sentinel"
    """Installation of the sentinel."""
    imagenode: HomePath = "imagenode"
    """Installation of imagenode."""
    datapump: HomePath = "camwatcher/datapump"
    """Installation of the datapump."""
    python: HomePath = ".opencv/bin/python"
    """Interpreter of the services."""
    openvino_setup: HomePath = "openvino/bin/setupvars.sh"
    """Script that sets OpenVINO up, for an NCS2."""
    openvino_python: HomePath = ".virtualenvs/openvino/bin/python"
    """Interpreter of the services with an NCS2."""
    trainer: HomePath = "deepthink"
    """The trainer's folder."""


class Ports(Part):
    """TCP ports, per service."""

    imagenode_publisher: Port = 5567
    """Pictures of an outpost."""
    imagenode_log: Port = 5565
    """Log of an outpost."""
    imagehub: Port = 5555
    """Where outposts send events, on a datasink."""
    camwatcher_control: Port = 5566
    """Camwatcher, on a datasink."""
    datapump_control: Port = 5556
    """Datapump, on a datasink."""
    sentinel_control: Port = 5566
    """Jobs and STATUS of a sentinel."""
    sentinel_log: Port = 5565
    """Log of a sentinel."""


Check = Literal["restarts", "workers", "journal", "port", "answer", "pictures", "libraries", "files"]


class HealthCheck(Part):
    """What a switch of a service waits for, and what it checks before it calls the service healthy.

    A settled run, status and the node's console check the same:

    - `restarts`: systemd has not started it again;
    - `workers`: each task engine, or camera view, has a live child;
    - `journal`: no line since the start says that a part of it has died;
    - `port`: its ports are open, and its own;
    - `answer`: a sentinel answers STATUS, with all its engines where it tells of them;
    - `pictures`: an outpost publishes pictures of each camera view;
    - `libraries`: no process of it has mapped another Coral library than that of its stack; none yet is healthy;
    - `files`: its user can read every file that its configs name, each of its pinned digest.
    """

    writer_timeout: PositiveInt = 120
    """Seconds to wait for a task that writes a linked file."""
    start_timeout: PositiveInt = 120
    """Seconds until the started service is healthy."""
    settle_time: PositiveFloat = 10
    """Seconds that it must then stay so."""
    model_wait: NonNegativeFloat = 0
    """Seconds after the start that a detector may take to load its model, where it does not say that it has."""
    checks: frozenset[Check] = frozenset(get_args(Check))
    """What is checked: all of it, unless given."""


class HealthChecks(Part):
    """The health check of each service, meant for a Raspberry Pi 3 with an SD card; reckoned from what a PC took.

    imagenode opens its ports before it reads a model, and its first picture, after 4 s on a PC, may come after 40 s or
    more; its detectors read their models meanwhile, 23 MB from the card. The sentinel's engines are there when it
    answers, and load models job by job: its settle time is for two of systemd's restarts, 5 s each, and their starts.
    The datapump reads the face list, then opens its port, within 1 s on a PC.
    """

    sentinel: HealthCheck = HealthCheck(settle_time=20)
    """Of a sentinel."""
    imagenode: HealthCheck = HealthCheck(model_wait=60)
    """Of an outpost."""
    datapump: HealthCheck = HealthCheck(start_timeout=60)
    """Of a datasink."""


class Limits(Part):
    """What a pull waits for, and what it leaves free. The datasink must be able to boot within `pull_patience`."""

    pull_timeout: PositiveInt = 60
    """Seconds that a link may be silent before it is taken for dead."""
    pull_patience: PositiveInt = 180
    """Seconds that a pull goes on without a new byte."""
    reserve_bytes: PositiveInt = 200_000_000
    """Bytes that a pull leaves free on a node's disk."""


class Standards(Part):
    """What is the same on every site unless it says otherwise."""

    users: Users = Users()
    """Who runs what."""
    paths: Paths = Paths()
    """Where things lie."""
    ports: Ports = Ports()
    """TCP ports."""
    limits: Limits = Limits()
    """Bounds of a pull."""
    health_checks: HealthChecks = HealthChecks()
    """What a switch waits for."""
    sentinelcam_model_retention: PositiveInt = 5
    """Versions of a model that stay in the registry besides those in use."""
    registry_free_bytes: PositiveInt = 2_000_000_000
    """Bytes: `modelctl status` warns when the registry's disk has less free."""
