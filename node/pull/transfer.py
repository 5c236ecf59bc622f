"""Fetching files from the datasink's registry with rsync: resumable, time-limited, retried as long as bytes come."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Callable, Dict, List, Optional, Tuple

from node import layout
from node.desired_state import Limits, Source
from node.errors import Refusal
from node.machine import processes
from node.pull import access
from node.store import disk, files, handles, rights

# rsync(1), EXIT VALUES
RSYNC_FILE_IO = 11
RSYNC_DONE = (0, 23, 24)  # 23, 24: all but what could not be read there
COMPRESSING_RSYNC = (3, 2, 0)  # the first with lz4
RSYNC_LOST = (10, 12, 20, 21, 30, 35, 255)  # 255: ssh's own

FIRST_PAUSE = 1.0  # seconds, doubled from try to try
LONGEST_PAUSE = 8.0
READING = 1_000_000  # bytes; ssh's own words to a datasink that hangs are fewer
SYNC_PAUSE = 0.1  # seconds; a power cut costs what has come since the last sync
CONNECT_TIMEOUT = 10  # seconds

APPEND = ["--append"]
COMPARE = ["--inplace", "--ignore-times"]

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

Progress = Dict[str, Tuple[int, int]]  # name -> size, time of change in ns
Show = Callable[[int], None]  # told how many bytes are there, again and again


def _unseen(_: int) -> None:
    """Nobody follows it."""


def fetch(source: Source, names: List[str], staging: Path, limits: Limits, show: Show = _unseen) -> None:
    """Bring `names`, relative to the registry, below `staging`. Raises Refusal; what came stays for the next try.

    Only what is missing at the end of a staged file moves. A name that the registry lacks is no error here.
    """
    _persist(source, names, staging, limits, APPEND, show)


def mend(source: Source, names: List[str], staging: Path, limits: Limits) -> None:
    """Compare staged files with the registry's block by block, and bring the blocks that differ. Raises Refusal."""
    _persist(source, names, staging, limits, COMPARE, _unseen)


def _persist(source: Source, names: List[str], staging: Path, limits: Limits, mode: List[str], show: Show) -> None:
    """Run rsync again and again, until it is done, or nothing has come for as long as the limits' patience."""
    if not source.local:
        require_key()
    pause = FIRST_PAUSE
    found, since = _progress(names, staging), time.monotonic()
    while True:
        code, said = _rsync(source, names, staging, limits, mode, show)
        if code in RSYNC_DONE and "No space left" not in said:
            return
        _refuse_hopeless(source, staging, code, said)
        now, before = time.monotonic(), found
        found = _progress(names, staging)
        if found != before:
            since, pause = now, FIRST_PAUSE
        elif now + pause - since > limits.pull_patience:
            raise Refusal(
                "%s: %s, and nothing came for %d s; check that it is up, then run again: the pull resumes"
                % (_pull_from(source), _reason(said), limits.pull_patience)
            )
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _refuse_hopeless(source: Source, staging: Path, code: int, said: str) -> None:
    """Raises Refusal for what no retry mends: this node's disk, or a datasink that will not have it."""
    if "No space left" in said:
        raise Refusal(str(staging.parent) + ": the disk is full; free some space and run again: the pull resumes")
    if code == RSYNC_FILE_IO:
        raise Refusal("%s: %s; mend that and run again" % (staging.parent, _reason(said)))
    reason = hopeless(said, source.host)
    if reason is None and code > 0 and code not in RSYNC_LOST:  # below 0: a signal ended it
        reason = "%s (rsync's exit code %d); mend that and run again" % (_reason(said), code)
    if reason is not None:
        raise Refusal("%s: %s" % (_pull_from(source), reason))


def hopeless(said: str, host: str) -> Optional[str]:
    """Return why no retry would mend what ssh or rrsync said, and what to do; None where one may."""
    for line in said.splitlines():
        for words, remedy in HOPELESS.items():
            if re.search(words, line):
                return "%s; %s" % (line.strip().rstrip("."), remedy.replace("HOST", host))
    return None


def _rsync(
    source: Source, names: List[str], staging: Path, limits: Limits, mode: List[str], show: Show
) -> Tuple[int, str]:
    """Return rsync's exit code and what it said. Its input and output are files, which nobody need serve in time."""
    timeout = 2 * limits.pull_timeout  # ssh notices a dead link; twice its time ends what hangs for another reason
    command = ["rsync", "--times", "--files-from=-", "--chmod=D755,F644", "--timeout=%d" % timeout, *mode]
    command += [*_way_to(source, limits.pull_timeout), "./"]
    environment = dict(os.environ, LC_ALL="C", RSYNC_COMPRESS_LIST="lz4 zlibx")
    synced = _progress(names, staging)
    with TemporaryFile() as listing, TemporaryFile() as said, handles.folder(staging) as folder:
        listing.write("".join(name + "\n" for name in names).encode())
        listing.seek(0)
        with subprocess.Popen(
            command, stdin=listing, stdout=subprocess.DEVNULL, stderr=said, env=environment, close_fds=False,
            cwd="/proc/self/fd/%d" % folder,
        ) as process:  # fmt: skip
            _follow(process, names, staging, synced, timeout + limits.pull_patience, show)
        said.seek(0)
        return process.returncode, said.read().decode(errors="replace")


def _way_to(source: Source, timeout: int) -> List[str]:
    """Return what leads rsync to the registry: over the network, or here with the rights of whom it belongs to."""
    if source.local:
        user = rights.owner_of(source.login)
        drop = "setpriv --reuid=%d --regid=%d --init-groups sh -c 'exec \"$@\"'" % user
        return ["--protect-args", "--rsh=" + drop, "here:%s/" % source.registry]
    address = "[" + source.address + "]" if ":" in source.address else source.address
    # Half the loss when a link dies: rsync keeps whole chunks only, and lz4's are half as long as plain ones. An older
    # rsync knows only zlib, which would keep a small datasink busy.
    compress = ["--compress"] if access.rsync_version() >= COMPRESSING_RSYNC else []
    return ["--rsh=" + ssh(timeout), *compress, source.login + "@" + address + ":/"]


def ssh(timeout: int) -> str:
    """Return a pull's ssh: with this node's own key, to a known host. A link dead for `timeout` seconds ends it."""
    options = [
        "BatchMode=yes",
        "IdentitiesOnly=yes",
        "StrictHostKeyChecking=yes",
        "UserKnownHostsFile=" + str(layout.access() / access.KNOWN_HOSTS),
        "GlobalKnownHostsFile=none",
        "ConnectTimeout=%d" % min(timeout, CONNECT_TIMEOUT),
        # It asks after half of the time, and waits the other half for the answer.
        "ServerAliveInterval=%d" % max(1, timeout // 2),
        "ServerAliveCountMax=1",
    ]
    words = ["ssh", "-F", "none", "-i", str(layout.access() / access.PRIVATE)]
    for option in options:
        words += ["-o", option]
    return " ".join(shlex.quote(word) for word in words)


def require_key() -> None:
    """Raises Refusal when this node lacks what opens the datasink to it."""
    for name in (access.PRIVATE, access.CERTIFICATE, access.KNOWN_HOSTS):
        path = layout.access() / name
        if not disk.is_file(path):
            raise Refusal("%s: missing; run deploys/access.py, then run again" % path)


def _follow(
    process: "subprocess.Popen[bytes]", names: List[str], staging: Path, synced: Progress, patience: float, show: Show
) -> None:
    """Sync and show what comes until rsync ends; `synced` was there before. It is ended when it neither brings nor
    reads any byte for `patience` seconds: while it compares a long file with the registry's, nothing comes.
    """
    since = time.monotonic()
    read: Optional[int] = None
    has_ended = False
    while not has_ended:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=SYNC_PAUSE)
            has_ended = True
        found = _progress(names, staging)
        show(sum(size for size, _ in found.values()))
        for name, status in found.items():
            if status != synced.get(name):
                files.sync(staging / name)
        if found != synced:
            synced, since, read = found, time.monotonic(), None
        elif time.monotonic() - since > patience / 2:
            before, read, since = read, processes.bytes_read(process.pid), time.monotonic()
            if before is not None and read - before < READING:
                processes.kill(process.pid)


def _progress(names: List[str], staging: Path) -> Progress:
    """Return what came so far of each file that has begun."""
    return {name: _status(staging / name) for name in names if disk.is_file(staging / name)}


def _status(path: Path) -> Tuple[int, int]:
    status = disk.status(path)
    return (status.st_size, status.st_mtime_ns) if status is not None else (0, 0)


def _pull_from(source: Source) -> str:
    return "pull from %s (%s)" % (source.host, source.address)


def _reason(said: str) -> str:
    """Return the first line: those after it only follow from it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else "no reason given"
