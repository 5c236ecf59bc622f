"""A file as a manifest lists it."""

from typing import NamedTuple


class Measured(NamedTuple):
    """Its name, what it holds, and how much."""

    name: str
    sha256: str
    size: int
