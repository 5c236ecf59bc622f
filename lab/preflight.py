"""What the lab needs of this machine, said in one line when it is missing."""

from __future__ import annotations

import os
import platform
import shutil

from modelctl.errors import OperatorError

PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "tc": "iproute2",
    "rsync": "rsync",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "git": "git",
    "tcc": "tcc",
    "dpkg-deb": "dpkg",
}
"""Program to the Debian package that brings it."""


def require_machine() -> None:
    """Refuse a machine on which the lab cannot run.

    :raises OperatorError: not Linux, not root, or a program is missing.
    """
    if platform.system() != "Linux":
        raise OperatorError(f"lab: this is {platform.system()}, the lab needs Linux; run it in a Debian 12 machine")
    if os.geteuid() != 0:
        raise OperatorError(f"lab: user id is {os.geteuid()}, the lab needs root; run it again with sudo")
    missing = sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})
    if missing:
        raise OperatorError(f"lab: {', '.join(missing)} not installed; run: apt-get install {' '.join(missing)}")
