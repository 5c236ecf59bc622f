"""Fetching files from the datasink's registry with rsync: resumable, time-limited, retried.

rrsync on the other side serves the registry's folder read-only, so paths are relative to it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Dict, List

from node import layout
from node.errors import Refusal
from node.orders import File, Limits, Source

# rsync(1), EXIT VALUES
RSYNC_FILE_IO = 11
RSYNC_PARTIAL = (23, 24)
FIRST_PAUSE = 1.0  # seconds, doubled from try to try


def check_space(wanted: Dict[str, File], staging: Path, limits: Limits) -> None:
    """Refuse before the first byte when the files do not fit. Raises Refusal with both numbers."""
    needed = sum(max(0, file.size - _size(staging / name)) for name, file in wanted.items())
    status = os.statvfs(str(staging))
    free = status.f_bavail * status.f_frsize - limits.reserve_bytes
    if needed > free:
        raise Refusal(
            "%s: too little space: %s MB needed, %s MB free beside a reserve of %s MB; remove something and run again"
            % (staging.parent, _megabytes(needed), _megabytes(max(0, free)), _megabytes(limits.reserve_bytes))
        )


def fetch(source: Source, names: List[str], staging: Path, limits: Limits) -> None:
    """Bring `names`, relative to the registry, below `staging`. Raises Refusal; what came stays for the next try.

    A name that the registry lacks is not an error here: whoever asked looks at what came.
    """
    pause = FIRST_PAUSE
    for attempt in range(1, limits.pull_attempts + 1):
        result = _rsync(source, names, staging, limits.pull_timeout)
        if result.returncode in (0, *RSYNC_PARTIAL) and "No space left" not in result.stderr:
            return
        if "No space left" in result.stderr:
            raise Refusal(str(staging.parent) + ": the disk is full; free some space and run again: the pull resumes")
        if result.returncode == RSYNC_FILE_IO:
            raise Refusal("%s: %s; mend that and run again" % (staging.parent, _reason(result.stderr)))
        if attempt < limits.pull_attempts:
            time.sleep(pause)
            pause *= 2
    raise Refusal(
        "pull from %s (%s): %s, %s tries; check that it is up and that deploys/access.py ran for it, then run again: "
        "the pull resumes" % (source.host, source.address, _reason(result.stderr), limits.pull_attempts)
    )


def _rsync(source: Source, names: List[str], staging: Path, timeout: int) -> "subprocess.CompletedProcess[str]":
    command = ["rsync", "--times", "--partial", "--inplace", "--files-from=-", "--chmod=D755,F644"]
    if source.local:
        command += [str(source.registry) + "/", str(staging) + "/"]
    else:
        address = "[" + source.address + "]" if ":" in source.address else source.address
        command += ["--timeout=" + str(timeout), "--rsh=" + _ssh(), source.login + "@" + address + ":/"]
        command += [str(staging) + "/"]
    listing = "".join(name + "\n" for name in names)
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run(
        command, input=listing, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True,
        env=environment, close_fds=False,
    )  # fmt: skip


def _ssh() -> str:
    folder = layout.access()
    options = [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=" + str(folder / "known_hosts"),
        "GlobalKnownHostsFile=none",
        "ConnectTimeout=10",
        "ServerAliveInterval=10",
        "ServerAliveCountMax=3",
    ]
    words = ["ssh", "-F", "none", "-i", str(folder / "pull_key")]
    for option in options:
        words += ["-o", option]
    return " ".join(shlex.quote(word) for word in words)


def _reason(stderr: str) -> str:
    """The first line is ssh's or rsync's own reason; those after it only follow from it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[0] if lines else "no reason given"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _megabytes(size: int) -> str:
    return "%.1f" % (size / 1e6)
