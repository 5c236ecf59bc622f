"""The model registry on the primary datasink, read over SSH as the operator. Options: ssh_config(5)."""

import json
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pydantic import Base64Bytes, BaseModel, ConfigDict, TypeAdapter, ValidationError

from modelctl import registry_reader
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.manifest import StoredVersion
from modelctl.pins import PinnedFile

CONNECT_SECONDS = 10
READ_SECONDS = 1800  # every byte is read, from what may be an SD card
_SSH_FAILED = 255


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    files: dict[str, PinnedFile]
    others: dict[str, str]
    manifest: Base64Bytes | None
    fault: str | None

    def stored(self) -> StoredVersion:
        others = {name: one_line(kind) for name, kind in self.others.items()}
        return StoredVersion(self.manifest, self.files, others, self.fault and one_line(self.fault))


_ANSWERS = TypeAdapter(list[_Answer])


def read(fleet: Fleet, versions: Sequence[tuple[str, str]]) -> list[StoredVersion]:
    """What the primary datasink holds of each (model, version). Raises OperatorError when it does not say."""
    questions = [(fleet.registry_folder(), model, version) for model, version in versions]
    text = _ask(fleet, json.dumps(questions))
    try:
        answers = _ANSWERS.validate_json(text)
    except ValidationError:
        answers = []
    if len(answers) != len(questions):
        raise OperatorError(
            f"{_place(fleet)}: found {one_line(text) or 'nothing'}; expected the registry's versions as JSON; "
            f"does a login there print something of its own?"
        )
    return [answer.stored() for answer in answers]


def _ask(fleet: Fleet, questions: str) -> str:
    """One command for all versions; their names travel as its input, so that no shell ever reads them."""
    program = Path(registry_reader.__file__).read_text(encoding="utf-8")
    command = [*_ssh(fleet), shlex.join(["python3", "-I", "-c", program])]
    try:
        done = subprocess.run(
            command, input=questions, capture_output=True, text=True, errors="replace",
            timeout=READ_SECONDS, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise OperatorError("ssh: no such program; install it: apt-get install openssh-client") from None
    except subprocess.TimeoutExpired:
        raise OperatorError(f"{_place(fleet)}: no answer within {READ_SECONDS} s; is its disk well?") from None
    if done.returncode == _SSH_FAILED:
        trust = f"modelctl trust {fleet.site.primary_datasink}"
        raise OperatorError(f"{_place(fleet)}: {_last_line(done.stderr).rstrip('.')}; is it up, and trusted? {trust}")
    if done.returncode:
        said = f"{done.returncode}: {_last_line(done.stderr)}"
        raise OperatorError(f"{_place(fleet)}: python3 ended with {said}; expected Python 3.7 or newer there")
    return done.stdout


def _ssh(fleet: Fleet) -> list[str]:
    site, host = fleet.site, fleet.host(fleet.site.primary_datasink)
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": str(CONNECT_SECONDS),
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": _literally(site.known_hosts),
        "GlobalKnownHostsFile": "none",
        "ControlPath": "none",  # an open connection was checked against somebody else's known hosts
        "LogLevel": "ERROR",
    }
    if site.ssh_key is not None:
        options |= {"IdentityFile": _literally(site.ssh_key), "IdentitiesOnly": "yes"}
    return ["ssh", "-T", *(f"-o{name}={value}" for name, value in options.items()), "-l", host.login, str(host.address)]


def _literally(path: Path) -> str:
    """ssh splits a list of files at spaces, and expands what begins with a %."""
    return '"{}"'.format(str(path).replace("%", "%%"))


def _place(fleet: Fleet) -> str:
    host = fleet.site.primary_datasink
    return f"{host} ({fleet.host(host).address})"


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else "no reason given"
