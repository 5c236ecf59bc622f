"""A shell in the lab's network, with a home of its own: it touches nobody's keys, sites or git settings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from lab import keys
from lab.hosts import STATE
from modelctl.product import CHECKOUT

HOME = STATE / "home"
PROGRAMS = HOME / ".local" / "bin"
SSH_CONFIG = f"""\
IdentityFile {keys.OPERATOR}
IdentitiesOnly yes
UserKnownHostsFile {HOME}/.ssh/known_hosts
"""
SSH = f"""\
#!/bin/sh
# ssh by itself looks for keys and hosts in the home that /etc/passwd names.
exec /usr/bin/ssh -F {HOME}/.ssh/config "$@"
"""
GIT_CONFIG = """\
[user]
    name = You
    email = you@localhost
[init]
    defaultBranch = main
"""
PROMPT = r"PS1='lab:\w\$ '" + "\n"
OTHERS = ("SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "PYTHONPATH", "GIT_CONFIG_GLOBAL", "GIT_DIR")
"""Variables that would lead to what is the user's own."""


def make_home() -> None:
    """Make the home, unless it is there: with the operator's key, as SSH finds it by itself, and a name for git."""
    if HOME.exists():
        return
    new = HOME.with_name("home.new")
    shutil.rmtree(new, ignore_errors=True)
    for name, text, mode in (
        (".ssh/id_ed25519", keys.OPERATOR.read_text(), 0o600),
        (".ssh/id_ed25519.pub", keys.public(keys.OPERATOR), 0o644),
        (".ssh/config", SSH_CONFIG, 0o600),
        (str(PROGRAMS.relative_to(HOME) / "ssh"), SSH, 0o755),
        (".gitconfig", GIT_CONFIG, 0o644),
        (".bashrc", PROMPT, 0o644),
    ):
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text)
        path.chmod(mode)
    new.rename(HOME)


def remove_home() -> None:
    """Remove the home, with all that was put there."""
    shutil.rmtree(HOME, ignore_errors=True)


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """The variables of the shell, made of the caller's: programs are this checkout's, all else is below its home."""
    path = (str(PROGRAMS), str(Path(sys.executable).parent), own.get("PATH", os.defpath))
    kept = {name: value for name, value in own.items() if name not in OTHERS}
    return {**kept, "HOME": str(HOME), "PATH": os.pathsep.join(path)}


def become() -> None:
    """Become the shell, in the checkout; it reads its commands from a terminal, or from any other standard input."""
    os.chdir(CHECKOUT)
    words = ["bash", "--rcfile", str(HOME / ".bashrc")]
    os.execvpe(words[0], words, environment(os.environ))  # noqa: S606  # that shell is what was asked for
