import os
from pathlib import Path

import pytest

from node.machine import releases
from node.machine.releases import Release
from node.store.rights import Owner
from tests.unit.node.places import uid

USERS = Owner(uid(), uid())
TEMPLATES = Path(__file__).parents[4] / "templates"


@pytest.fixture
def folder(home: Path) -> Path:
    folder = home / "install"
    (folder / "sentinelcam").mkdir(parents=True)
    return folder


def look(service: str, folder: Path) -> Release | None:
    return releases.look(service, folder / f"{service}.py", USERS)


def fill(folder: Path, contents: dict[str, str]) -> None:
    for name, text in contents.items():
        (folder / name).write_text(text)


OUTPOST, NEW_OUTPOST = {"sentinelcam/outpost.py": "class Outpost"}, {"sentinelcam/outpost.py": "    setup_picamera()"}
TRACKER, INTAKE = {"sentinelcam/hosttracker.py": ""}, {"sentinelcam/picamera_intake.py": ""}
SENTINEL, NEW_SENTINEL = {"sentinel.py": "import zmq"}, {"sentinel.py": "if task == RESTART_ENGINE:"}
STATE = {"sentinel_state.py": ""}


@pytest.mark.parametrize(
    ("contents", "name"),
    [
        (OUTPOST, "0.2"),
        ({**NEW_OUTPOST, **INTAKE, **TRACKER}, "0.3"),
        ({**OUTPOST, **TRACKER}, "between 0.2 and 0.3"),
        ({**OUTPOST, **TRACKER, **INTAKE}, "between 0.2 and 0.3"),
        ({**NEW_OUTPOST, **TRACKER}, "between 0.2 and 0.3"),
    ],
)
def test_imagenode(folder: Path, contents: dict[str, str], name: str) -> None:
    fill(folder, contents)
    assert look("imagenode", folder) == Release(name)


@pytest.mark.parametrize(
    ("contents", "name"),
    [
        (SENTINEL, "to 0.2.4"),
        (NEW_SENTINEL, "0.2.5"),
        ({**NEW_SENTINEL, **STATE}, "from 0.2.6"),
        ({**SENTINEL, **STATE}, "from 0.2.6"),
    ],
)
def test_sentinel(folder: Path, contents: dict[str, str], name: str) -> None:
    fill(folder, contents)
    assert look("sentinel", folder) == Release(name)


def test_the_others_have_no_signs(folder: Path) -> None:
    assert look("datapump", folder) is None


def test_what_is_not_there_is_unknown(folder: Path) -> None:
    outpost = folder / "sentinelcam" / "outpost.py"
    assert look("imagenode", folder) == Release(
        "unknown", f"{outpost}: missing; expected an imagenode that knows outposts"
    )
    assert look("sentinel", folder) == Release("unknown", f"{folder}/sentinel.py: missing")


@pytest.mark.parametrize("kind", ["fifo", "folder", "root's alone", "a link to what is root's alone", "a loop"])
def test_what_cannot_be_looked_at_is_unknown(folder: Path, tmp_path: Path, kind: str) -> None:
    """A sign that is hidden must not make a new release an old one."""
    fill(folder, NEW_SENTINEL)
    sign, secret = folder / "sentinel_state.py", tmp_path / "secret"
    secret.mkdir(mode=0o700)
    (secret / "sentinel_state.py").touch(0o600)
    if kind == "fifo":
        os.mkfifo(sign)
    elif kind == "folder":
        sign.mkdir()
    elif kind == "root's alone":
        sign.touch(0o600)
    elif kind == "a loop":
        sign.symlink_to(sign)
    else:
        (folder / "again").symlink_to(secret)
        os.chown(folder / "again", *USERS, follow_symlinks=False)
        folder = folder / "again"
    found = look("sentinel", folder)
    assert found is not None
    assert (found.name, bool(found.reason)) == ("unknown", True)


def test_a_folder_that_its_user_has_moved_is_looked_at(home: Path, folder: Path) -> None:
    fill(folder, NEW_SENTINEL)
    (home / "sentinel").symlink_to(folder)
    os.chown(home / "sentinel", *USERS, follow_symlinks=False)
    assert look("sentinel", home / "sentinel") == Release("0.2.5")
