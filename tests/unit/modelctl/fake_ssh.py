"""In ssh's place a script that plays hosts, each by a script of its own."""

import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest

SSH = """#!/bin/sh
for word; do address=$command; command=$word; done
printf "%s\\n" "$@" >{asked}/"$address"
input=$(cat)
printf "%s\\n" "$input" >>{asked}/"$address"
[ -e {answers}/"$address" ] || {{ echo "ssh: connect to host $address: No route to host" >&2; exit 255; }}
. {answers}/"$address"
"""


class FakeSsh:
    """A host that no answer was given for is not there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._asked, self._answers = folder / "asked", folder / "answers"
        program = folder / "bin" / "ssh"
        for each in (self._asked, self._answers, program.parent):
            each.mkdir()
        quoted = {"asked": shlex.quote(str(self._asked)), "answers": shlex.quote(str(self._answers))}
        program.write_text(SSH.format(**quoted), encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    def answer(self, address: str, script: str) -> None:
        """Let a host answer with a shell script, which finds its `$command` and its `$input`."""
        (self._answers / address).write_text(f"{script}\n", encoding="utf-8")

    def script(self, address: str) -> str:
        """What a host answers with."""
        return (self._answers / address).read_text(encoding="utf-8")

    def asked(self, address: str) -> list[str]:
        """What ssh was called with for a host, an argument per line, and what came on its input."""
        path = self._asked / address
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def note(self, address: str, words: Iterable[str]) -> None:
        """As if ssh had been called with these."""
        (self._asked / address).write_text("".join(f"{word}\n" for word in words), encoding="utf-8")

    def addresses(self) -> set[str]:
        """The hosts that ssh was called for."""
        return {path.name for path in self._asked.iterdir()}
