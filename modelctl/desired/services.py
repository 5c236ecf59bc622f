"""The service of each kind of host: where it is installed, which files it starts from, what their templates need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from modelctl import layout
from modelctl.desired import work
from modelctl.desired.model_files import ModelFiles
from modelctl.desired.runtime import Runtime, runtime_of
from modelctl.inventory.cameras import RING_BUFFERS, Camera, OakCamera, PiCamera
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink, Outpost, Sentinel
from node.store.service_set import Work

TASKS = (
    "DailyCleanup",
    "FaceDataUpdate",
    "FaceRecon",
    "FaceSweep",
    "GetFaces",
    "MeasureRingLatency",
    "MobileNetSSD_allFrames",
    "VehicleSpeed",
)
"""The tasks that have a config file."""


@dataclass(frozen=True)
class Unit:
    """A unit by its name, made from a template below templates/SERVICE/, with what this one needs of its own."""

    name: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """What one service on one host is made from. `configs` maps a template below templates/NAME/ to its path.

    `needs` are the files that it starts from and that a deploy does not bring: its main script, its Python.
    `runtime` is what it starts in.
    """

    name: str
    units: tuple[Unit, ...]
    configs: Mapping[str, str]
    folders: tuple[str, ...]
    work: Work
    models: ModelFiles
    context: Mapping[str, Any]
    needs: tuple[str, ...]
    runtime: Runtime

    @property
    def unit(self) -> str:
        """The unit that runs the service."""
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


def models_folder(fleet: Fleet, name: str) -> str:
    """The folder of the model versions on a sentinel or an outpost."""
    paths = fleet.standards.paths
    install = paths.sentinel if isinstance(fleet.host(name), Sentinel) else paths.imagenode
    return f"{fleet.home(name)}/{install}/models"


def face_list_folder(fleet: Fleet) -> str:
    """The folder of the face list on a datasink."""
    return f"{fleet.data_root()}/face_recognition"


def face_list_name(version: str, name: str) -> str:
    """What a file of the face list's version is called in that folder."""
    return f"{PurePosixPath(name).stem}_{version}{PurePosixPath(name).suffix}"


def _sentinel(fleet: Fleet, name: str, host: Sentinel) -> Service:
    home, site = fleet.home(name), fleet.site
    install = f"{home}/{fleet.standards.paths.sentinel}"
    runtime = runtime_of(fleet, name, folder=f"{install}/sentinel")
    context = {
        "host": host,
        "install": install,
        "default_pump": f"tcp://{site.primary_datasink}:{fleet.standards.ports.datapump_control}",
        "level": _level("INFO", host.debug_mode),
        "target": "myriad" if host.accelerator == "ncs2" else "cpu",
        "face_detector": _face_detector(host),
        "ring_buffers": RING_BUFFERS,
        "retention_profiles": _retention_profiles(fleet),
        "python": _python(fleet, name, openvino=host.accelerator == "ncs2"),
        "variables": runtime.variables,
    }
    script = f"{install}/sentinel/sentinel.py"
    tasks = {f"tasks/{task}.yaml": f"{install}/tasks/{task}.yaml" for task in TASKS}
    return Service(
        name="sentinel",
        units=(_main_unit("sentinel"), *_daily_cleanups(site.primary_datasink, host.cleans)),
        configs={"sentinel.yaml": f"{home}/sentinel.yaml", **tasks},
        folders=(install, f"{install}/models", f"{install}/tasks", f"{install}/sockets"),
        work=work.of_sentinel(fleet, host, script),
        models=ModelFiles(fleet, name, _in_versions(models_folder(fleet, name))),
        context=_common(fleet, name) | context,
        needs=(script, *_pythons(fleet, name, openvino=host.accelerator == "ncs2")),
        runtime=runtime,
    )


def _imagenode(fleet: Fleet, name: str, host: Outpost) -> Service:
    home = fleet.home(name)
    install = f"{home}/{fleet.standards.paths.imagenode}"
    script = f"{install}/imagenode/imagenode.py"
    runtime = runtime_of(fleet, name, folder=f"{install}/imagenode", path=(f"{install}/imagenode",))
    context = {
        "host": host,
        "install": install,
        "node_name": fleet.node_name(name),
        "hub": f"tcp://{fleet.datasink_of(host)}:{fleet.standards.ports.imagehub}",
        "cameras": {camera: _camera(host, value) for camera, value in host.cameras.items()},
        "python": _python(fleet, name, openvino=host.has_accelerator("ncs2")),
        "variables": runtime.variables,
    }
    return Service(
        name="imagenode",
        units=(_main_unit("imagenode"),),
        configs={"imagenode.yaml": f"{home}/imagenode.yaml"},
        folders=(install, f"{install}/models"),
        work=work.of_imagenode(fleet, name, host, script),
        models=ModelFiles(fleet, name, _in_versions(models_folder(fleet, name))),
        context=_common(fleet, name) | context,
        needs=(script, *_pythons(fleet, name, openvino=host.has_accelerator("ncs2"))),
        runtime=runtime,
    )


def _datapump(fleet: Fleet, name: str, host: Datasink) -> Service:
    home, data = fleet.home(name), fleet.data_root()
    script = f"{home}/{fleet.standards.paths.datapump}/datapump.py"
    registry = [fleet.registry_folder()] if name == fleet.site.primary_datasink else []
    context = {
        "install": f"{home}/{fleet.standards.paths.datapump}",
        "data": data,
        "level": _level("WARN", host.debug_mode),
        "python": _python(fleet, name, openvino=False),
    }
    return Service(
        name="datapump",
        units=(_main_unit("datapump"),),
        configs={"datapump.yaml": f"{home}/datapump.yaml"},
        folders=(
            data,
            *(f"{data}/{folder}" for folder in ("logs", "images", "camwatcher", "face_recognition")),
            *registry,
        ),
        work=work.of_datapump(fleet, script),
        models=ModelFiles(fleet, name, _in_face_lists(face_list_folder(fleet))),
        context=_common(fleet, name) | context,
        needs=(script, *_pythons(fleet, name, openvino=False)),
        runtime=runtime_of(fleet, name, folder=f"{home}/{fleet.standards.paths.datapump}"),
    )


def _main_unit(service: str) -> Unit:
    return Unit(f"{service}.service", f"{service}.service")


def _daily_cleanups(primary: str, others: Iterable[str]) -> Iterator[Unit]:
    """A service and its timer for each datasink: where one is unreachable, the others are cleaned all the same."""
    names = {primary: "sentinel_cleanup", **{sink: f"sentinel_cleanup-{sink}" for sink in others}}
    for sink, name in names.items():
        for kind in ("service", "timer"):
            yield Unit(f"{name}.{kind}", f"sentinel_cleanup.{kind}", {"sink": sink})


def _common(fleet: Fleet, name: str) -> dict[str, Any]:
    return {
        "host_name": name,
        "site": fleet.site,
        "ports": fleet.standards.ports,
        "state": layout.STATE,
        "user": fleet.service_user(name),
    }


def _level(normal: str, debug_mode: bool) -> str:
    return "DEBUG" if debug_mode else normal


def _python(fleet: Fleet, name: str, *, openvino: bool) -> Callable[[str], str]:
    """The command line that runs a script with its arguments in a unit."""
    python, *setups = _pythons(fleet, name, openvino=openvino)
    if not setups:
        return lambda script: f"{python} -u {script}"
    return lambda script: f"/bin/bash -c 'source {setups[0]} && exec {python} -u {script}'"


def _pythons(fleet: Fleet, name: str, *, openvino: bool) -> tuple[str, ...]:
    """The Python that runs a service, and what it is set up with, if anything."""
    home, paths = fleet.home(name), fleet.standards.paths
    if not openvino:
        return (f"{home}/{paths.python}",)
    return f"{home}/{paths.openvino_python}", f"{home}/{paths.openvino_setup}"


def _in_versions(folder: str) -> Callable[[str, str, str], str]:
    return lambda model, version, name: f"{folder}/{model}/{version}/{name}"


def _in_face_lists(folder: str) -> Callable[[str, str, str], str]:
    return lambda _model, version, name: f"{folder}/{face_list_name(version, name)}"


def _face_detector(host: Sentinel) -> dict[str, Any]:
    """The kind of face detector, its confidence, and the EdgeTPU's model and role where there is one."""
    kind = host.face_model if host.accelerator == "coral" else host.accelerator
    edgetpu = {
        "ssd_mobilenet": ("face_detection_edgetpu", "tflite"),
        "blazeface": ("face_detection_blazeface", host.blazeface_variant),
    }.get(kind)
    return {"confidence": getattr(host.face_confidence, kind), "edgetpu": edgetpu}


def _retention_profiles(fleet: Fleet) -> dict[str, dict[str, Any]]:
    profiles = {}
    for name, profile in fleet.site.retention_profiles.items():
        values = profile.model_dump(exclude={"outposts"}) | {"strategy": profile.strategy}
        if profile.outposts is not None:
            values["nodes"] = [fleet.node_name(outpost) for outpost in profile.outposts]
        profiles[name] = values
    return profiles


def _camera(host: Outpost, camera: Camera) -> dict[str, Any]:
    values = {name: getattr(camera, name) for name in type(camera).model_fields}
    return values | {
        "is_pi": isinstance(camera, PiCamera),
        "is_oak": isinstance(camera, OakCamera),
        "spyglass": camera.spyglass or camera.resolution,
        "target": "myriad" if camera.accelerator == "ncs2" else "cpu",
        "level": _level("INFO", camera.debug_mode or host.debug_mode),
    }
