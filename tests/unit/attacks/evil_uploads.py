"""What a trainer's upload key sends that no trainer sends, and what may lie where its files come to lie."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.unit.node.registry.uploading import CONTENTS, announced, line, whole

EVIL = "\x1b[2Jcats"


def one(**changed: object) -> bytes:
    """An announcement whose second file is another than it should be."""
    files = announced()
    return line([files[0], {**files[1], **changed}])


def many(number: int) -> bytes:
    """An announcement of so many files."""
    return line(announced({"manifest.yaml": b"", **{f"cats{n}": b"" for n in range(number - 1)}}))


def lying(contents: Mapping[str, bytes]) -> bytes:
    """Other bytes than were announced."""
    return line(announced()) + b"".join(contents.values())


ANNOUNCEMENTS = {
    "a name above": one(name="../cats.bin"),
    "a name from the root": one(name="/etc/passwd"),
    "a name below": one(name="a/b"),
    "the folder above": one(name=".."),
    "no name": one(name=""),
    "a hidden name": one(name=".cats.part"),
    "a name like an option": one(name="-rf"),
    "a name with a zero byte": one(name="cats\0"),
    "a name of two lines": one(name="cats\n"),
    "a name with a digit of another script": one(name="cat\u0661"),
    "a name that a terminal obeys": one(name=EVIL),
    "a long name": one(name="c" * 128),
    "a list in the place of a name": one(name=["cats"]),
    "less than nothing": one(size=-1),
    "a size with a point": one(size=1.0),
    "a size that is true": one(size=True),
    "a size that is a text": one(size="1"),
    "a size that is null": one(size=None),
    "a petabyte": one(size=10**15),
    "a size of 400 digits": one(size=10**400),
    "10 GB": one(size=10_000_000_000),
    "a short digest": one(sha256="ab"),
    "a digest in capitals": one(sha256="AB" * 32),
    "a digest that is a path": one(sha256="../" * 21 + "a"),
    "a file twice": line([*announced(), announced()[1]]),
    "no manifest": line(announced()[1:]),
    "no files": line([]),
    "33 files": many(33),
    "a large manifest": line([{**announced()[0], "size": 65_537}]),
    "an object in the place of the files": line({}),
    "a list": b"[]\n",
    "an empty object": b"{}\n",
    "the first conversation": b'{"format": 1, "files": []}\n',
    "the next conversation": b'{"format": 1, "conversation": 3, "files": []}\n',
    "a conversation that is a text": b'{"format": 1, "conversation": "2", "files": []}\n',
    "the next format": b'{"format": 2, "files": []}\n',
    "no UTF-8": b"\xff\n",
    "half of an object": b"{\n",
    "an empty line": b"\n",
    "brackets": b"[" * 60_000 + b"\n",
    "what rsync says": b"rsync\n",
    "a line as long as may be, without an end": b"{" + b" " * 65_535,
    "a longer line": b"{" + b" " * 66_560 + b"\n",
    "a line that is cut off": b"{}",
    "nothing": b"",
}
BYTES = {
    "another file of that size": lying({**CONTENTS, "cats.bin": CONTENTS["cats.bin"][::-1]}),
    "another manifest of that size": lying({**CONTENTS, "manifest.yaml": b"name: dogs\n"}),
    "a byte more": lying(CONTENTS) + b"x",
    "many bytes more": lying(CONTENTS) + bytes(200_000),
    "no byte": lying({}),
}
BEGINNINGS = {
    "silence at first": b"",
    "half a line": b"{",
    "an announcement alone": line(announced()),
    "most of the bytes": whole()[:-100_000],
    "a trickle": whole(),
}
HELD = {"another file of that size": {"manifest.yaml"}, "another manifest of that size": set(), "no byte": set()}
"""The whole files that are there then; all of them where nothing is said."""

Plant = Callable[[Path, Path], Any]
PART = f".cats.bin.{announced()[1]['sha256']}.part"
PLANTS: dict[str, Plant] = {
    "a link to a secret under a file's name": lambda folder, secret: (folder / "cats.bin").symlink_to(secret),
    "a link to a secret as manifest": lambda folder, secret: (folder / "manifest.yaml").symlink_to(secret),
    "a link to a secret as begun": lambda folder, secret: (folder / PART).symlink_to(secret),
    "another name of a secret as begun": lambda folder, secret: (folder / PART).hardlink_to(secret),
    "another name of a secret": lambda folder, secret: (folder / "cats.bin").hardlink_to(secret),
    "a named pipe as begun": lambda folder, _: os.mkfifo(folder / PART),
    "a named pipe": lambda folder, _: os.mkfifo(folder / "cats.bin"),
    "a folder as begun": lambda folder, _: (folder / PART).mkdir(),
    "folders under a file's name": lambda folder, _: (folder / "cats.bin" / "deep").mkdir(parents=True),
    "more than was announced as begun": lambda folder, _: (folder / PART).write_bytes(bytes(2_000_000)),
    "other bytes as begun": lambda folder, _: (folder / PART).write_bytes(bytes(600)),
    "another file": lambda folder, _: (folder / "other.bin").write_bytes(b"woof"),
    "a link to a folder": lambda folder, secret: (folder / "other.bin").symlink_to(secret.parent),
}
FOLDERS = {"the area": 2, "the model's folder": 1, "the version's folder": 0}
"""How far above the version a link stands in the place of a folder."""
