"""Taking a stack in: staged, verified, renamed, listed, and never over anything."""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelctl.registry import registry_lister, stack_receiver
from modelctl.registry.stack_receiver import obey
from modelctl.registry.travelling import source

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
    order = {
        "do": "receive", "registry": str(registry), "version": VERSION, "name": name, "sha256": sha256(content),
        "size": len(content), "again": AGAIN,
    }  # fmt: skip
    fault: str | None = obey({**order, **changes}, io.BytesIO(content))["fault"]
    return fault


def finish(registry: Path, **changes: Any) -> dict[str, Any]:
    order = {
        "do": "finish", "registry": str(registry), "version": VERSION, "files": sorted(FILES), "digests": {},
        "head": HEAD, "tail": "previous_version: null\n", "again": AGAIN,
    }  # fmt: skip
    return obey({**order, **changes}, io.BytesIO())


def store(registry: Path) -> Path:
    for name, content in FILES.items():
        assert send(registry, name, content) is None
    assert finish(registry)["fault"] is None
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
    found = registry_lister.list_registry(str(tmp_path), ["coral_packages"])
    assert ([each["version"] for each in found["versions"]], found["leftovers"]) == ([VERSION], [])


def test_never_over_anything(tmp_path: Path) -> None:
    folder = store(tmp_path)
    before = (folder / "manifest.yaml").read_bytes()
    for name, content in FILES.items():
        send(tmp_path, name, content + b"!")
    assert finish(tmp_path)["fault"] == f"{folder}: it came there meanwhile; {AGAIN}"
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
    digests = {"a.deb": sha256(FILES["a.deb"]), "b.whl": "0" * 64}
    assert finish(tmp_path, digests=digests)["fault"] == (
        f"b.whl: found SHA-256 {sha256(FILES['b.whl'])}, pinned is {'0' * 64}: the release page has another file under "
        "that name; pins are append-only: bring the pinned file, or define these as another version"
    )
    assert [path.name for path in (tmp_path / "coral_packages" / f".import-{VERSION}").iterdir()] == ["a.deb"]
    assert not (tmp_path / "coral_packages" / VERSION).exists()


def test_a_file_that_never_came(tmp_path: Path) -> None:
    send(tmp_path, "a.deb", b"x")
    missing = tmp_path / "coral_packages" / f".import-{VERSION}" / "b.whl"
    assert finish(tmp_path)["fault"] == f"{missing}: No such file or directory; mend that there, and run it again"


def test_what_is_stored(tmp_path: Path) -> None:
    folder = store(tmp_path)
    found = obey({"do": "look", "registry": str(tmp_path), "versions": [VERSION, "2026-01-01"]}, io.BytesIO())
    manifest = (folder / "manifest.yaml").read_text()
    sizes = {"a.deb": 15, "b.whl": 10, "manifest.yaml": len(manifest)}
    assert (found["fault"], found["stored"]) == (None, {VERSION: {"manifest": manifest, "files": sizes}})
    assert found["free"] > 0


def test_one_at_a_time(tmp_path: Path) -> None:
    with stack_receiver._staging({"registry": str(tmp_path), "version": VERSION, "again": AGAIN}) as staging:
        assert send(tmp_path, "a.deb", b"x") == (
            f"{staging}: another download is running there; wait for it, then {AGAIN}"
        )


def test_as_it_travels(tmp_path: Path) -> None:
    order = {"do": "look", "registry": str(tmp_path / "none"), "versions": [VERSION]}
    done = subprocess.run(
        [sys.executable, "-I", "-c", source(stack_receiver)], input=json.dumps(order),
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["stored"] == {}


@pytest.mark.parametrize("moment", range(1, 40))
def test_killed_anywhere_it_comes_whole_the_next_time(tmp_path: Path, moment: int) -> None:
    """At each change to the disk of the step that makes the version."""
    for name, content in FILES.items():
        send(tmp_path, name, content)
    order = {
        "do": "finish", "registry": str(tmp_path), "version": VERSION, "files": sorted(FILES), "digests": {},
        "head": HEAD, "tail": "", "again": AGAIN,
    }  # fmt: skip
    prelude = (
        "import os, sys\nleft = [MOMENT]\n"
        "def watch(event, words):\n"
        "    if event in {'os.chmod', 'os.rename', 'os.remove', 'open'} and 'coral_packages' in str(words):\n"
        "        left[0] -= 1\n        if not left[0]: os.kill(os.getpid(), 9)\n"
        "sys.addaudithook(watch)\n"
    ).replace("MOMENT", str(moment))
    begin = 'if __name__ == "__main__":'
    program = source(stack_receiver).replace(begin, f"{begin}\n    exec({prelude!r})")
    words = [sys.executable, "-I", "-c", program]
    subprocess.run(words, input=json.dumps(order), capture_output=True, text=True, timeout=30, check=False)
    final = tmp_path / "coral_packages" / VERSION
    if not final.exists():
        assert finish(tmp_path)["fault"] is None
    assert sorted(path.name for path in final.iterdir()) == ["a.deb", "b.whl", "manifest.yaml"]
