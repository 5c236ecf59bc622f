"""A site begins without pins: the operator pins what the datasink holds, and never what was tampered with."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.fleet import PINS, fleet
from tests.fleet import unpinned
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import Run, hint, modelctl
from tests.fleet.unpinned import REGISTRY

pytestmark = pytest.mark.usefixtures("lab")

VERSION = "face_recognition/2026-02-02"
FILE = f"{REGISTRY}/{VERSION}/facemodel.pickle"


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    return unpinned.write(tmp_path)[1]


@pytest.fixture
def site(pins: Path) -> Path:
    return pins.with_name("inventory.py")


@pytest.fixture
def tampered(node: NodeOf) -> Iterator[str]:
    """The SHA-256 of a file of the registry after its first byte was changed; put back afterwards."""
    data1 = node("data1")
    data1.shell(f"cp --preserve=all {FILE} /root/untouched")
    try:
        data1.shell(f"printf X | dd of={FILE} conv=notrunc bs=1 count=1 status=none")
        yield data1.sha256(FILE)
    finally:
        data1.shell(f"cp --preserve=all /root/untouched {FILE} && rm /root/untouched")


def all_pins() -> dict[str, dict[str, object]]:
    """The lab's pins, which are those of every version that its datasink stores."""
    pins = json.loads(PINS.read_text(encoding="utf-8"))
    assert isinstance(pins, dict)
    return pins


def pin(site: Path, *words: str) -> Run:
    return modelctl("pin", *words, "--site", str(site))


def test_all_that_is_stored_is_pinned_with_the_bytes_that_the_datasink_holds(site: Path, pins: Path) -> None:
    refused = pin(site)
    assert (refused.code, pins.read_text()) == (1, "{}\n")
    assert refused.err == "no terminal to ask at, nothing was pinned; without a question: --yes\n"

    first = pin(site, "--yes")
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[-1] == f"{sum(map(len, all_pins().values()))} pinned; commit {pins}"
    assert json.loads(pins.read_text()) == all_pins()

    before = pins.read_bytes()
    second = pin(site, "--yes")
    assert (second.code, second.err) == (0, "")
    assert second.out == f"{pins}: nothing to pin, it has every version that a host wants or data1 stores\n"
    assert pins.read_bytes() == before


def test_one_version_by_name(site: Path, pins: Path) -> None:
    assert pin(site, "haarcascades", "2026-05-01", "--yes").code == 0
    pinned = json.loads(PINS.read_text(encoding="utf-8"))["haarcascades"]["2026-05-01"]
    assert json.loads(pins.read_text()) == {"haarcascades": {"2026-05-01": pinned}}
    again = pin(site, "haarcascades", "2026-05-01")
    assert (again.code, again.out) == (0, "haarcascades/2026-05-01: already pinned, and data1 holds just that\n")


def test_a_changed_byte_is_refused_by_name_and_the_other_versions_are_pinned(
    site: Path, pins: Path, tampered: str
) -> None:
    run = pin(site, "--yes")
    model, version = VERSION.split("/")
    said = json.loads(PINS.read_text(encoding="utf-8"))[model][version]["files"]["facemodel.pickle"]["sha256"]
    assert tampered != said
    assert run.code == 1
    assert run.err.splitlines() == [
        f"data1: {VERSION}: changed: facemodel.pickle: found SHA-256 {tampered}; manifest.yaml says {said}",
        f"not pinned: {VERSION}; when that is mended: {hint('pin', site)}",
    ]
    expected = all_pins()
    del expected[model][version]
    assert json.loads(pins.read_text()) == expected


def test_a_datasink_with_another_host_key_is_not_believed(site: Path, pins: Path, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    data1, data2 = (line.split() for line in fleet().site.known_hosts.read_text(encoding="utf-8").splitlines()[:2])
    known.write_text(" ".join([data1[0], *data2[1:]]) + "\n", encoding="utf-8")
    text = site.read_text(encoding="utf-8")
    changed = f"site=fleet().site.model_copy(update={{'known_hosts': Path({str(known)!r})}})"
    site.write_text(text.replace("replace(fleet(), ", f"replace(fleet(), {changed}, "), encoding="utf-8")
    run = pin(site, "--yes")
    assert (run.code, pins.read_text()) == (1, "{}\n")
    [line] = run.err.splitlines()
    assert line.startswith("data1 (198.18.0.")
    assert line.endswith(f"Host key verification failed; is its key trusted? {hint('trust data1', site)}")
