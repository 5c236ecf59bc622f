"""The Debian systems that lab hosts boot from: each built once, kept as a tar in the user's cache."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from lab.shell import last_line, run
from modelctl.errors import OperatorError

SUITE = "bookworm"
INCLUDED = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "python3-venv", "python3-yaml", "python3-zmq", "rsync",
    "udev", "iproute2", "procps", "opencv-data",
)  # fmt: skip
ON_CONTROL_NODE = (*INCLUDED, "git", "libpam-systemd", "dbus-user-session")
"""With the last two a user has a systemd of his own, over ssh too."""


def tar(say: Callable[[str], None], included: tuple[str, ...] = INCLUDED) -> Path:
    """The tar of a base system, built when the cache does not hold it. Whoever calls this holds the lock of the layers.

    :param say: told of each step while it is built.
    :param included: its packages, beside Debian's smallest system.
    :raises OperatorError: apt knows no Debian archive of this release, or the build failed.
    """
    path = cache() / f"base-{digest(included)}.tar"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _build(path, included, say)
    return path


def digest(included: tuple[str, ...] = INCLUDED) -> str:
    """What a base system is made from, as 12 hex digits."""
    architecture = run("dpkg", "--print-architecture").strip()
    recipe = json.dumps([SUITE, included, architecture, sorted(_suites())])
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def cache() -> Path:
    """What outlives all labs lies there."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sentinelcam-lab"


@functools.cache  # apt takes its time, and each boot asks
def _suites() -> dict[str, str]:
    """Debian's suites of this release that the control node's own apt uses, each with its apt source line."""
    layout = "$(ORIGIN)|$(RELEASE)|$(SITE)|$(COMPONENT)"
    found: dict[str, str] = {}
    for line in run("apt-get", "indextargets", "--format", layout, "Created-By: Packages").splitlines():
        origin, suite, site, component = line.split("|")
        if origin == "Debian" and suite.split("-")[0] == SUITE and component == "main":
            found[suite] = f"deb {site} {suite} main"
    if SUITE not in found:
        raise OperatorError(
            f"lab: apt lists no Debian {SUITE} archive, which the lab's hosts are made from; "
            "run apt-get update, on a Debian 12 machine"
        )
    return found


def _build(path: Path, included: tuple[str, ...], say: Callable[[str], None]) -> None:
    say("base system: building it (about half a minute, once)")
    unfinished = path.with_suffix(f".{os.getpid()}.tar")
    argv = ["mmdebstrap", "--variant=minbase", f"--include={','.join(included)}", SUITE, str(unfinished)]
    said = ""
    with subprocess.Popen([*argv, *_suites().values()], stderr=subprocess.PIPE, text=True) as build:
        assert build.stderr is not None
        for line in build.stderr:
            said += line
            if line.startswith("I: "):
                say(f"base system: {line[3:].strip()}")
    if build.returncode:
        unfinished.unlink(missing_ok=True)
        faults = [line for line in said.splitlines() if line.startswith("E: ")]
        raise OperatorError(f"lab: mmdebstrap: exit {build.returncode}: {faults[0] if faults else last_line(said)}")
    unfinished.rename(path)
