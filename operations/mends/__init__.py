"""What is mended in pyinfra until an upgrade does. A test beside each mend tells when it is needless."""

import gc
import logging
from functools import cache

from operations.mends import connection, drawing, refusals, speed, terminal


@cache  # pyinfra may load its settings more than once
def apply() -> None:
    """Put each mended function in the place of pyinfra's own."""
    for owner, name, mended in (*connection.MENDS, *drawing.MENDS, *refusals.MENDS, *speed.MENDS, *terminal.MENDS):
        setattr(owner, name, mended)
    # Where nobody listens Python shows what paramiko logs, a traceback of what pyinfra says in a line.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    # What pyinfra loads and plans stays until its end: to look through it again and again takes a twentieth of a run.
    gc.set_threshold(100_000)
