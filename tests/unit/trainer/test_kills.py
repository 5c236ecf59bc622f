"""The trainer's program is killed at any change of its disk: the same command goes on, nothing false was announced."""

import hashlib
import os
import sys
from typing import Any

import yaml

from tests.unit.trainer.trainers import FILES, Trainer

CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "fcntl.flock", "subprocess.Popen"}


def is_change(event: str, arguments: tuple[Any, ...]) -> bool:
    return event in CHANGES or (event == "open" and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR)))


def killed_at(trainer: Trainer, number: int) -> bool:
    """Publish in a child that ends without a word before that change. Tell whether there was one."""
    child = os.fork()
    if not child:
        left, this = number, os.getpid()

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if is_change(event, arguments) and os.getpid() == this:
                left -= 1
                if left < 0:
                    os._exit(9)

        sys.addaudithook(hook)
        os._exit(trainer.publish())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 9)
    return code == 9


def require_whole(trainer: Trainer) -> None:
    """What the datasink has under its name, and what the snapshot's manifest says, is true."""
    manifest = trainer.snapshot / "manifest.yaml"
    if manifest.exists():
        listed = {file["name"]: file["sha256"] for file in yaml.safe_load(manifest.read_text())["files"]}
        assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
        assert {name: (trainer.snapshot / name).read_bytes() for name in FILES} == FILES


def test_killed_at_each_change(trainer: Trainer) -> None:
    number = 0
    while killed_at(trainer, number):
        require_whole(trainer)
        number += 1
        if trainer.snapshot.exists() and number % 2:  # the next one begins anew
            (trainer.snapshot / ".snapshot.json").unlink(missing_ok=True)
    assert number > 12
    require_whole(trainer)
    assert {name: (trainer.incoming / name).read_bytes() for name in FILES} == FILES
    assert sorted(path.name for path in trainer.snapshot.parent.iterdir()) == [".lock", trainer.snapshot.name]
