"""The service of each kind of host: where it is installed, which files it starts from, what their templates need."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from modelctl.inventory.coral import CORAL
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import RING_BUFFERS, Camera, Datasink, OakCamera, Outpost, PiCamera, Sentinel, TaskName
from modelctl.inventory.json_files import Pin
from node import layout
from node.store.service_set import SetStack, Work

TASKS = tuple(task for task in get_args(TaskName) if task != "GetFaces2")
"""The tasks that have a config file: GetFaces2 reads that of GetFaces."""
ENGINES = 3
"""Task engines of a sentinel, as in templates/sentinel/sentinel.yaml.j2. The first uses the host's accelerator."""
UNPINNED = "unpinned"
"""In place of a digest that nobody knows yet, in what is only shown: no host gets what is not pinned."""


@dataclass(frozen=True)
class Template:
    """A file on a host by its path, made of NAME.j2 in a folder of templates/, with what this file needs of its own."""

    path: str
    name: str
    owner: str = "root"
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """What one service on one host is made from. `files` lie below templates/NAME/, and all of them get `context`.
    `needs` are the files that it starts from and that a deploy does not bring, `others` the hosts that the files
    name, which this one has to find by these names. `stack` is None without a stick.
    """

    name: str
    files: tuple[Template, ...]
    folders: tuple[str, ...]
    work: Work
    context: Mapping[str, Any]
    needs: tuple[str, ...]
    others: tuple[str, ...]
    stack: SetStack | None

    @property
    def unit(self) -> str:
        return f"{self.name}.service"


def service_of(fleet: Fleet, name: str) -> Service | None:
    """The service of a host; None where none of ours runs."""
    match fleet.host(name):
        case Sentinel() as host:
            return _sentinel(fleet, name, host)
        case Outpost() as host:
            return _imagenode(fleet, name, host)
        case Datasink() as host:
            return _datapump(fleet, name, host)
        case _:
            return None


def stack_of(fleet: Fleet, name: str, folder: str, path: tuple[str, ...] = ()) -> SetStack | None:
    """The stack of a host's service, which starts in `folder` with its own PYTHONPATH; None without a stick."""
    found = fleet.stack(name)
    if found is None:
        return None
    version, stack = found
    pin, python = fleet.pin(CORAL, version), Path(fleet.home(name), fleet.standards.paths.python)
    digests = (pin.manifest, stack_digest(stack.node_files, pin)) if pin else (UNPINNED, UNPINNED)
    return SetStack(version, *digests, python, Path(folder), list(path))


def stack_digest(names: Iterable[str], pin: Pin) -> str:
    """The digest of a stack as it is unpacked, over the names and SHA-256 of the packages that it is unpacked from."""
    lines = (f"{pin.files[name].sha256}  {name}\n" for name in sorted(names))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def variables(stack: SetStack | None, path: tuple[str, ...]) -> tuple[str, ...]:
    """NAME=VALUE of each variable of a command line; an empty element would mean the working directory."""
    whole = [*([f"{stack.directory}/python"] if stack else []), *path]
    python = [f"PYTHONPATH={':'.join(whole)}"] if whole else []
    return (*python, *([f"LD_LIBRARY_PATH={stack.directory}/lib"] if stack else []))


def _sentinel(fleet: Fleet, name: str, host: Sentinel) -> Service:
    """A sentinel answers while its engines die: they are counted."""
    user, ports, primary = fleet.service_user(name), fleet.standards.ports, fleet.site.primary_datasink
    install = f"{fleet.home(name)}/{fleet.standards.paths.sentinel}"
    tasks = [Template(f"{install}/tasks/{task}.yaml", f"tasks/{task}.yaml", user) for task in TASKS]
    return _service(
        fleet,
        name,
        install,
        service="sentinel",
        units=_daily_cleanups(primary, host.cleans),
        others=(primary, *host.cleans),
        configs=tasks,
        folders=(install, f"{install}/models", f"{install}/tasks", f"{install}/sockets"),
        work=Work(
            Path(install, "sentinel", "sentinel.py"),
            ports=[ports.sentinel_control, ports.sentinel_log],
            asked=ports.sentinel_control,
            workers=ENGINES,
            on_stick=int(host.has_accelerator("coral")),
        ),
        context={
            "default_pump": f"tcp://{primary}:{ports.datapump_control}",
            "level": _level("INFO", host.debug_mode),
            "target": "myriad" if host.has_accelerator("ncs2") else "cpu",
            "face_detector": _face_detector(host),
            "ring_buffers": RING_BUFFERS,
            "retention_profiles": _retention_profiles(fleet),
        },
    )


def _imagenode(fleet: Fleet, name: str, host: Outpost) -> Service:
    """An outpost has a child for each camera view."""
    ports, node_name, cameras = fleet.standards.ports, fleet.node_name(name), host.cameras.values()
    datasink = fleet.datasink_of(host)
    install = f"{fleet.home(name)}/{fleet.standards.paths.imagenode}"
    return _service(
        fleet,
        name,
        install,
        service="imagenode",
        path=(f"{install}/imagenode",),
        others=(datasink,),
        folders=(install, f"{install}/models"),
        work=Work(
            Path(install, "imagenode", "imagenode.py"),
            ports=[ports.imagenode_publisher, ports.imagenode_log],
            workers=len(cameras),
            on_stick=sum(camera.accelerator == "coral" for camera in cameras),
            published=ports.imagenode_publisher,
            views=[f"{node_name} {camera.viewname}" for camera in cameras],
        ),
        context={
            "node_name": node_name,
            "hub": f"tcp://{datasink}:{ports.imagehub}",
            "cameras": {camera: _camera(host, value) for camera, value in host.cameras.items()},
        },
    )


def _datapump(fleet: Fleet, name: str, host: Datasink) -> Service:
    """A datapump opens its port when it has read the face list."""
    install, data = f"{fleet.home(name)}/{fleet.standards.paths.datapump}", fleet.data_root()
    registry = [fleet.registry_folder()] if name == fleet.site.primary_datasink else []
    folders = (f"{data}/{folder}" for folder in ("logs", "images", "camwatcher", "face_recognition"))
    return _service(
        fleet,
        name,
        install,
        service="datapump",
        folders=(data, *folders, *registry),
        work=Work(Path(install, "datapump.py"), ports=[fleet.standards.ports.datapump_control]),
        context={"data": data, "level": _level("WARN", host.debug_mode)},
    )


def _service(
    fleet: Fleet,
    name: str,
    install: str,
    *,
    service: str,
    work: Work,
    folders: tuple[str, ...],
    context: Mapping[str, Any],
    path: tuple[str, ...] = (),
    units: Iterable[Template] = (),
    configs: Iterable[Template] = (),
    others: tuple[str, ...] = (),
) -> Service:
    """A service in the folder `install`, with `path` as its own PYTHONPATH, a unit, and a config in its user's home."""
    script, pythons = str(work.script), _pythons(fleet, name)
    stack = stack_of(fleet, name, str(PurePosixPath(script).parent), path)
    common = {
        "host": fleet.host(name),
        "host_name": name,
        "site": fleet.site,
        "ports": fleet.standards.ports,
        "state": str(layout.STATE),
        "user": fleet.service_user(name),
        "install": install,
        "python": _command_line(*pythons),
        "variables": variables(stack, path),
    }
    main = _unit(f"{service}.service", f"{service}.service")
    config = Template(f"{fleet.home(name)}/{service}.yaml", f"{service}.yaml", fleet.service_user(name))
    return Service(
        name=service,
        files=(main, *units, config, *configs),
        folders=folders,
        work=work,
        context={**common, **context},
        needs=(script, *pythons),
        others=others,
        stack=stack,
    )


def _unit(name: str, template: str, **context: str) -> Template:
    return Template(f"{layout.UNITS}/{name}", template, context=context)


def _daily_cleanups(primary: str, others: Iterable[str]) -> Iterator[Template]:
    """A service and its timer for each datasink: where one is unreachable, the others are cleaned all the same."""
    names = {primary: "sentinel_cleanup", **{sink: f"sentinel_cleanup-{sink}" for sink in others}}
    for sink, name in names.items():
        for kind in ("service", "timer"):
            yield _unit(f"{name}.{kind}", f"sentinel_cleanup.{kind}", sink=sink)


def _level(normal: str, debug_mode: bool) -> str:
    return "DEBUG" if debug_mode else normal


def _command_line(python: str, setup: str | None = None) -> Callable[[str], str]:
    if setup is None:
        return lambda script: f"{python} -u {script}"
    return lambda script: f"/bin/bash -c 'source {setup} && exec {python} -u {script}'"


def environment(fleet: Fleet, name: str) -> Path:
    """The environment of the Python that runs the service of a host."""
    return Path(_pythons(fleet, name)[0]).parents[1]


def _pythons(fleet: Fleet, name: str) -> tuple[str, ...]:
    """The Python that runs the service of a host, and what it is set up with, if anything."""
    home, paths, host = fleet.home(name), fleet.standards.paths, fleet.host(name)
    if isinstance(host, Sentinel | Outpost) and host.has_accelerator("ncs2"):
        return f"{home}/{paths.openvino_python}", f"{home}/{paths.openvino_setup}"
    return (f"{home}/{paths.python}",)


def _face_detector(host: Sentinel) -> dict[str, Any]:
    """The kind of face detector, its confidence, and the EdgeTPU's model and role where there is one."""
    kind = host.face_model if host.accelerator == "coral" else host.accelerator
    return {"confidence": getattr(host.face_confidence, kind), "edgetpu": host.edgetpu_face_model}


def _retention_profiles(fleet: Fleet) -> dict[str, dict[str, Any]]:
    profiles = {}
    for name, profile in fleet.site.retention_profiles.items():
        values = profile.model_dump(exclude={"outposts"}) | {"strategy": profile.strategy}
        if profile.outposts is not None:
            values["nodes"] = [fleet.node_name(outpost) for outpost in profile.outposts]
        profiles[name] = values
    return profiles


def _camera(host: Outpost, camera: Camera) -> dict[str, Any]:
    return vars(camera) | {
        "is_pi": isinstance(camera, PiCamera),
        "is_oak": isinstance(camera, OakCamera),
        "spyglass": camera.spyglass or camera.resolution,
        "target": "myriad" if camera.accelerator == "ncs2" else "cpu",
        "level": _level("INFO", camera.debug_mode or host.debug_mode),
    }
