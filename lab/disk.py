"""A host's own disk as it leaves the shop: names, keys, one login, and the stand-ins for its service's code."""

from __future__ import annotations

import os
import py_compile
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from py_compile import PycInvalidationMode

from lab import control_node, hold, keys, stick
from lab.hosts import CONTROL, SERVICE_FOLDERS, LabHost
from lab.layers import OPS
from lab.machine import erase
from lab.network import PAGES
from lab.releases import DEFAULT, RELEASES, STANDINS

SHARED = "usr/local/lib/python3.11/dist-packages/lab/standins"
"""Where a host's services find what the stand-ins share."""
PIP_CONF = f"[global]\nindex-url = http://{PAGES}/simple/\ntrusted-host = {PAGES}\ntimeout = 5\nretries = 0\n"
"""Whoever lets pip look anything up asks an index that serves an evil pycoral, and is noted there: lab/pages.py."""
STANDARD_LIBRARY = "usr/lib/python3.11"
WATCHED = f"{STANDARD_LIBRARY}/pathlib.py"
HOLD = f"\nos.path.exists({str(hold.ORDER)!r}) and __import__('lab_hold').obey()\n"
"""The end of a module that every program of a node loads, also without site's packages: with no order it only looks."""
CLOCK_IS_OFF = "/run/clock-is-off"
CLOCK = f"#!/bin/sh\n[ -e {CLOCK_IS_OFF} ] && echo no || echo yes\n"
"""In the place of timedatectl: nothing in the lab can set the machine's clock, nor knows whether anybody does."""
GENERATORS = "systemd/system-generators"
"""Half of what a reload of systemd costs: a dozen programs that look for disks, for swap and for what was before it."""
QUICK = "KexAlgorithms -sntrup*\n"
"""The hybrid key exchange that ssh prefers costs 0.1 s of both machines' time, more than all else that it does."""


def make(host: LabHost, hosts: Iterable[LabHost], system: Path) -> None:
    """Erase the disk of a host that is off and write a new one.

    :param hosts: everyone it knows by name.
    :param system: the base layer, whose lists of users are extended.
    """
    erase(host)
    upper = host.folder / "upper"
    own = control_node.files() if host == CONTROL else _node_files(host, system)
    for name, (content, mode) in {**_files(host, hosts, system), **own}.items():
        path = upper / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)
    home = upper / host.home[1:]
    if host == CONTROL:
        control_node.write_clones(upper)
    else:
        py_compile.compile(str(upper / WATCHED), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        for path in (upper / SHARED).glob("*.py"):  # no service may write there, and each start would compile it anew
            py_compile.compile(str(path), invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    _install_standins(host, home)
    stick.plug_in(host)
    _own(home)
    (home / ".ssh").chmod(0o700)


def _own(folder: Path) -> None:
    for parent, _, names in os.walk(folder):
        for path in (Path(parent), *(Path(parent) / name for name in names)):
            os.chown(path, OPS, OPS)


def _files(host: LabHost, hosts: Iterable[LabHost], system: Path) -> Mapping[str, tuple[str, int]]:
    """Path to content and mode of what makes a host one of its own."""
    login = host.login
    users = {
        "etc/passwd": (f"{login}:x:{OPS}:{OPS}:{login}:{host.home}:/bin/bash\n", 0o644),
        "etc/group": (f"{login}:x:{OPS}:\n", 0o644),
        "etc/shadow": (f"{login}:*:19700:0:99999:7:::\n", 0o640),
    }
    names = "".join(f"{other.address} {other.name}\n" for other in hosts)
    key = keys.host_key(host)
    return {name: ((system / name).read_text() + line, mode) for name, (line, mode) in users.items()} | {
        "etc/hostname": (f"{host.name}\n", 0o644),
        "etc/hosts": (f"127.0.0.1 localhost\n{names}", 0o644),
        "etc/ssh/sshd_config.d/quick.conf": (QUICK, 0o644),
        "etc/ssh/ssh_host_ed25519_key": (key.read_text(), 0o600),
        "etc/ssh/ssh_host_ed25519_key.pub": (keys.public(key), 0o644),
        f"{host.home[1:]}/.ssh/authorized_keys": (keys.public(keys.OPERATOR), 0o600),
        # An empty one masks that of the same name: systemd.generator(7).
        **{f"etc/{GENERATORS}/{path.name}": ("", 0o644) for path in (system / "usr/lib" / GENERATORS).iterdir()},
    }


def _node_files(host: LabHost, system: Path) -> Mapping[str, tuple[str, int]]:
    """Path to content and mode of what makes it a node: its login's rights, both operators' keys, the stand-ins."""
    operators = "".join(map(keys.public, (keys.OPERATOR, keys.CONTROL)))
    return {
        "usr/bin/timedatectl": (CLOCK, 0o755),
        "etc/pip.conf": (PIP_CONF, 0o644),
        f"etc/sudoers.d/{host.login}": (f"{host.login} ALL=(ALL) NOPASSWD: ALL\n", 0o440),
        f"{host.home[1:]}/.ssh/authorized_keys": (operators, 0o600),
        **{f"{SHARED}/{path.name}": (path.read_text(), 0o644) for path in STANDINS.glob("*.py")},
        f"{STANDARD_LIBRARY}/lab_hold.py": (Path(hold.__file__).read_text(), 0o644),
        WATCHED: ((system / WATCHED).read_text() + HOLD, 0o644),
    }


def _install_standins(host: LabHost, home: Path) -> None:
    if host.service is None:
        return
    for program, folder in SERVICE_FOLDERS[host.service].items():
        (home / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(STANDINS / program, home / folder / program)
        (home / folder / program).chmod(0o755)
    for name, text in RELEASES.get(DEFAULT.get(host.service, ""), {}).items():
        if text is not None and not (home / name).exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(text)
