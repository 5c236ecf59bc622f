"""Steps of a deploy that are told a host: its folders, its pull access, all that it is to hold, a datasink's log."""

from __future__ import annotations

from typing import ContextManager

from node import layout
from node.coral import unpacking
from node.desired_state import DesiredState
from node.protocol.steps import AppendLog, Authorize, InstallAccess, InstallCleanup
from node.pull import access, pull, staging_folders
from node.registry import deployment_log, primary
from node.store import files, lock, rights


def make_folders(desired: DesiredState) -> None:
    for path in desired.folders:
        if path.name == layout.STAGING:
            with _pull_lock(desired):
                staging_folders.make(path)
        else:
            files.folder(path, desired.owner)


def pull_all(desired: DesiredState) -> None:
    with _pull_lock(desired):
        unpacking.bring(desired)
        pull.pull(desired)
        pull.pull_face_list(desired)


def _pull_lock(desired: DesiredState) -> ContextManager[None]:
    return lock.held(layout.pull_lock(), "pull", desired.operator, desired.purpose)


def install_access(told: InstallAccess) -> None:
    access.install(told.certificate, told.known_hosts)


def authorize(told: Authorize) -> None:
    access.authorize(told.user, told.lines)


def append_log(told: AppendLog) -> None:
    deployment_log.append(told.log, rights.owner_of(told.owner), told.lines)


def install_cleanup(told: InstallCleanup) -> None:
    primary.install_units(told.units)
