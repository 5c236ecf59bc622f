"""Stand-in for imagenode.py: its ports at once, then a child per camera view, then pictures."""

from __future__ import annotations

import json
import logging
import multiprocessing
import sys
import time
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any

import zmq

from lab.standins import behaviour, lens, standin
from lab.standins.behaviour import Orders
from lab.standins.ports import Port

INTERVAL = 0.2  # seconds between two pictures of a view; the real one publishes 24 a second
CAMERA_WARM_UP = 0.2  # seconds; the real one's first picture takes 4
OAK_END = 0.3  # seconds; the real one takes 1 to 3
PICTURE = bytes.fromhex(
    "ffd8ffdb004300030202020202030202020303030304060404040404080606050609080a0a090809090a0c0f0c0a0b0e0b09090d110d0e0f"
    "101011100a0c12131210130f101010ffc9000b080001000101011100ffcc000600101005ffda0008010100003f00d2cf20ffd9"
)
"""One grey point, as JPEG."""


@dataclass
class View:
    """One camera view.

    :param text: what its pictures are published under.
    :param wire: to its child; None when that has told all that it will ever tell.
    """

    name: str
    text: str
    camera: dict[str, Any]
    detector: dict[str, Any]
    child: BaseProcess
    wire: connection.Connection | None

    @property
    def is_oak(self) -> bool:
        return "depthai" in self.detector


class ImageNode:
    """All views, and the two ports that they share."""

    def __init__(self, service: standin.Service, config: dict[str, Any]) -> None:
        self._service = service
        self._orders = service.orders
        blocks = [
            (camera, detector) for camera in config["cameras"].values() for detector in camera["detectors"].values()
        ]
        self._log = Port(zmq.PUB, blocks[0][1]["publish_log"], self._orders)
        self._publisher = Port(zmq.PUB, blocks[0][1]["publish_cam"], self._orders)
        self._node = config["node"]["name"]
        self.views = [self._view(camera, detector) for camera, detector in blocks]

    def _view(self, camera: dict[str, Any], detector: dict[str, Any]) -> View:
        """Fork a view's child, and wait until it reports for duty."""
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=lens.watch, args=(theirs, detector, self._orders))
        child.start()
        theirs.close()
        ours.recv()
        name = camera["viewname"]
        return View(name, f"{self._node} {name}|jpg", camera, detector, child, ours)

    def open_cameras(self) -> None:
        """Open every view's camera.

        :raises KeyError: a setting is missing.
        :raises ValueError: a setting cannot be used, or a camera cannot be opened.
        """
        for view in self.views:
            _check(view)
            if "key_error" in self._orders:
                raise KeyError(self._orders["key_error"])
            if "camera_fails" in self._orders:
                raise ValueError(f"{view.name}: camera cannot be opened")
            if view.is_oak:  # its model runs in the camera
                standin.load_models(view.detector["depthai"], self._service.opened)
        time.sleep(CAMERA_WARM_UP)

    def run(self) -> None:
        """Publish pictures for ever."""
        started = time.monotonic()
        while True:
            for view in self.views:
                if _gives_picture(view, self._orders, time.monotonic() - started):
                    self._publisher.publish([json.dumps({"msg": view.text}).encode(), PICTURE])
            self.hear_children(INTERVAL)

    def hear_children(self, seconds: float) -> None:
        """Wait so long, and take up meanwhile which files the children have opened."""
        end = time.monotonic() + seconds
        while True:
            wires = {view.wire: view for view in self.views if view.wire is not None}
            heard = connection.wait(wires, max(0, end - time.monotonic())) if wires else []
            if not heard:
                time.sleep(max(0, end - time.monotonic()))
                return
            for view in [view for wire, view in wires.items() if wire in heard]:
                self._take_up(view)
            if all(view.wire is None for view in self.views):
                self._service.status["settled"] = True
                self._service.report()

    def _take_up(self, view: View) -> None:
        """Note what a child opened. One that has failed becomes a zombie, as nobody asks for its end."""
        assert view.wire is not None
        try:
            self._service.opened.update(view.wire.recv())
        except EOFError:
            self._service.status["errors"][view.name] = "its child has ended"
        view.wire = None

    def tell(self, fault: Exception) -> None:
        """Say why it ends where the real one does: never in the journal."""
        if isinstance(fault, KeyError):
            logging.exception("Unanticipated error with no Exception handler.")
        self._service.status["errors"]["main"] = f"{type(fault).__name__}: {fault}"
        self._service.report()
        self._log.publish([f"{self._node}.ERROR".encode(), f"{type(fault).__name__}: {fault}".encode()])

    def stop(self) -> None:
        """End the children and this process."""
        for view in self.views:
            view.child.kill()
        sys.exit()


def main() -> None:
    """Publish until SIGTERM. A fault of the main thread ends that alone: Python then waits for the children."""
    logging.basicConfig(filename="imagenode.log", level=logging.INFO, format="%(asctime)s ~ %(message)s")
    logging.info("Starting imagenode.py")
    service = standin.Service("imagenode")
    config = service.start()
    node = ImageNode(service, config)
    behaviour.on_sigterm(service.orders, node.stop)
    try:
        node.open_cameras()
    except (KeyError, ValueError, OSError) as fault:
        node.tell(fault)
        node.hear_children(lens.WARM_UP)
        if any(view.is_oak for view in node.views):
            time.sleep(OAK_END)
            node.stop()
    else:
        node.run()


def _check(view: View) -> None:
    """Refuse a config that the real program cannot use.

    :raises KeyError: a setting is missing.
    :raises ValueError: a setting cannot be used.
    """
    _ = view.detector["sentinel_tasks"]
    if view.camera.get("threaded_read"):
        raise ValueError(f"{view.name}: threaded_read wants the old picamera")
    if view.detector["spyglass"] != view.camera["resolution"]:
        raise ValueError(f"{view.name}: spyglass {view.detector['spyglass']}, picture {view.camera['resolution']}")
    if view.detector.get("motion_params", {}).get("gaussianBlur", 1) % 2 == 0:
        raise ValueError(f"{view.name}: GaussianBlur wants an odd number")


def _gives_picture(view: View, orders: Orders, age: float) -> bool:
    """Whether its camera gives one so many seconds after the cameras were opened."""
    return (
        "no_frames" not in orders
        and orders.get("silent_view") != view.name
        and orders.get("first_frame_after", 0) <= age < orders.get("frames_stop_after", float("inf"))
    )


if __name__ == "__main__":
    main()
