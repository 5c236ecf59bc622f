"""Taking a stack in: staged, verified, renamed, listed, and never over anything."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from node import protocol
from node.codec import Text
from node.protocol.registry import (
    FindStacks,
    ListedVersion,
    Listing,
    ListRegistry,
    Measured,
    ReceivePackage,
    StoredStacks,
    StoreStack,
)
from node.registry import fetching
from tests.unit.node.registry.asking import ask, killed_at, refusal, travel

VERSION, AGAIN = "2025-12-19", "run it again"
HEAD = (
    f"name: 'coral_packages'\nversion: '{VERSION}'\ntensorflow: '2.17.1'\npython: '3.11'\ndebian: 'bookworm'\n"
    "architecture: 'arm64'\n"
)
FILES = {"a.deb": b"!<arch>\nlibrary", "b.whl": b"PK\x03\x04python"}
LIST = """\
# The Coral stacks that are stored here, for people. Written anew with each.
stacks:
- version: '2025-12-19'
  tensorflow: '2.17.1'
  python: '3.11'
  debian: 'bookworm'
  architecture: 'arm64'
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def send(registry: Path, name: str, content: bytes, **changes: Any) -> str | None:
    measured = Measured(sha256(content), len(content))._replace(**changes)
    return refusal("receive-package", ReceivePackage(registry, VERSION, name, measured, AGAIN), content)


def desired(registry: Path, **digests: str) -> StoreStack:
    named = {name.replace("_", "."): digest for name, digest in digests.items()}
    return StoreStack(registry, VERSION, dict.fromkeys(FILES), named, Text(HEAD), AGAIN)


def finish(registry: Path, **digests: str) -> str | None:
    return refusal("store-stack", desired(registry, **digests))


def store(registry: Path) -> Path:
    for name, content in FILES.items():
        assert send(registry, name, content) is None
    assert finish(registry) is None
    return registry / "coral_packages" / VERSION


def test_a_stack_comes_whole(tmp_path: Path) -> None:
    folder = store(tmp_path / "registry")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in FILES} == FILES
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert (folder / "manifest.yaml").read_text() == (
        f"{HEAD}files:\n- name: 'a.deb'\n  sha256: '{sha256(FILES['a.deb'])}'\n  size: 15\n"
        f"- name: 'b.whl'\n  sha256: '{sha256(FILES['b.whl'])}'\n  size: 10\nprevious_version: null\n"
    )
    assert (folder.parent / "manifest.yaml").read_text() == LIST
    assert sorted(path.name for path in folder.parent.iterdir()) == [VERSION, "manifest.yaml"]


def test_the_list_is_no_version(tmp_path: Path) -> None:
    store(tmp_path)
    found = ask("list-registry", ListRegistry(tmp_path, ["coral_packages"]), Listing)
    assert ([*found.models["coral_packages"]], found.leftovers) == ([VERSION], [])


def test_never_over_anything(tmp_path: Path) -> None:
    folder = store(tmp_path)
    before = (folder / "manifest.yaml").read_bytes()
    for name, content in FILES.items():
        send(tmp_path, name, content + b"!")
    assert finish(tmp_path) == f"{folder}: it came there meanwhile; {AGAIN}"
    assert (folder / "manifest.yaml").read_bytes() == before


def test_bytes_that_are_not_those_announced(tmp_path: Path) -> None:
    place = tmp_path / "coral_packages" / f".import-{VERSION}" / "a.deb"
    assert send(tmp_path, "a.deb", b"abc", size=4) == f"{place}: 3 of 4 bytes came; {AGAIN}"
    assert send(tmp_path, "a.deb", b"abc", sha256="0" * 64) == (
        f"{place}: other bytes came than were announced; {AGAIN}"
    )
    assert not place.exists()


def test_a_file_that_is_not_the_pinned_one_goes(tmp_path: Path) -> None:
    for name, content in FILES.items():
        send(tmp_path, name, content)
    assert finish(tmp_path, a_deb=sha256(FILES["a.deb"]), b_whl="0" * 64) == (
        f"b.whl: found SHA-256 {sha256(FILES['b.whl'])}, pinned is {'0' * 64}: the release page has another file under "
        "that name; pins are append-only: bring the pinned file, or define these as another version"
    )
    assert [path.name for path in (tmp_path / "coral_packages" / f".import-{VERSION}").iterdir()] == ["a.deb"]
    assert not (tmp_path / "coral_packages" / VERSION).exists()


def test_a_file_that_never_came(tmp_path: Path) -> None:
    send(tmp_path, "a.deb", b"x")
    missing = tmp_path / "coral_packages" / f".import-{VERSION}" / "b.whl"
    assert finish(tmp_path) == f"{missing}: No such file or directory; mend that there and run it again"


def test_what_is_stored(tmp_path: Path) -> None:
    folder = store(tmp_path)
    found = ask("find-stacks", FindStacks(tmp_path, [VERSION, "2026-01-01"]), StoredStacks)
    manifest = (folder / "manifest.yaml").read_text()
    sizes = {"a.deb": 15, "b.whl": 10, "manifest.yaml": len(manifest)}
    assert found.stored == {VERSION: ListedVersion(sizes, manifest.encode())}
    assert found.free > 0


def test_one_at_a_time(tmp_path: Path) -> None:
    staging = tmp_path / "coral_packages" / f".import-{VERSION}"
    with fetching.alone(staging, AGAIN):
        assert send(tmp_path, "a.deb", b"x") == (
            f"{staging}: another download is running there; wait for it, then {AGAIN}"
        )


@pytest.mark.parametrize("name", ["find-stacks", "receive-package"])
def test_as_it_travels(tmp_path: Path, name: str) -> None:
    """With bytes that are no text right after the question."""
    content = bytes(range(256)) * 5000
    measured = Measured(sha256(content), len(content))
    asked = {
        "find-stacks": FindStacks(tmp_path / "none", [VERSION]),
        "receive-package": ReceivePackage(tmp_path, VERSION, "a.deb", measured, AGAIN),
    }[name]
    done = travel(name, asked, content)
    assert (done.returncode, done.stderr) == (0, b"")
    if name == "find-stacks":
        assert protocol.loads(StoredStacks, done.stdout.decode()).stored == {}
    else:
        assert (tmp_path / "coral_packages" / f".import-{VERSION}" / "a.deb").read_bytes() == content


def test_killed_anywhere_it_comes_whole_the_next_time(tmp_path: Path) -> None:
    """At each change to the disk of the step that makes the version."""
    moment, was_killed = 0, True
    while was_killed:
        moment += 1
        registry = tmp_path / str(moment)
        for name, content in FILES.items():
            send(registry, name, content)
        was_killed = killed_at(moment, "store-stack", desired(registry))
        final = registry / "coral_packages" / VERSION
        if not final.exists():
            assert finish(registry) is None
        assert sorted(path.name for path in final.iterdir()) == ["a.deb", "b.whl", "manifest.yaml"]
    assert moment > 20


def test_what_a_broken_download_left_goes(tmp_path: Path) -> None:
    staging = tmp_path / "coral_packages" / f".import-{VERSION}"
    staging.mkdir(parents=True)
    (staging / ".c.deb.part").write_bytes(b"half")
    assert sorted(path.name for path in store(tmp_path).iterdir()) == ["a.deb", "b.whl", "manifest.yaml"]
