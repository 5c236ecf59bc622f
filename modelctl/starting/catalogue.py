"""SentinelCam's own models: what each is, and its files."""

from modelctl.schema import Model
from modelctl.starting.templates.registry import REGISTRY

MODELS: dict[str, Model] = {
    **REGISTRY.models,
    "mobilenet_ssd_depthai": Model(
        framework="openvino blob",
        current_version="2022-04-02",
        files={"blob": "mobilenet-ssd_openvino_2021.4_6shave.blob"},
    ),
    "face_detection_edgetpu": Model(
        framework="tflite EdgeTPU",
        current_version="2025-12-19",
        files={"tflite": "ssd_mobilenet_v2_face_quant_postprocess_edgetpu.tflite"},
    ),
    "face_detection_blazeface": Model(
        framework="tflite",
        current_version="2026-01-02",
        files={"short": "face_detection_short_range.tflite"},
    ),
}
"""By name. Its version is the one that it was published with."""
