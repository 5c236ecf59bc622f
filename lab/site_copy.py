"""The lab's site as a repository of its own, so that who practises a rollback edits and commits nothing here."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from lab.fleet import PINS, SOURCES
from lab.hosts import DEFAULT, STATE, LabHost
from lab.shell import run

FOLDER = STATE / "site"
INVENTORY = FOLDER / "inventory.py"
TEXT = '''"""The lab's site as pyinfra groups. Its values lie in inventory/ beside this file."""

from lab.network import enter as _connect  # modelctl and pyinfra call it before they connect
from modelctl.inventory_file import site_beside as _site_beside

globals().update(_site_beside(__file__))
'''

OUTPOST = """\
        "{host.name}": Outpost(
            address="{host.address}",
            cameras={{
                "P1": PiCamera(
                    viewname="PiCamera",
                    resolution=(640, 480),
                    framerate=32,
                    detectobjects="mobilenetssd",
                    sentinel_tasks={{"default": "MobileNetSSD_allFrames", "person": "GetFaces2"}},
                ),
            }},
        ),
"""
END_OF_HOSTS = "    },\n    retention_profiles={\n"


def make(hosts: Iterable[LabHost]) -> None:
    """Copy the lab's site, as this checkout has it, and make its first commit; a copy that is there stays as it is.

    :param hosts: all of the lab; those that this checkout's site lacks become outposts of the copy.
    """
    if FOLDER.exists():
        return
    new = FOLDER.with_name("site.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(SOURCES, new / "inventory", ignore=shutil.ignore_patterns("__pycache__"))
    site = new / "inventory" / "site.py"
    site.write_text(with_outposts(site.read_text(), hosts))
    shutil.copyfile(PINS, new / "inventory" / "pins.json")
    (new / "inventory.py").write_text(TEXT, encoding="utf-8")
    (new / ".gitignore").write_text(".*.lock\n.deploy.*\n__pycache__/\n", encoding="utf-8")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "lab"),
        ("config", "user.email", "lab@localhost"),
        ("config", "commit.gpgsign", "false"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "The lab's site"),
    ):
        run("git", "-C", str(new), *words)
    new.rename(FOLDER)


def with_outposts(text: str, hosts: Iterable[LabHost]) -> str:
    """The text of site.py with the hosts that are added to the default ones."""
    added = "".join(OUTPOST.format(host=host) for host in hosts if host not in DEFAULT)
    before, found, after = text.partition(END_OF_HOSTS)
    assert found
    return f"{before}{added}{found}{after}"


def remove() -> None:
    """Remove the copy, with all that was committed to it."""
    shutil.rmtree(FOLDER, ignore_errors=True)


def current() -> Path:
    """The folder of registry.py and site.py: the copy's while the lab is up, else this checkout's."""
    return FOLDER / "inventory" if FOLDER.is_dir() else SOURCES
