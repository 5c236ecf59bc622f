"""The sample of the predecessor's inventory, with made-up values, and changes of it."""

import shutil
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from modelctl.starting.ansible import site
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.files import Files

SAMPLE = Path(__file__).with_name("sample")


def copied(folder: Path, files: Mapping[str, str]) -> Path:
    """The sample, with files added or replaced."""
    shutil.copytree(SAMPLE, folder)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, files: Mapping[str, str]) -> tuple[Files, Ledger]:
    return site.files(copied(folder / "ansible", files))


def keys(folder: Path) -> list[str]:
    """Every key of every file that holds no further ones, as PyYAML reads it."""
    return [
        f"{path.relative_to(folder)} {'.'.join(key)}"
        for path in sorted(folder.rglob("*.yaml"))
        for key in _read(path.read_text(encoding="utf-8"))
    ]


def told(lines: list[str]) -> list[str]:
    """The keys that lines are about, as `keys` has them."""
    found = []
    for line in lines:
        file, _, rest = line.partition(":")
        found.append(f"{file} {rest.split(' ', 1)[1].partition(':')[0]}")
    return found


@lru_cache
def _read(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(_keys(yaml.safe_load(text)))


def _keys(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for name, each in value.items():
            yield from _keys(each, (*path, str(name)))
    elif path:
        yield path
