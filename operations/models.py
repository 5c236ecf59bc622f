"""Models on the nodes: folders, versions, and on datasinks the face list's files."""

from collections.abc import Iterator

from pyinfra.api import Host, StringCommand

from node import layout
from node.desired_state import DesiredState
from node.protocol.facts import Facts, SetState
from operations.facts import foresee
from operations.node_command import Refusal, command
from operations.node_operation import node_operation
from operations.pulls import pull_into
from operations.run import Run


@node_operation
def check_registry(host: Host, found: Facts, _run: Run) -> Iterator[StringCommand]:
    """Say first, on the datasink, what the registry lacks for this run."""
    if found.datasink and found.datasink.registry:
        yield Refusal(f"{host.name}: {'; '.join(found.datasink.registry)}; store it there or choose another version")


@node_operation
def make_folders(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Make the folders that the services and their models live in."""
    if found.absent_folders:
        yield command("folders", message=run.desired(host.name)._replace(folders=found.absent_folders))


@node_operation
def pull(host: Host, found: Facts, run: Run) -> Iterator[StringCommand]:
    """Bring every wanted version that is not there and verified; adopt what is there; touch nothing else."""
    options, desired = run.arguments, run.desired(host.name)
    refusal = moving_unselected(run, desired, found)
    if refusal:
        yield refusal
        return
    versions = [
        each for each in desired.versions if each.label in found.missing_versions and options.selects(each.model)
    ]
    face_list = desired.face_list
    if not (face_list and found.face_list and options.selects(face_list.model)):
        face_list = None
    if versions or face_list:
        ready = {
            service: state if lacks_stack(state) else state._replace(not_ready=None)
            for service, state in found.sets.items()
        }
        foresee(host, sets=ready)
        labels = [each.label for each in (*versions, face_list) if each]
        yield pull_into(
            host,
            found.room and found.room.of(labels),
            desired._replace(versions=versions, face_list=face_list, stack=None),
        )


def lacks_stack(state: SetState) -> bool:
    """Whether it is its Coral stack that keeps a service from being ready."""
    return (state.not_ready or "").startswith(f"{layout.coral()}/")


def moving_unselected(run: Run, desired: DesiredState, found: Facts) -> Refusal | None:
    """Refuse to leave out models whose wanted version is not the running one: the switch would move them too."""
    selected = run.arguments.models
    if selected is None:
        return None
    moving = []
    for each in desired.sets:
        running = found.sets[each.service].models
        moving += [
            f"{model} ({running.get(model, 'nothing')} runs, {version} is wanted)"
            for model, version in each.models.items()
            if model not in selected and running.get(model) != version
        ]
    left = ", ".join(moving)
    return Refusal(f"{desired.host}: --data models leaves out {left}; name it too, or run without") if moving else None
