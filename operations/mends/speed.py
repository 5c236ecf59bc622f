"""What pyinfra works out anew for each operation of each host: some 3 ms of its own time, on one core for all hosts."""

import sys
from functools import cache
from inspect import Traceback
from types import FrameType

import pyinfra.api.arguments
import pyinfra.api.util


def _stack() -> list[tuple[FrameType]]:
    frame: FrameType | None = sys._getframe(1)
    found = []
    while frame is not None:
        found.append((frame,))
        frame = frame.f_back
    return found


def _place(frame: FrameType) -> Traceback:
    return Traceback(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, None, None)


MENDS = (
    # It orders operations by the lines of their calls, and shows these; it looks for the source around them in vain.
    (pyinfra.api.util, "stack", _stack),
    (pyinfra.api.util, "getframeinfo", _place),
    # The types of the global arguments do not change.
    (pyinfra.api.arguments, "all_global_arguments", cache(pyinfra.api.arguments.all_global_arguments)),
)
