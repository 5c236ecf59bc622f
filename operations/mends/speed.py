"""What pyinfra works out anew for each operation of each host: some 3 ms of its own time, on one core for all hosts."""

import inspect
from functools import cache, partial

import pyinfra.api.arguments
import pyinfra.api.util

MENDS = (
    # It orders operations by the lines of their calls, and shows these; the source around them is not used.
    (pyinfra.api.util, "stack", partial(inspect.stack, 0)),
    (pyinfra.api.util, "getframeinfo", partial(inspect.getframeinfo, context=0)),
    # The types of the global arguments do not change.
    (pyinfra.api.arguments, "all_global_arguments", cache(pyinfra.api.arguments.all_global_arguments)),
)
