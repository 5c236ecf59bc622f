"""What tests of pulls share."""

import pytest

from node.desired_state import Version
from node.errors import Refusal
from node.pull import pull
from tests.unit.node.places import Contents, Place, manifest_of


def refusal(place: Place, *wanted: Version) -> str:
    with pytest.raises(Refusal) as caught:
        pull.pull(place.desired(*wanted))
    return str(caught.value)


def expected(model: str, version: str, contents: Contents) -> dict[str, bytes]:
    """The files of a version folder."""
    return {"manifest.yaml": manifest_of(model, version), **contents}
