"""Asking the commands of a datasink in this process, or as they travel."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from modelctl.nodes import travelling
from modelctl.nodes.bundle import LOADER
from node import dispatch, protocol
from node.errors import Refusal
from node.store import files

Reply = TypeVar("Reply")


def ask(name: str, question: object, kind: type[Reply], content: bytes = b"") -> Reply:
    """The reply to a question, after which these bytes come. Raises Refusal."""
    stream = io.BytesIO(protocol.dumps(question).encode() + b"\n" + content)
    return protocol.loads(kind, dispatch.answer(name, stream))


def refusal(name: str, question: object, content: bytes = b"") -> str | None:
    """Why it is not carried out."""
    try:
        ask(name, question, protocol.Nothing, content)
    except Refusal as refusal:
        return str(refusal)
    return None


def travel(name: str, question: object, content: bytes = b"", user: str = "") -> "subprocess.CompletedProcess[bytes]":
    """As it travels: with nothing but the program, the question, and the bytes that follow."""
    rights = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    return subprocess.run(
        [*rights, sys.executable, "-I", "-c", LOADER, name],
        input=travelling.message(question).encode() + b"\n" + content, cwd="/", env={},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def killed_at(moment: int, name: str, question: object) -> bool:
    """Carry a command out in a copy of this process that ends at its change to the disk of that number, if it comes."""
    left = [moment]

    def end(_moment: str, _path: Path) -> None:
        left[0] -= 1
        if not left[0]:
            os._exit(9)

    return in_a_copy(lambda: _carry_out(end, name, question)) == 9


def _carry_out(end: Callable[[str, Path], None], name: str, question: object) -> None:
    files.observer = end
    ask(name, question, protocol.Nothing)


def in_a_copy(work: Callable[[], None]) -> int:
    """Work in a copy of this process; return its exit status."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
