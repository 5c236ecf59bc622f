"""Seeing the models: what is named, stored, run and whole. Each story ends as it began."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.node import Node
from tests.fleet.operator import DEFAULT_SITE, Run, hint, modelctl
from tests.unit.modelctl.terminal import on_a_terminal

pytestmark = pytest.mark.usefixtures("deployed")

REGISTRY = "/home/ops/sentinelcam/model_registry"
MODELS = "/home/ops/sentinel/models"
EYE = f"{REGISTRY}/haarcascades"
PROTOTXT = "face_detection/2020-03-25/deploy.prototxt"

LIST = """\
model                     current     previous    overrides  versions      size
mobilenet_ssd             2020-12-06  none        none              3   24.9 MB
mobilenet_ssd_depthai     2022-04-02  none        none              1   14.5 MB
mobilenet_ssd_edgetpu     2025-12-19  none        none              1    7.0 MB
face_detection            2020-03-25  none        none              1   10.7 MB
face_detection_edgetpu    2025-12-19  none        none              1    7.0 MB
face_detection_blazeface  2026-01-02  none        none              1  230.1 kB
face_recognition          2026-02-02  2025-02-25  none              3    9.0 MB
haarcascades              2020-03-25  none        none              2    1.3 MB
openface_torch            2020-03-25  none        none              1   31.5 MB
coral_packages            2025-12-19  none        none              2    5.4 MB
"""
FACES = """\
version     date          size  digest        pinned  marks     metrics
2026-03-03  2026-03-03  3.1 MB  91dfa3ba44c6  yes     none      accuracy 0.962, events 170
2026-02-02  2026-02-02  3.0 MB  692455aeb3e2  yes     current   accuracy 0.957, events 140
2025-02-25  2025-02-25  2.9 MB  9132a2a315ba  yes     previous  accuracy 0.941, events 80

host      gets        runs
data1     2026-02-02  2026-02-02
sentinel  2026-02-02  2026-02-02
data2     2026-02-02  2026-02-02
"""


@pytest.fixture
def data1(node: NodeOf) -> Node:
    return node("data1")


def see(*words: str, site: Path = DEFAULT_SITE) -> Run:
    return modelctl(*words, "--site", str(site))


@contextmanager
def tampered(host: Node, path: str) -> Iterator[tuple[str, str]]:
    """Change the first byte of a file, and put it back. Gives its SHA-256 with and without the change."""
    untouched = host.sha256(path)
    host.shell(f"cp --preserve=all {path} /root/untouched")
    try:
        host.shell(f"printf X | dd of={path} conv=notrunc bs=1 count=1 status=none")
        yield host.sha256(path), untouched
    finally:
        host.shell(f"cp --preserve=all /root/untouched {path} && rm /root/untouched")


def test_list(data1: Node) -> None:
    run = see("list")
    assert (run.code, run.out, run.err) == (0, LIST, "")
    stored = data1.shell(f"find {EYE} -type f -printf '%s\\n'").split()
    assert see("list", "--json").json["models"]["haarcascades"] == {
        "current": "2020-03-25", "previous": None, "overrides": {}, "versions": ["2026-05-01", "2020-03-25"],
        "bytes": sum(map(int, stored)), "unreadable": {},
    }  # fmt: skip


def test_list_on_a_terminal() -> None:
    code, shown = on_a_terminal(DEFAULT_SITE, "list", COLUMNS="100")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert shown != plain
    lines = [line.rstrip() for line in plain.splitlines()]
    assert (code, lines) == (0, LIST.splitlines())


def test_without_the_datasink_what_it_stores_is_unknown(data1: Node) -> None:
    data1.lab.cut("data1")
    try:
        run, status = see("list"), see("status", "lab1")
    finally:
        data1.lab.mend("data1")
    table, line = run.out.split("\n\n")
    assert table.splitlines()[1].split() == ["mobilenet_ssd", "2020-12-06", "none", "none", "unknown", "unknown"]
    assert (run.code, run.err) == (3, "")
    assert re.fullmatch(r"data1 \(198\.18\.0\.50\): .*; look at its power and its cable, then run again\n", line)
    assert status.code == 0
    assert status.out.endswith(line)


def test_show(data1: Node) -> None:
    run = see("show", "face_recognition")
    assert (run.code, run.out, run.err) == (0, FACES, "")
    assert data1.sha256(f"{REGISTRY}/face_recognition/2026-02-02/manifest.yaml").startswith("692455aeb3e2")


def test_an_override_is_marked(tmp_path: Path) -> None:
    own = site.write(tmp_path / "own.py", hosts={"lab1": {"model_version_overrides": {"mobilenet_ssd": "2026-05-01"}}})
    assert "mobilenet_ssd             2020-12-06  none        lab1=2026-05-01         3  " in see("list", site=own).out
    versions, hosts = see("show", "mobilenet_ssd", site=own).out.split("\n\n")
    assert versions.splitlines()[2].split()[6:10] == ["override", "on", "lab1", "none"]
    assert hosts.splitlines()[2] == "lab1      2026-05-01  2020-12-06"
    status = see("status", "lab1", site=own)
    assert status.out.split("\n\n")[1].splitlines()[1] == (
        "lab1  imagenode  mobilenet_ssd  2026-05-01 (override)  2020-12-06"
    )


def test_verify_of_what_is_whole() -> None:
    run = see("verify", "face_detection", "--nodes")
    assert (run.code, run.err) == (0, "")
    assert (
        run.out
        == """\
host      folder    model           version     against  missing  extra  changed
data1     registry  face_detection  2020-03-25  pin            0      0        0
sentinel  models    face_detection  2020-03-25  pin            0      0        0
"""
    )
    everything = see("verify", "--nodes", "--json").json
    assert everything["ok"], everything
    assert {each["host"] for each in everything["versions"]} == {"data1", "data2", "sentinel", "lab1", "east", "alpha5"}


def test_verify_finds_a_byte_that_was_changed_on_the_datasink(data1: Node) -> None:
    with tampered(data1, f"{REGISTRY}/{PROTOTXT}") as (found, said):
        data1.shell(f"touch {REGISTRY}/face_detection/2020-03-25/notes.txt")
        run = see("verify", "face_detection")
        data1.shell(f"rm {REGISTRY}/face_detection/2020-03-25/notes.txt")
    assert (run.code, run.err) == (3, "")
    assert (
        run.out
        == f"""\
host   folder    model           version     against  missing  extra  changed
data1  registry  face_detection  2020-03-25  pin            0      1        1

extra: data1 registry: face_detection/2020-03-25: notes.txt
changed: data1 registry: face_detection/2020-03-25: deploy.prototxt: found SHA-256 {found}; its pin says {said}
data1 registry: put the files back below {REGISTRY}, or name another version; then: {hint("verify")}
"""
    )
    assert see("verify", "face_detection").code == 0


def test_verify_finds_a_byte_that_was_changed_on_a_node(node: NodeOf) -> None:
    sentinel = node("sentinel")
    linked = f"{MODELS}/face_recognition/2026-02-02/facelist.csv"
    with tampered(sentinel, f"{MODELS}/{PROTOTXT}") as (found, said):
        run = see("verify", "face_detection", "--nodes")
    assert (run.code, run.err) == (3, "")
    assert (
        run.out
        == f"""\
host      folder    model           version     against  missing  extra  changed
data1     registry  face_detection  2020-03-25  pin            0      0        0
sentinel  models    face_detection  2020-03-25  pin            0      0        1

changed: sentinel models: face_detection/2020-03-25: deploy.prototxt: found SHA-256 {found}; its pin says {said}
sentinel models: a deploy mends what the host gets, and leaves what is extra: \
pyinfra {DEFAULT_SITE} deploys/models.py --limit sentinel --data verify=full -y
"""
    )
    with tampered(sentinel, linked):
        assert see("verify", "face_recognition", "--nodes").code == 0, "a linked file belongs to the node"


def test_verify_compares_the_face_lists_of_datasinks(node: NodeOf) -> None:
    with tampered(node("data2"), "/home/ops/sentinelcam/face_recognition/facelist_2026-02-02.csv") as (found, said):
        run = see("verify", "face_recognition", "--nodes")
    assert (run.code, run.err) == (3, "")
    assert run.out.split("\n\n")[1].splitlines()[0] == (
        "changed: data2 face list: face_recognition/2026-02-02: facelist_2026-02-02.csv: "
        f"found SHA-256 {found}; its pin says {said}"
    )


def test_what_is_unfinished_in_the_registry_is_told_and_no_failure(data1: Node) -> None:
    made = [f"{EYE}/{name}" for name in ("2026-05-09", ".import-2026-06-01", ".retired-2019-01-01")]
    data1.shell(f"cp -a {EYE}/2026-05-01 {made[0]}; mkdir {made[1]} {made[2]}")
    try:
        status, verify = see("status", "lab1"), see("verify", "haarcascades")
    finally:
        data1.shell(f"rm -r {' '.join(made)}")
    assert status.code == 0
    told = status.out.split("\n\n")[2].splitlines()
    assert [
        line for line in told if "haarcascades/" in line
    ] == [  # where others stored what, or a sweep is held, varies
        f"data1: haarcascades/2026-05-09 is stored and not pinned; to pin it: {hint('pin haarcascades 2026-05-09')}",
        f"data1: {made[1]}: an import has not ended; import again, or remove it there: sudo rm -r -- {made[1]}",
        f"data1: {made[2]}: a clean-up has not ended; end it there: sudo systemctl start model_cleanup",
    ]
    assert verify.code == 3
    assert verify.out.split("\n\n")[1].splitlines()[:2] == [
        "changed: data1 registry: haarcascades/2026-05-09: manifest.yaml: version: found '2026-05-01'; "
        "allowed: 2026-05-09, as the folder says",
        "data1 registry: haarcascades/2026-05-09: not pinned, so its own manifest counts; "
        f"to pin it: {hint('pin haarcascades 2026-05-09')}",
    ]


def test_a_wanted_version_that_is_not_stored_is_missing(data1: Node) -> None:
    data1.shell(f"mv {EYE}/2020-03-25 {EYE}/.away")
    try:
        verify, show = see("verify", "haarcascades"), see("show", "haarcascades")
    finally:
        data1.shell(f"mv {EYE}/.away {EYE}/2020-03-25")
    assert (verify.code, show.code) == (3, 3)
    assert "missing: data1 registry: haarcascades/2020-03-25: the whole version\n" in verify.out
    assert "haarcascades/2020-03-25: not stored, but named as current; store it, or name another version\n" in show.out
