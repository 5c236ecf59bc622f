"""The model registry on the primary datasink, read over SSH."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Base64Bytes, BaseModel, ConfigDict, TypeAdapter, ValidationError

from modelctl import registry_reader, remote
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.fleet import Fleet
from modelctl.manifest import StoredVersion
from modelctl.pins import PinnedFile

READ_SECONDS = 1800  # every byte is read, from what may be an SD card


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
        raise remote.misunderstood(fleet, fleet.site.primary_datasink, text, "the registry's versions")
    return [answer.stored() for answer in answers]


def _ask(fleet: Fleet, questions: str) -> str:
    """One command for all versions; their names travel as its input, so that no shell ever reads them."""
    host, program = fleet.site.primary_datasink, Path(registry_reader.__file__).read_text(encoding="utf-8")
    done = remote.run(fleet, host, ["python3", "-I", "-c", program], READ_SECONDS, questions)
    if done.returncode:
        said = f"python3 ended with {done.returncode}: {remote.last_line(done.stderr)}"
        raise OperatorError(f"{remote.place(fleet, host)}: {said}; expected Python 3.7 or newer there")
    return done.stdout
