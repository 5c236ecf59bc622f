"""The revoked pull keys: a file in JSON beside the pins, absent while there are none."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from modelctl.inventory import json_file
from modelctl.inventory.part import Part
from modelctl.inventory.values import HostName

MAX_GENERATION = 999  # the datasink is told a name for each


class Revoked(Part):
    """The last generation of a host's pull keys that is revoked, for each host of which any is.

    A host that has left the site stays in it: its keys may be in somebody's hands.
    """

    hosts: dict[HostName, Annotated[int, Field(ge=1, le=MAX_GENERATION, strict=True)]] = Field(default_factory=dict)

    def generation(self, host: str) -> int:
        """The generation of the pull key that a host gets now."""
        return self.hosts.get(host, 0) + 1


def load_revoked(path: Path) -> Revoked:
    """Read the file; its values are the fleet's to check. Raises OperatorError when it cannot be read or is no JSON."""
    return Revoked(hosts=json_file.read(path, "a file of revoked pull keys, or none", absent={}))


def dump_revoked(revoked: Revoked) -> str:
    """The text of the file."""
    return json_file.text_of(revoked.model_dump(mode="json")["hosts"])
