"""Models on the nodes: folders, versions, and on datasinks the face list's files."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pyinfra.api import Host, StringCommand

from operations.answer import Survey
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.run import arguments_of
from operations.survey import foresee, order_for


@node_operation
def check_registry(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Say first, on the datasink, what the registry lacks for this run."""
    if found.registry:
        yield Refusal(f"{host.name}: {'; '.join(found.registry)}; store it there or choose another version")


@node_operation
def make_folders(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Make the folders that the services and their models live in."""
    if found.absent_folders:
        yield command("folders", message={**order_for(host), "folders": found.absent_folders})


@node_operation
def pull(host: Host, found: Survey) -> Iterator[StringCommand]:
    """Bring every wanted version that is not there and verified; adopt what is there; touch nothing else."""
    said = arguments_of(host)
    order = order_for(host)
    moving = _moving_unselected(order, found, said.models)
    if moving:
        yield Refusal(f"{host.name}: --data models leaves out {', '.join(moving)}; name it too, or run without")
        return
    versions = [
        each
        for each in order["versions"]
        if f"{each['model']}/{each['version']}" in found.lacking and said.selects(each["model"])
    ]
    face_list = order["face_list"]
    if not (face_list and found.face_list and found.face_list["lacking"] and said.selects(face_list["model"])):
        face_list = None
    if versions or face_list:
        foresee(host, sets={service: replace(state, unready=None) for service, state in found.sets.items()})
        yield command("pull", message={**order, "versions": versions, "face_list": face_list})


def _moving_unselected(order: dict[str, Any], found: Survey, selected: frozenset[str] | None) -> list[str]:
    """The unselected models whose wanted version is not the running one: the switch would move them too."""
    if selected is None:
        return []
    moving = []
    for each in order["sets"]:
        running = found.sets[each["service"]].models
        moving += [
            f"{model} ({running.get(model, 'nothing')} runs, {version} is wanted)"
            for model, version in each["models"].items()
            if model not in selected and running.get(model) != version
        ]
    return moving
