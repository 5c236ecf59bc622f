"""A trainer that uploads, and the node program that its key starts: as a process of the registry's owner."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

import node
from node.errors import Refusal
from node.registry import upload
from node.registry.conversation import Conversation
from tests.unit.node.places import uid
from tests.unit.node.registry.asking import in_a_copy

MODEL, VERSION = "cats", "2026-01-01"
COMMAND = f"upload {MODEL} {VERSION}"
CONTENTS = {"manifest.yaml": b"name: cats\n", "cats.bin": bytes(range(256)) * 1600, "empty.csv": b""}


def announced(contents: Mapping[str, bytes] = CONTENTS) -> list[dict[str, Any]]:
    return [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in contents.items()
    ]


def line(files: object) -> bytes:
    return json.dumps({"format": 1, "conversation": 2, "files": files}).encode() + b"\n"


def whole(contents: Mapping[str, bytes] = CONTENTS) -> bytes:
    """All that a trainer sends of which nothing is there yet."""
    return line(announced(contents)) + b"".join(contents.values())


@dataclass(frozen=True)
class Gate:
    """What stands behind a trainer's key."""

    root: Path

    @property
    def area(self) -> Path:
        return self.root / "incoming"

    @property
    def folder(self) -> Path:
        return self.area / MODEL / VERSION

    @property
    def log(self) -> Path:
        return self.root / "logs" / "the.log"

    @property
    def logged(self) -> list[str]:
        """The lines of the log, without their times."""
        return [each.partition(" ")[2] for each in self.log.read_text().splitlines()] if self.log.exists() else []

    def held(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}

    @contextmanager
    def opened(self, user: int | None = None) -> "Iterator[subprocess.Popen[bytes]]":
        """The program, as a trainer's key starts it."""
        self._install()
        number = str(uid() if user is None else user)
        program = [
            *("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"),
            *(sys.executable, "-I", "-S", "-B", str(self.root / "program")),
            *("upload", "deepend", str(self.area), str(self.log)),
        ]
        with subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
            env={"SSH_ORIGINAL_COMMAND": COMMAND},
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def _install(self) -> None:
        source, program = Path(node.__file__).parent, self.root / "program"
        if not program.exists():
            shutil.copytree(source, program / "node", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(source / "__main__.py", program)

    def sent_to_program(self, content: bytes) -> tuple[list[dict[str, Any]], int]:
        """What the program says to a trainer who sends all this and then ends the connection; and its exit status."""
        with self.opened() as process:
            said, fault = process.communicate(content, timeout=30)
        assert fault == b""
        return [json.loads(each) for each in said.splitlines()], process.returncode

    def sent(self, content: bytes, command: str = COMMAND) -> tuple[list[dict[str, Any]], int]:
        """The same of the command in a copy of this process: to start one takes ten times as long."""
        (self.root / "sent").write_bytes(content)
        with (self.root / "sent").open() as source, (self.root / "said").open("w") as target:
            code = in_a_copy(lambda: self._serve(command, source.fileno(), target.fileno()))
        return self.said, code

    def refused(self, content: bytes, command: str = COMMAND) -> str:
        """Why all this is refused."""
        said, code = self.sent(content, command)
        assert code == 1
        assert set(said[-1]) == {"format", "refused"}
        return str(said[-1]["refused"])

    @property
    def said(self) -> list[dict[str, Any]]:
        """What was said last to a trainer by the command in a copy."""
        return [json.loads(each) for each in (self.root / "said").read_text().splitlines()]

    def _serve(self, command: str, source: int, target: int) -> None:
        os.setgroups([])
        os.setgid(uid())
        os.setuid(uid())
        os.dup2(source, 0)
        os.dup2(target, 1)
        os.environ[upload.ASKED] = command
        upload.serve("deepend", str(self.area), str(self.log))

    def make_area(self) -> Path:
        """The folder of the version, as an earlier upload has left it."""
        self.folder.mkdir(parents=True)
        for each in (self.area, self.folder.parent, self.folder):
            os.chown(each, uid(), uid())
        return self.folder


def converse(gate: Gate, *sent: bytes) -> str:
    """What is done in this process, for a sender that says this piece by piece, and no more, and does not go away."""
    reading, sending = os.pipe()
    with os.fdopen(sending, "wb") as sender, os.fdopen(reading), Path(os.devnull).open("wb") as nobody:
        child = os.fork()
        if not child:
            for piece in sent:
                sender.write(piece)
                sender.flush()
                time.sleep(0.1)
            os._exit(0)
        try:
            return upload.take(gate.area, MODEL, VERSION, Conversation(reading, nobody.fileno()))
        finally:
            os.kill(child, 9)
            os.waitpid(child, 0)


def refusal_of(work: Callable[[], object]) -> str:
    """Why work is refused."""
    with pytest.raises(Refusal) as caught:
        work()
    return str(caught.value)


def gate_in(root: Path) -> Gate:
    os.chown(root, uid(), uid())
    return Gate(root)


def reply(stream: IO[bytes] | None) -> dict[str, Any]:
    """The next line that is said."""
    assert stream is not None
    found: dict[str, Any] = json.loads(stream.readline())
    return found


def say(process: "subprocess.Popen[bytes]", content: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(content)
    process.stdin.flush()
