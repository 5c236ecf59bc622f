"""The models of this site: the version that hosts get, and its file in each role.

A version is a folder on the primary datasink, sentinelcam/model_registry/MODEL/VERSION/:
write those that yours has. These are the models that a sentinel without a Coral stick,
and an outpost with a Raspberry Pi camera, need.
"""

from modelctl.schema import Model, Registry

REGISTRY = Registry(
    models={
        # Finds people, cars and animals: on the outpost, and in the sentinel's tasks.
        "mobilenet_ssd": Model(
            framework="caffe",
            current_version="2020-12-06",
            files={
                "prototxt": "MobileNetSSD_deploy.prototxt",
                "caffemodel": "MobileNetSSD_deploy.caffemodel",
            },
        ),
        # The same for a Coral stick: a sentinel's configs name it, whatever the sentinel has.
        "mobilenet_ssd_edgetpu": Model(
            framework="tflite EdgeTPU",
            current_version="2025-12-19",
            files={
                "tflite": "ssd_mobilenet_v2_coco_quant_postprocess_edgetpu.tflite",
                "labels": "coco_labels.txt",
            },
        ),
        # Finds faces.
        "face_detection": Model(
            framework="caffe",
            current_version="2020-03-25",
            files={
                "prototxt": "deploy.prototxt",
                "caffemodel": "res10_300x300_ssd_iter_140000.caffemodel",
            },
        ),
        # Says whose faces they are. The linked files arrive with a new version, and then
        # belong to the sentinel, which writes to them.
        "face_recognition": Model(
            framework="pickle",
            current_version="2026-02-02",
            files={
                "facemodel": "facemodel.pickle",
                "baselines": "baselines.hdf5",
                "facelist": "facelist.csv",
                "facedata": "facedata.hdf5",
            },
            linked=frozenset({"facelist", "facedata"}),
        ),
        # Finds the eyes of a face, which turns it upright.
        "haarcascades": Model(
            framework="opencv xml",
            current_version="2020-03-25",
            files={"eye": "haarcascade_eye.xml"},
        ),
        # Measures a face.
        "openface_torch": Model(
            framework="torch7",
            current_version="2020-03-25",
            files={"embedder": "openface_nn4.small2.v1.t7"},
        ),
    },
)
