"""docs/reference/json.md has an example for each --json, and each has the fields of its type, in every depth."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import pytest

from modelctl import cli, for_programs
from modelctl.desired.check import Checked
from modelctl.doctor.conditions import Told
from modelctl.product import CHECKOUT
from modelctl.prune.prune_nodes import Pruned
from modelctl.reports.model_list import ModelList
from modelctl.reports.model_versions import ModelVersions
from modelctl.reports.one_version import OneVersion
from modelctl.reports.status import FleetStatus
from modelctl.reports.verification import Verification
from node.protocol.facts import History, Status
from node.protocol.retention import Retention, Swept

PAGE = CHECKOUT / "docs" / "reference" / "json.md"
TYPES: dict[str, tuple[Any, Mapping[str, Any]]] = {
    "An error": (None, {"error": str}),
    "modelctl check": (Checked, {}),
    "modelctl list": (ModelList, {"ok": bool}),
    "modelctl show MODEL": (ModelVersions, {"ok": bool}),
    "modelctl show MODEL VERSION": (OneVersion, {"ok": bool}),
    "modelctl diff": (None, {"model": str, "versions": Mapping[str, OneVersion]}),
    "modelctl status": (FleetStatus, {"ok": bool}),
    "modelctl doctor": (Told, {"ok": bool}),
    "modelctl verify": (Verification, {"ok": bool}),
    "modelctl prune registry": (Retention, {"datasink": str, "swept": Swept}),
    "modelctl prune nodes": (Pruned, {}),
    "sentinelcam-node status": (Status, {}),
    "sentinelcam-node history": (History, {}),
}
"""What each object is made of, and the fields beside that."""


def examples() -> dict[str, dict[str, Any]]:
    """The object below each heading."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    blocks = {each.partition("\n")[0]: re.findall(r"```json\n(.*?)```", each, re.DOTALL) for each in sections}
    return {heading: json.loads(block) for heading, [block] in blocks.items()}


def fields_of(kind: Any) -> dict[str, Any] | None:
    """Names and types of the fields of a typed tuple or a dataclass; None of anything else."""
    if hasattr(kind, "_fields"):
        return {name.rstrip("_"): each for name, each in get_type_hints(kind).items()}
    if is_dataclass(kind):
        return {each.name: get_type_hints(kind)[each.name] for each in fields(kind)}
    return None


class Compared:
    """An example beside its types: what of it is not as they have it, and which of them it shows."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.shown: set[Any] = set()

    def value(self, kind: Any, value: Any, place: str) -> None:
        known, (origin, inner) = fields_of(kind), (get_origin(kind), get_args(kind))
        if known is not None:
            self.shown.add(kind)
            self.fields(known, value, place)
        elif NoneType in inner:
            if value is not None:
                self.value(next(each for each in inner if each is not NoneType), value, place)
        elif origin is None or origin is Literal:
            self.plain(kind, value, place)
        elif isinstance(value, dict):
            for name, each in value.items():
                self.value(inner[1], each, f"{place}.{name}")
        else:
            for each in value:
                self.value(inner[0], each, f"{place}[]")

    def fields(self, known: Mapping[str, Any], value: Any, place: str) -> None:
        if not isinstance(value, dict) or value.keys() != known.keys():
            self.faults.append(f"{place}: found {sorted(value)}, expected {sorted(known)}")
            return
        for name, kind in known.items():
            self.value(kind, value[name], f"{place}.{name}")

    def plain(self, kind: Any, value: Any, place: str) -> None:
        allowed = get_args(kind)
        plain = next(each for each in (bool, int, str) if allowed or issubclass(kind, each))  # a Size is an int there
        if value not in allowed if allowed else type(value) is not plain:
            self.faults.append(f"{place}: found {value!r}")


def made_of(kind: Any) -> Iterator[Any]:
    """The types with fields that a type is made of."""
    known = fields_of(kind)
    if known is not None:
        yield kind
    for each in (*(known or {}).values(), *get_args(kind)):
        yield from made_of(each)


def with_json(group: click.Group, *path: str) -> Iterator[str]:
    """The commands that print JSON."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from with_json(command, *path, name)
        elif command is not None and any("--json" in each.opts for each in command.params):
            yield " ".join((*path, name))


def test_every_command_that_prints_json_is_described() -> None:
    described = {heading.removeprefix("modelctl ").removesuffix(" VERSION").removesuffix(" MODEL") for heading in TYPES}
    assert set(with_json(cli.main)) == {each for each in described if each != "An error" and "sentinelcam" not in each}
    assert list(examples()) == list(TYPES)


@pytest.mark.parametrize("heading", TYPES)
def test_an_example_has_the_fields_of_its_type(heading: str) -> None:
    kind, more = TYPES[heading]
    compared, example = Compared(), examples()[heading]
    compared.fields({"format": int, **(fields_of(kind) or {}), **more}, example, heading)
    assert compared.faults == []
    assert example["format"] == for_programs.FORMAT


def test_the_examples_show_every_type() -> None:
    compared = Compared()
    for heading, example in examples().items():
        kind, more = TYPES[heading]
        for name, each in {**(fields_of(kind) or {}), **more}.items():
            compared.value(each, example[name], heading)
    wanted = {
        each
        for kind, more in TYPES.values()
        for part in [*(fields_of(kind) or {}).values(), *more.values()]
        for each in made_of(part)
    }
    assert compared.shown == wanted
