"""Who runs this command."""

import getpass
import os
import socket
from functools import cache

from modelctl.faults import one_line

MAX_SAID = 200  # characters


@cache
def operator() -> str:
    """Return user@control-node."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())  # one that no account has, as in a container
    return one_line(f"{user}@{socket.gethostname()}", MAX_SAID)  # LOGNAME can hold anything
