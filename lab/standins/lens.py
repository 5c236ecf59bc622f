"""The child process of one of imagenode's camera views: reports for duty, then loads its detector's model."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

from lab.standins import standin, tpu
from lab.standins.behaviour import Orders

WARM_UP = 0.2  # seconds; the real one takes 3
FAIL_LIMIT = 2
WITHOUT_MODEL = ("none", "motion")


def watch(wire: Connection, detector: dict[str, Any], orders: Orders) -> None:
    """Be the child of a view: tells over the wire that it is there, then which files it opened.

    A model that cannot be loaded ends it, and its wire with it.

    :param detector: the view's own part of the config.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in orders else lambda *_: sys.exit())
    if "silent_journal" in orders:
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123  # as long as the process lasts
    failures = 0
    try:
        wire.send({})
        opened = _load(detector, orders)
        print("LensTasking started.")
        wire.send(opened)
        while failures < FAIL_LIMIT:
            _detect(orders)
            failures += 1
            print(f"LensTasking failure #{failures}.")
            traceback.print_stack()
    except SystemExit:
        print("LensTasking ending.")
    except Exception:
        print("LensTasking failure.")
        traceback.print_exc()
    finally:
        print(f"LensTasking ended with exceptionCount={failures}.")


def _load(detector: dict[str, Any], orders: Orders) -> dict[str, str]:
    """Load the detector's models; path to digest."""
    opened: dict[str, str] = {}
    kind = detector["detectobjects"]
    time.sleep(orders.get("load_seconds", 0))
    if "dead_child" in orders:
        raise RuntimeError(f"{kind}: cannot be loaded")
    if kind not in WITHOUT_MODEL:
        if tpu.is_for(detector[kind]):
            tpu.load(orders)
        standin.load_models(detector[kind], opened)
        time.sleep(WARM_UP)
    return opened


def _detect(orders: Orders) -> None:
    """Look at pictures until a detection fails: two fail in a row, or none ever does."""
    if "zombie_after" not in orders:
        while True:
            signal.pause()
    time.sleep(orders["zombie_after"] / FAIL_LIMIT)
