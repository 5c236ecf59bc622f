"""What is the same on every site unless it says otherwise: users, paths, ports, retention."""

from typing import Literal, get_args

from pydantic import NonNegativeFloat, PositiveFloat

from modelctl.inventory.values import HomePath, Login, Part, Port, PositiveInt


class Users(Part):
    """Who runs the services: on current nodes, on legacy nodes, and who works on the trainer."""

    service: Login = "ops"
    legacy: Login = "pi"
    trainer: Login = "pyimagesearch"


class Paths(Part):
    """Paths below the service user's home. `python` is the interpreter of the services."""

    data: HomePath = "sentinelcam"
    sentinel: HomePath = "sentinel"
    imagenode: HomePath = "imagenode"
    datapump: HomePath = "camwatcher/datapump"
    python: HomePath = ".opencv/bin/python"
    openvino_setup: HomePath = "openvino/bin/setupvars.sh"
    openvino_python: HomePath = ".virtualenvs/openvino/bin/python"
    trainer: HomePath = "deepthink"


class Ports(Part):
    """TCP ports, per service."""

    imagenode_publisher: Port = 5567
    imagenode_log: Port = 5565
    imagehub: Port = 5555
    camwatcher_control: Port = 5566
    datapump_control: Port = 5556
    sentinel_control: Port = 5566
    sentinel_log: Port = 5565


Check = Literal["restarts", "workers", "journal", "port", "answer", "pictures", "libraries", "files"]


class HealthCheck(Part):
    """What a switch of a service waits for, in seconds, and what it checks before it calls the service healthy.

    `writer_timeout` is how long it waits for a task that writes a linked file, `start_timeout` how long the started
    service may take to be healthy, `settle_time` how long it must then stay so, `model_wait` how long after the start a
    detector may take to load its model where it does not say that it has. A settled run, status and the node's console
    check the same.

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
    start_timeout: PositiveInt = 120
    settle_time: PositiveFloat = 10
    model_wait: NonNegativeFloat = 0
    checks: frozenset[Check] = frozenset(get_args(Check))


class HealthChecks(Part):
    """The health check of each service, meant for a Raspberry Pi 3 with an SD card; reckoned from what a PC took.

    imagenode opens its ports before it reads a model, and its first picture, after 4 s on a PC, may come after 40 s or
    more; its detectors read their models meanwhile, 23 MB from the card. The sentinel's engines are there when it
    answers, and load models job by job: its settle time is for two of systemd's restarts, 5 s each, and their starts.
    The datapump reads the face list, then opens its port, within 1 s on a PC.
    """

    sentinel: HealthCheck = HealthCheck(settle_time=20)
    imagenode: HealthCheck = HealthCheck(model_wait=60)
    datapump: HealthCheck = HealthCheck(start_timeout=60)


class Limits(Part):
    """What a pull waits for, in seconds, and the bytes that it leaves free on a node's disk.

    `pull_timeout` is how long a link may be silent before it is taken for dead, `pull_patience` how long a pull goes on
    without a new byte; the datasink must be able to boot meanwhile.
    """

    pull_timeout: PositiveInt = 60
    pull_patience: PositiveInt = 180
    reserve_bytes: PositiveInt = 200_000_000


class Standards(Part):
    """`sentinelcam_model_retention`: how many versions of a model stay in the registry besides those in use.

    `registry_free_bytes`: when its disk has less free space, `modelctl status` says so.
    """

    users: Users = Users()
    paths: Paths = Paths()
    ports: Ports = Ports()
    limits: Limits = Limits()
    health_checks: HealthChecks = HealthChecks()
    sentinelcam_model_retention: PositiveInt = 5
    registry_free_bytes: PositiveInt = 2_000_000_000
