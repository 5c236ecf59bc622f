"""Hosts of a site and their cameras: one type per role, and per kind of camera."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from modelctl.inventory.values import (
    Address,
    CameraName,
    HomePath,
    HostName,
    Login,
    ModelName,
    NodeName,
    OneOf,
    Part,
    Port,
    PositiveInt,
    Version,
    Word,
    only_if,
)

Accelerator = Literal["none", "coral", "ncs2"]
TaskName = Literal[
    "DailyCleanup",
    "FaceDataUpdate",
    "FaceRecon",
    "FaceSweep",
    "GetFaces",
    "GetFaces2",
    "MeasureRingLatency",
    "MobileNetSSD_allFrames",
    "VehicleSpeed",
]
Size = tuple[PositiveInt, PositiveInt]
Percent = Annotated[int, Field(ge=0, le=100)]
Confidence = Annotated[float, Field(gt=0, le=1)]

RING_BUFFERS: Final[Mapping[str, Size]] = {"vga": (640, 480), "sd": (640, 360)}
"""The sizes of pictures that a sentinel's task engines have room for, by the name of their ring buffers."""
OAK_PICTURE: Final[Size] = RING_BUFFERS["sd"]
"""The size of what the pipeline of an OAK camera makes, whatever a config says."""


BLUR = "an odd number: with an even one the blur fails at the first picture, and imagenode publishes none"
OddInt = Annotated[PositiveInt, only_if(lambda pixels: pixels % 2, BLUR)]


class MotionParams(Part):
    """Settings of the motion detector; contour sizes and blur in pixels, history and noMotionThreshold in frames."""

    var_threshold: Annotated[float, Field(gt=0)]
    detect_shadows: bool
    history: PositiveInt
    min_contour_width: PositiveInt
    min_contour_height: PositiveInt
    gaussian_blur: OddInt
    no_motion_threshold: PositiveInt


class DepthAI(Part):
    """The pipeline that an OAK camera runs by itself."""

    pipeline: Word = "MobileNetSSD"
    images: Word = "frames"
    jpegs: Word = "jpegs"
    neural_nets: dict[Word, Word] = Field(default_factory=lambda: {"Q1": "nn"})


class Camera(Part):
    """What cameras of every kind have; sizes in pixels (width, height), framerate in frames per second.

    The sentinel has room for pictures of 640x480 and 640x360 only; the spyglass is the whole picture.
    Only an OAK camera, which detects by itself, needs none in `detectobjects`: any other would record no event.
    `roi` is the region of interest: its upper left and lower right corner in percent of width and height.
    """

    viewname: Word
    resolution: Size
    framerate: PositiveInt
    spyglass: Size | None = None
    detectobjects: Literal["none", "mobilenetssd", "motion"] = "none"
    accelerator: Accelerator = "none"
    tracker: Word = "none"
    confidence: Confidence = 0.5
    interesting_objects: tuple[Word, ...] = ()
    roi: tuple[tuple[Percent, Percent], tuple[Percent, Percent]] | None = None
    motion_params: MotionParams | None = None
    sentinel_tasks: dict[Word, TaskName] = Field(default_factory=dict)
    debug_mode: bool = False


class OakCamera(Camera):
    """A camera with its own neural chip: names O1, O2, ... Its pictures are of 640x360."""

    encoder: Word | None = None
    depthai: DepthAI = DepthAI()


class PiCamera(Camera):
    """A Raspberry Pi camera: names P1, P2, ... `threaded_read` needs the old picamera, which Debian 12 cannot run."""

    vflip: bool = False
    threaded_read: bool = False


class WebCamera(Camera):
    """A USB camera: names W1, W2, ..."""


AnyCamera = Annotated[OakCamera | PiCamera | WebCamera, OneOf()]
CAMERA_LETTERS: dict[str, type[Camera]] = {"O": OakCamera, "P": PiCamera, "W": WebCamera}
"""What the first letter of a camera's name says."""


ServiceState = Literal["running", "stopped", "disabled"]


class Host(Part):
    """What every host has. `service` says how a deploy leaves the host's service."""

    address: Address
    login: Login = "ops"
    model_version_overrides: dict[ModelName, Version] = Field(default_factory=dict)
    debug_mode: bool = False
    service: ServiceState = "running"


class Datasink(Host):
    """Collects images and events and serves them; the primary one also holds the model registry."""


class FaceConfidence(Part):
    """The least confidence of a face detection, per kind of detector."""

    ssd_mobilenet: Confidence = 0.5
    blazeface: Confidence = 0.5
    cpu: Confidence = 0.5
    ncs2: Confidence = 0.5


class Sentinel(Host):
    """Runs inference tasks. `ncs2` is deprecated; the face model matters with `coral` only.

    With `coral` it gets the Coral stack, unless `coral_packages` is False: then its owner sees to what it loads.
    Every day it deletes the old events of the primary datasink, and of the datasinks in `cleans`.
    """

    accelerator: Literal["coral", "cpu", "ncs2"] = "coral"
    face_model: Literal["ssd_mobilenet", "blazeface"] = "ssd_mobilenet"
    blazeface_variant: Literal["short"] = "short"
    face_confidence: FaceConfidence = FaceConfidence()
    cleans: tuple[HostName, ...] = ()
    coral_packages: bool = True

    def has_accelerator(self, accelerator: Literal["coral", "ncs2"]) -> bool:
        """Whether it uses this accelerator."""
        return self.accelerator == accelerator

    @property
    def edgetpu_face_model(self) -> tuple[str, str] | None:
        """The model that finds faces on the Coral stick, and the role of its file; None without a stick."""
        if self.accelerator != "coral":
            return None
        if self.face_model == "blazeface":
            return "face_detection_blazeface", self.blazeface_variant
        return "face_detection_edgetpu", "tflite"


class Outpost(Host):
    """Runs cameras.

    Unless given, its node name is the host's name, its datasink the primary one, its models the site's.
    `heartbeat` is in seconds. With a detector on `coral` it gets the Coral stack, unless `coral_packages` is False.
    """

    node_name: NodeName | None = None
    datasink: HostName | None = None
    models: tuple[ModelName, ...] | None = None
    cameras: Annotated[dict[CameraName, AnyCamera], Field(min_length=1)]
    heartbeat: PositiveInt = 10
    coral_packages: bool = True

    def has_accelerator(self, accelerator: Literal["coral", "ncs2"]) -> bool:
        """Whether one of its detectors uses this accelerator."""
        return any(camera.accelerator == accelerator for camera in self.cameras.values())


class Control(Part):
    """The control node as a trainer reaches it, and the login there that receives models and nothing else."""

    address: Address
    login: Login = "sentinelcam"
    port: Port = 22


class Trainer(Host):
    """Trains models and hands them in, to `control`: without it what is uploaded must be received by hand.

    `environment` is the Python environment of the training, below the home; `notebook` is what trains, below the
    trainer's folder.
    """

    control: Control | None = None
    environment: HomePath = ".virtualenvs/ml-training-py38"
    notebook: HomePath = "notebooks/train_face_model.ipynb"


class Watchtower(Host):
    """Shows cameras; gets no models."""


AnyHost = Annotated[Datasink | Sentinel | Outpost | Trainer | Watchtower, OneOf()]
