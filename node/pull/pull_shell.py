"""The ssh that a pull runs over: with this node's own key, to the datasink's known host key, and to nothing else."""

from __future__ import annotations

import re
import shlex
from typing import Optional

from node import layout
from node.errors import Refusal
from node.pull import access
from node.store import disk

CONNECT_TIMEOUT = 10  # seconds

# What no retry mends: the words of ssh or rrsync, and what to do. rsync says "Permission denied (13)" of a file.
HOPELESS = {
    r"this node's pull key was revoked": "if it is to read again: git pull in the site, so that it gets a new one, "
    "then run again",
    r"Permission denied \([a-z]": "run deploys/access.py, then run again",
    r"Host key verification failed": "see who answers there; if it has a new card: modelctl trust HOST --replace, "
    "then deploys/access.py, then run again",
    r"Unable to negotiate": "update OpenSSH on the older of the two, then run again",
    r"is your shell clean": "does a login on HOST print something? it must not; take that out there, then run again",
    r"rrsync error:": "mend that on HOST, then run again",
}


def command(timeout: int) -> str:
    """Return the ssh command. A link that is dead for `timeout` seconds ends it."""
    folder = layout.access()
    options = [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=" + str(folder / "known_hosts"),
        "GlobalKnownHostsFile=none",
        "ConnectTimeout=%d" % min(timeout, CONNECT_TIMEOUT),
        # It asks after half of the time, and waits the other half for the answer.
        "ServerAliveInterval=%d" % max(1, timeout // 2),
        "ServerAliveCountMax=1",
    ]
    words = ["ssh", "-F", "none", "-i", str(folder / "pull_key")]
    for option in options:
        words += ["-o", option]
    return " ".join(shlex.quote(word) for word in words)


def require_key() -> None:
    """Raises Refusal when this node lacks what opens the datasink to it."""
    for name in (access.PRIVATE, access.CERTIFICATE, access.KNOWN_HOSTS):
        path = layout.access() / name
        if not disk.is_file(path):
            raise Refusal("%s: missing; run deploys/access.py, then run again" % path)


def verdict(said: str, host: str) -> Optional[str]:
    """Return why no retry would mend what was said, and what to do; None where one may."""
    for line in said.splitlines():
        for words, remedy in HOPELESS.items():
            if re.search(words, line):
                return "%s; %s" % (line.strip().rstrip("."), remedy.replace("HOST", host))
    return None
