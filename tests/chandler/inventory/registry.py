"""Every model: the version that hosts get, the one before it, and its files."""

from modelctl.schema import Coral, CoralPackage, CoralStack, Model, Registry

REGISTRY = Registry(
    models={
        "mobilenet_ssd": Model(
            framework="caffe",
            current_version="2020-12-06",
            files={
                "prototxt": "MobileNetSSD_deploy.prototxt",
                "caffemodel": "MobileNetSSD_deploy.caffemodel",
            },
        ),
        "mobilenet_ssd_depthai": Model(
            framework="openvino blob",
            current_version="2022-04-02",
            files={"blob": "mobilenet-ssd_openvino_2021.4_6shave.blob"},
        ),
        "mobilenet_ssd_edgetpu": Model(
            framework="tflite EdgeTPU",
            current_version="2025-12-19",
            files={
                "tflite": "ssd_mobilenet_v2_coco_quant_postprocess_edgetpu.tflite",
                "labels": "coco_labels.txt",
            },
        ),
        "face_detection": Model(
            framework="caffe",
            current_version="2020-03-25",
            files={
                "prototxt": "deploy.prototxt",
                "caffemodel": "res10_300x300_ssd_iter_140000.caffemodel",
            },
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
        "face_recognition": Model(
            framework="pickle",
            current_version="2026-02-02",
            previous_version="2025-02-25",
            auto_promote=True,
            files={
                "facemodel": "facemodel.pickle",
                "baselines": "baselines.hdf5",
                "facelist": "facelist.csv",
                "facedata": "facedata.hdf5",
            },
            linked=frozenset({"facelist", "facedata"}),
        ),
        "haarcascades": Model(
            framework="opencv xml",
            current_version="2020-03-25",
            files={"eye": "haarcascade_eye.xml"},
        ),
        "openface_torch": Model(
            framework="torch7",
            current_version="2020-03-25",
            files={"embedder": "openface_nn4.small2.v1.t7"},
        ),
    },
    # Community builds for Debian bookworm on arm64; all must match one TensorFlow version.
    coral=Coral(
        current_version="2025-12-19",
        stacks={
            "2025-12-19": CoralStack(
                tensorflow="2.17.1",
                python="3.11",
                debian="bookworm",
                architecture="arm64",
                libedgetpu=CoralPackage(
                    version="16.0tf2.17.1-1",
                    release="libedgetpu/releases/download/16.0TF2.17.1-1",
                    files=(
                        "libedgetpu1-std_16.0tf2.17.1-1.bookworm_arm64.deb",
                        "libedgetpu-dev_16.0tf2.17.1-1.bookworm_arm64.deb",
                    ),
                ),
                pycoral=CoralPackage(
                    version="2.0.3",
                    release="pycoral/releases/download/2.0.3TF2.17.1",
                    files=("pycoral-2.0.3-cp311-cp311-linux_aarch64.whl",),
                ),
                tflite_runtime=CoralPackage(
                    version="2.17.1",
                    release="TFlite-builds/releases/download/v2.17.1",
                    files=("tflite_runtime-2.17.1-cp311-cp311-linux_aarch64.whl",),
                ),
                extra=frozenset({"libedgetpu-dev_16.0tf2.17.1-1.bookworm_arm64.deb"}),
            ),
        },
    ),
)
