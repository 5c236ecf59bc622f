"""What is true of the table as a whole."""

from collections.abc import Iterable

from tests.unit.attacks import evil_baselines, evil_files, evil_lists, evil_uploads, table
from tests.unit.attacks.attack import By, Way
from tests.unit.node.registry import bombs


def test_the_table() -> None:
    """Each attack has a name of its own, and each case of the modules beside it is played by one."""
    names = [(attack.way, attack.what) for attack in table.ATTACKS]
    assert len(set(names)) == len(names) >= 40
    assert {attack.by for attack in table.ATTACKS} == set(By)
    held: dict[Way, Iterable[str]] = {
        Way.ANNOUNCEMENT: evil_uploads.ANNOUNCEMENTS, Way.BYTES: evil_uploads.BYTES, Way.PLANT: evil_uploads.PLANTS,
        Way.FOLDER: evil_uploads.FOLDERS, Way.PICKLE: {**bombs.COMMANDS, **bombs.TRICKS}, Way.FLOOD: bombs.FLOODS,
        Way.BASELINES: evil_baselines.EVIL, Way.LINKED: evil_baselines.EVIL_LINKS, Way.LIST: evil_lists.LISTS,
        Way.FILES: evil_files.FILES,
    }  # fmt: skip
    for way, cases in held.items():
        assert sorted(case for attack in table.of(way) for case in attack.played) == sorted(cases), way
