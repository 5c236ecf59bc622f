"""Whether a file can be replaced, found out before a service is stopped for that."""

from __future__ import annotations

from pathlib import Path

from node.errors import Refusal
from node.store import disk, files


def require(path: Path) -> None:
    """Make sure that a file or link can be replaced or made, and change nothing. Raises Refusal."""
    try:
        proof = files.free_beside(path)  # what a power cut leaves of it goes with the next change
        if disk.is_there(path):
            files.hard_link(path, proof)  # which the file system refuses where it would refuse to replace it
        else:
            files.link(proof, path.name)
        files.unlink(proof)
    except OSError as error:
        raise Refusal(
            "%s: cannot be replaced (%s); see lsattr, mount and journalctl --dmesg; mend that on the node, and run "
            "again" % (path, error.strerror)
        ) from None
