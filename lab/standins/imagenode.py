"""Stand-in for imagenode.py: reads its YAML, loads its detectors' models, binds its publisher."""

from lab.standins import standin


def main() -> None:
    """Serve until SIGTERM; without a model that its config names it does not start."""
    service = standin.Service("imagenode")
    config = service.read_config()
    detectors = [detector for camera in config["cameras"].values() for detector in camera.get("detectors", {}).values()]
    for path in standin.model_files(detectors):
        service.load_model(path)
    service.serve(detectors[0]["publish_cam"])


if __name__ == "__main__":
    main()
