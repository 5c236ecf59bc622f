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
    """Settings of the motion detector."""

    var_threshold: Annotated[float, Field(gt=0)]
    """How far a pixel may be from the background: a squared distance."""
    detect_shadows: bool
    """Whether shadows are told apart; slower."""
    history: PositiveInt
    """Frames that the background is learnt from."""
    min_contour_width: PositiveInt
    """Pixels."""
    min_contour_height: PositiveInt
    """Pixels."""
    gaussian_blur: OddInt
    """Pixels, an odd number."""
    no_motion_threshold: PositiveInt
    """Frames without motion that end an event."""


class DepthAI(Part):
    """The pipeline that an OAK camera runs by itself."""

    pipeline: Word = "MobileNetSSD"
    """Name of the pipeline."""
    images: Word = "frames"
    """Stream of the pictures."""
    jpegs: Word = "jpegs"
    """Stream of the encoded pictures."""
    neural_nets: dict[Word, Word] = Field(default_factory=lambda: {"Q1": "nn"})
    """Streams of the detections, by queue."""


class Camera(Part):
    """What cameras of every kind have.

    The sentinel has room for pictures of 640x480 and 640x360 only; the spyglass is the whole picture.
    Only an OAK camera, which detects by itself, needs none in `detectobjects`: any other would record no event.
    """

    viewname: Word
    """Name of the view, as events have it."""
    resolution: Size
    """Pixels: width, height. 640x480 or 640x360."""
    framerate: PositiveInt
    """Frames per second."""
    spyglass: Size | None = None
    """Pixels: width, height. The resolution unless given; nothing else is of use."""
    detectobjects: Literal["none", "mobilenetssd", "motion"] = "none"
    """Which detector begins an event."""
    accelerator: Accelerator = "none"
    """What the detector runs on."""
    tracker: Word = "none"
    """The tracker of objects, as imagenode names it."""
    confidence: Confidence = 0.5
    """The least confidence of a detection."""
    interesting_objects: tuple[Word, ...] = ()
    """Labels that events are recorded for."""
    roi: tuple[tuple[Percent, Percent], tuple[Percent, Percent]] | None = None
    """Region of interest in percent of width and height: upper left and lower right corner."""
    motion_params: MotionParams | None = None
    """Settings of the detector `motion`."""
    sentinel_tasks: dict[Word, TaskName] = Field(default_factory=dict)
    """Task that the sentinel runs for an event, by label; `default` for the others."""
    debug_mode: bool = False
    """Log more of this camera."""


class OakCamera(Camera):
    """A camera with its own neural chip: names O1, O2, ... Its pictures are of 640x360."""

    encoder: Word | None = None
    """The encoder of its pictures."""
    depthai: DepthAI = DepthAI()
    """Its pipeline."""


class PiCamera(Camera):
    """A Raspberry Pi camera: names P1, P2, ... `threaded_read` needs the old picamera, which Debian 12 cannot run."""

    vflip: bool = False
    """Turn the picture upside down."""
    threaded_read: bool = False
    """Read in a thread of its own; needs the old picamera."""


class WebCamera(Camera):
    """A USB camera: names W1, W2, ..."""


AnyCamera = Annotated[OakCamera | PiCamera | WebCamera, OneOf()]
CAMERA_LETTERS: dict[str, type[Camera]] = {"O": OakCamera, "P": PiCamera, "W": WebCamera}
"""What the first letter of a camera's name says."""


ServiceState = Literal["running", "stopped", "disabled"]


class Host(Part):
    """What every host has."""

    address: Address
    """IPv4 or IPv6 address."""
    login: Login = "ops"
    """Who an operator logs in as, with passwordless sudo."""
    model_version_overrides: dict[ModelName, Version] = Field(default_factory=dict)
    """Versions of its own, by model, in place of the current ones; `modelctl override` writes it."""
    debug_mode: bool = False
    """Log more."""
    service: ServiceState = "running"
    """How a deploy leaves its service."""


class Datasink(Host):
    """Collects images and events and serves them; the primary one also holds the model registry."""


class FaceConfidence(Part):
    """The least confidence of a face detection, per kind of detector."""

    ssd_mobilenet: Confidence = 0.5
    """On a Coral stick, with `ssd_mobilenet`."""
    blazeface: Confidence = 0.5
    """On a Coral stick, with `blazeface`."""
    cpu: Confidence = 0.5
    """On the CPU."""
    ncs2: Confidence = 0.5
    """On an NCS2."""


class Sentinel(Host):
    """Runs inference tasks. `ncs2` is deprecated; the face model matters with `coral` only.

    With `coral` it gets the Coral stack, unless `coral_packages` is False: then its owner sees to what it loads.
    Every day it deletes the old events of the primary datasink, and of the datasinks in `cleans`.
    """

    accelerator: Literal["coral", "cpu", "ncs2"] = "coral"
    """What the first task engine runs on."""
    face_model: Literal["ssd_mobilenet", "blazeface"] = "ssd_mobilenet"
    """The face detector; matters with `coral` only."""
    blazeface_variant: Literal["short"] = "short"
    """Which BlazeFace file."""
    face_confidence: FaceConfidence = FaceConfidence()
    """The least confidence of a face, by detector."""
    cleans: tuple[HostName, ...] = ()
    """Further datasinks whose old events it deletes every day."""
    coral_packages: bool = True
    """Whether a deploy brings the Coral stack, where there is a stick."""

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
    With a detector on `coral` it gets the Coral stack, unless `coral_packages` is False.
    """

    node_name: NodeName | None = None
    """What its events are named after; the host's name unless given."""
    datasink: HostName | None = None
    """Where its events go; the primary one unless given."""
    models: tuple[ModelName, ...] | None = None
    """The models that it gets; the site's `outpost_models` unless given."""
    cameras: Annotated[dict[CameraName, AnyCamera], Field(min_length=1)]
    """Its cameras, by name: O1, P1, W1."""
    heartbeat: PositiveInt = 10
    """Seconds between signs of life."""
    coral_packages: bool = True
    """Whether a deploy brings the Coral stack, where there is a stick."""

    def has_accelerator(self, accelerator: Literal["coral", "ncs2"]) -> bool:
        """Whether one of its detectors uses this accelerator."""
        return any(camera.accelerator == accelerator for camera in self.cameras.values())


class Control(Part):
    """The control node as a trainer reaches it, and the login there that receives models and nothing else."""

    address: Address
    """IPv4 or IPv6 address."""
    login: Login = "sentinelcam"
    """The login that takes models over."""
    port: Port = 22
    """TCP port of its SSH server."""


class Trainer(Host):
    """Trains models and hands them in."""

    control: Control | None = None
    """Who takes its models over; without it an operator does."""
    environment: HomePath = ".virtualenvs/ml-training-py38"
    """Python environment of the training, below the home."""
    notebook: HomePath = "notebooks/train_face_model.ipynb"
    """What trains, below the trainer's folder."""


class Watchtower(Host):
    """Shows cameras; gets no models."""


AnyHost = Annotated[Datasink | Sentinel | Outpost | Trainer | Watchtower, OneOf()]
