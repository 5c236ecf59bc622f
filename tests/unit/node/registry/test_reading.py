"""What reads version folders on the datasink."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from node import protocol
from node.protocol.registry import FolderContents, Measured, ReadFolder
from node.registry import own
from node.registry.own import MANIFEST_LIMIT
from node.store import disk
from tests.unit.cases import each
from tests.unit.node.registry.asking import ask, travel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "cats" / "2026-01-01"
    path.mkdir(parents=True)
    return path


def question(tmp_path: Path) -> ReadFolder:
    return ReadFolder(tmp_path, ["cats", "2026-01-01"])


def read(tmp_path: Path) -> FolderContents:
    return ask("read-folder", question(tmp_path), FolderContents)


def test_files_are_measured_and_the_manifest_comes_along(tmp_path: Path, folder: Path) -> None:
    big = b"x" * (2 * disk.CHUNK + 1)
    (folder / "big").write_bytes(big)
    (folder / "manifest.yaml").write_bytes(b"name: cats\n")
    found = read(tmp_path)
    assert found.files["big"] == Measured(hashlib.sha256(big).hexdigest(), len(big))
    assert found.files.keys() == {"big", "manifest.yaml"}
    assert found.manifest == b"name: cats\n"
    assert (found.others, found.fault) == ({}, None)


def test_a_huge_manifest_comes_cut_off_past_the_limit(tmp_path: Path, folder: Path) -> None:
    (folder / "manifest.yaml").write_bytes(b"x" * (3 * MANIFEST_LIMIT))
    assert len(read(tmp_path).manifest or b"") == MANIFEST_LIMIT + 1


def test_what_is_no_file_is_named_and_not_followed(tmp_path: Path, folder: Path) -> None:
    (folder / "manifest.yaml").symlink_to("/etc/hostname")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "sub").mkdir()
    os.mknod(folder / "socket", stat.S_IFSOCK | 0o600)
    found = read(tmp_path)
    assert found.others == {
        "manifest.yaml": "a link", "dangling": "a link", "sub": "a folder", "socket": "a special file",
    }  # fmt: skip
    assert (found.files, found.manifest) == ({}, None)


def test_a_name_that_is_no_utf8_is_spelt_out(tmp_path: Path, folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n")).touch()
    assert list(read(tmp_path).files) == ["\\udcff\n"]


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 23147564\n"
POINTER = "a Git LFS pointer; expected the file itself: get it with git lfs pull, and copy that"
PAGE = "an HTML page; expected the file itself: download it anew"


@each(
    "name, content, said",
    [
        ("x.caffemodel", LFS, POINTER),
        ("manifest.yaml", LFS, POINTER),
        ("x.tflite", b"<!DOCTYPE html>\n<html lang=en>", PAGE),
        ("x.tflite", b"\xef\xbb\xbf\r\n  <!doctype HTML PUBLIC", PAGE),
        ("coco_labels.txt", b"<HTML><head><title>404", PAGE),
    ],
)
def test_what_came_in_a_files_place(tmp_path: Path, folder: Path, name: str, content: bytes, said: str) -> None:
    """S11."""
    (folder / name).write_bytes(content)
    found = read(tmp_path)
    assert (found.files, found.others, found.manifest) == ({}, {name: said}, None)
    (folder / name).unlink()


@each(
    "name, content",
    [
        ("haarcascade_eye.xml", b"<?xml version='1.0'?>\n<opencv_storage>"),
        ("report.html", b"<!DOCTYPE html>"),
        ("x.csv", b"name\n<html>\n"),
        ("notes.txt", b"a version https://git-lfs.github.com/spec/v1"),
        ("x.bin", b""),
        ("x.bin", b"version "),
    ],
)
def test_what_only_looks_like_it(tmp_path: Path, folder: Path, name: str, content: bytes) -> None:
    """S11."""
    (folder / name).write_bytes(content)
    found = read(tmp_path)
    assert (list(found.files), found.others) == ([name], {})
    (folder / name).unlink()


def test_an_unreadable_file(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bad").touch()
    (folder / "good").touch()
    measure = own.measure

    def fails(path: Path) -> Measured:
        if path.name == "bad":
            raise OSError(5, "Input/output error", str(path))
        return measure(path)

    monkeypatch.setattr(own, "measure", fails)
    found = read(tmp_path)
    assert (list(found.files), found.others) == (["good"], {"bad": "unreadable: Input/output error"})


def test_no_folder(tmp_path: Path) -> None:
    assert read(tmp_path).fault == f"{tmp_path}/cats: No such file or directory"
    (tmp_path / "cats").mkdir()
    assert read(tmp_path).fault == f"{tmp_path}/cats/2026-01-01: No such file or directory"
    (tmp_path / "cats" / "2026-01-01").touch()
    assert read(tmp_path).fault == f"{tmp_path}/cats/2026-01-01 is a file"


def test_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path, folder: Path) -> None:
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert read(tmp_path).fault == f"{folder} is a link"
    folder.unlink()
    folder.parent.rmdir()
    folder.parent.symlink_to(tmp_path)
    assert read(tmp_path).fault == f"{folder.parent} is a link"


def test_it_needs_nothing_but_the_program(tmp_path: Path, folder: Path) -> None:
    (folder / "a").write_bytes(b"a")
    done = travel("read-folder", question(tmp_path))
    assert protocol.loads(FolderContents, done.stdout.decode()) == read(tmp_path)
