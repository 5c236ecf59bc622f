"""What takes rsync's place in tests whose disk is simulated: neither flushes what it writes."""

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import IO

from node import layout
from tests.unit.node.disks import Disk


def plain(disk: Disk) -> type:
    """One that does what transfer.py wants of rsync, and takes no time: the real one sleeps, 0.04 s each."""

    class Plain:
        returncode = 0

        def __init__(self, command: list[str], stdin: IO[bytes], cwd: str, **_: object) -> None:
            self._does_append = "--append" in command
            self._source, self._staging = Path(command[-2].partition(":")[2]), Path(cwd).readlink()
            self._names = stdin.read().decode().splitlines()

        def __enter__(self) -> "Plain":
            return self

        def __exit__(self, _: type | None, __: BaseException | None, ___: TracebackType | None) -> None:
            """It has ended before."""

        def wait(self, timeout: float) -> int:
            assert timeout > 0
            for name in self._names:
                if (self._source / name).is_file():
                    self._bring(self._source / name, self._staging / name)
            return 0

        def _bring(self, stored: Path, staged: Path) -> None:
            content, start = stored.read_bytes(), 0
            if self._does_append and staged.exists():
                start = staged.stat().st_size
                if start >= len(content):
                    return
            staged.parent.mkdir(parents=True, exist_ok=True)
            with staged.open("r+b" if staged.exists() else "xb") as file:
                file.seek(start)
                file.write(content[start:])
                file.truncate()
            os.utime(staged, ns=(stored.stat().st_atime_ns, stored.stat().st_mtime_ns))
            disk.came(staged)

    return Plain


def real(disk: Disk) -> type:
    staging = disk.root / "models" / layout.STAGING

    class Real(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            before = {path: path.stat().st_mtime_ns for path in staging.rglob("*")}
            code = super().wait(timeout)
            for path in staging.rglob("*"):
                if path.is_file() and before.get(path) != path.stat().st_mtime_ns:
                    disk.came(path)
            return code

    return Real
