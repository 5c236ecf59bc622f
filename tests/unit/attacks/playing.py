"""What all plays of attacks share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.attacks import table
from tests.unit.attacks.attack import Attack, Way


def played(*ways: Way) -> pytest.MarkDecorator:
    """A test for each attack of these ways."""
    attacks = [attack for way in ways for attack in table.of(way)]
    return pytest.mark.parametrize("attack", attacks, ids=lambda attack: attack.what)


@contextmanager
def case_of(attack: Attack, case: str) -> Iterator[None]:
    """A failure names the case."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{attack.what}, {case!r:.100}")
        raise


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder
