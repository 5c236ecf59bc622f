"""A host that nobody ever deployed to and that lacks several things at once: each is told, and mended as it is told."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import debs, keys, pages
from lab.architecture import ARCHITECTURE
from lab.disk import CLOCK_IS_OFF
from lab.lab import Lab
from lab.pages import Pages
from lab.wheels import wheel
from tests.fleet import unpinned
from tests.fleet.conftest import NodeOf
from tests.fleet.missing import SOURCES
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, Run, deploy, modelctl, predict, pyinfra

SITE = ("--site", str(DEFAULT_SITE))
BOTH = ("--limit", "east", "--limit", "lab1")
INSTALL = "/home/ops/imagenode"
KEEPER = f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/rm -f {CLOCK_IS_OFF}\n"
"""The unit of what sets the lab's clock right."""
ENABLED = "[Install]\nWantedBy=multi-user.target\n"
WHEEL = "labcam-1.0-py3-none-any.whl"


def typed(command: str) -> Run:
    """What a line says, as it is typed."""
    program, *words = shlex.split(command)
    return modelctl(*words) if program == "modelctl" else pyinfra(*words[1:], site=Path(words[0]))


def lacks(run: Run) -> dict[str, dict[str, Any]]:
    """What lab1 lacks, by check."""
    return {each["check"]: each for each in run.json["hosts"]["lab1"]["lacks"]}


def doctor() -> dict[str, dict[str, Any]]:
    run = modelctl("doctor", "lab1", "--json", *SITE)
    found = lacks(run)
    assert (run.code, run.json["ok"]) == ((3, False) if found else (0, True))
    return found


@pytest.fixture
def lacking(lab: Lab, node: NodeOf, release_pages: Pages, settled: None) -> Iterator[Node]:
    """lab1 as new, without rsync, a kept clock, its service's code or a trusted key."""
    del settled
    lab.reset("lab1")
    lab1 = node("lab1")
    programs = {f"usr/bin/{name}": debs.Program(_bytes(lab1, f"/usr/bin/{name}")) for name in ("rsync", "rrsync")}
    packages: dict[str, tuple[dict[str, str], bytes]] = {}
    for name, version, files in (
        ("rsync", "3.5.0-1", programs),
        ("systemd-timesyncd", "252-1", {"lib/systemd/system/systemd-timesyncd.service": f"{KEEPER}{ENABLED}".encode()}),
    ):
        fields = debs.control(name, version, ARCHITECTURE)
        packages[f"{name}.deb"] = (fields, debs.build(fields, files))
    release_pages.put({f"debian/{name}": content for name, content in debs.repository(packages).items()})
    link = f'<!DOCTYPE html><html><body><a href="{WHEEL}">{WHEEL}</a></body></html>\n'
    release_pages.put(
        {"simple/labcam/index.html": link.encode(), f"simple/labcam/{WHEEL}": wheel(WHEEL, {"labcam.py": b""})}
    )
    lab1.shell(f"dpkg --purge rsync && touch {CLOCK_IS_OFF} && mv {INSTALL} /root/imagenode")
    lab1.write(SOURCES, pages.APT_LINE)
    known = keys.KNOWN_HOSTS.read_text()
    keys.KNOWN_HOSTS.write_text("".join(line for line in known.splitlines(True) if "198.18.0.20 " not in line))
    yield lab1
    keys.KNOWN_HOSTS.write_text(known)
    lab.reset("lab1")


def _bytes(node: Node, path: str) -> bytes:
    command = [*node.lab.console(node.name), "cat", path]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def own_code(lab1: Node, folder: Path) -> Path:
    """The code of imagenode on the operator's machine, of a release that imports one module more."""
    archive = [*lab1.lab.console(lab1.name), "tar", "-C", "/root/imagenode", "-cf", "-", "."]
    packed = subprocess.run(archive, check=True, capture_output=True, timeout=60).stdout
    code = folder / "imagenode"
    code.mkdir()
    subprocess.run(["tar", "-C", str(code), "-xf", "-"], input=packed, check=True, timeout=60)
    script = code / "imagenode" / "imagenode.py"
    script.write_text(script.read_text().replace("import json\n", "import json\nimport labcam\n", 1))
    return code


def test_each_command_mends_what_it_is_told_for(lacking: Node, node: NodeOf, tmp_path: Path) -> None:
    east = node("east")
    others = east.snapshot()
    assert typed(f"{doctor()['host key']['mend']} --yes").code == 0

    table = modelctl("doctor", "lab1", "east", *SITE)
    assert table.code == 3
    assert "lab1  packages  no rsync " in table.out, table.out
    assert "east" not in table.out
    predicted, run = predict(*BOTH), deploy(*BOTH)
    line = (
        f"{INSTALL}/imagenode/imagenode.py: no file that ops can read; expected imagenode's own code and Python, which "
        "a deploy does not bring; then run again"
    )
    assert (predicted.code, run.code, run.failed()) == (1, 1, {"lab1"})
    assert all(each.lines_with(line) for each in (predicted, run))
    assert not lacking.exists(STATE), "nothing is left by a run that could not end well"
    assert not lacking.exists(INSTALL)
    assert east.snapshot() == others

    found = doctor()
    assert list(found) == ["packages", "clock", "code", "pull key"]
    assert found["packages"]["mend"] == found["clock"]["mend"]
    assert typed(found["clock"]["mend"]).code == 0
    assert list(doctor()) == ["code", "pull key"]
    assert typed(found["code"]["mend"].replace("PATH-OF-IMAGENODE", str(own_code(lacking, tmp_path)))).code == 0
    assert typed(found["pull key"]["mend"]).code == 0
    assert list(rest := doctor()) == ["environment"]
    assert rest["environment"]["found"] == "no labcam"
    assert typed(rest["environment"]["mend"]).code == 0
    assert doctor() == {}
    site, _ = unpinned.write(tmp_path)  # hosts are prepared before anything is pinned
    again = pyinfra("deploys/prepare.py", "-y", "--json", "--limit", "lab1", site=site)
    assert (again.code, again.changed()) == (0, {})
    assert deploy("--limit", "lab1").code == 0
