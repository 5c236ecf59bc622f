"""Bringing a Coral stack onto this node: its packages come as a model's files do, and are unpacked where root alone
writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict

from node import layout
from node.coral import stacks
from node.desired_state import DesiredState, File, Stack
from node.errors import Refusal
from node.pull import pull, staging
from node.store import disk, files


def bring(desired: DesiredState) -> None:
    """Make the desired stack present and verified. Raises Refusal; what was there stays."""
    stack = desired.stack
    if stack is None or (stacks.is_verified(stack.digest) and not desired.options.full) or stacks.adopt(stack):
        return
    folder = layout.coral() / layout.STAGING
    files.folder(layout.coral())
    with staging.held(folder):
        staged = folder / stack.version.label
        wanted = {"%s/%s" % (stack.version.label, file.name): file for file in stack.version.files}
        pull.bring(wanted, folder, desired)
        _verify(wanted, folder, stack, desired)
        stacks.put(stack, staged, folder)
        files.remove(staged)
        files.prune(folder)


def _verify(wanted: Dict[str, File], folder: Path, stack: Stack, desired: DesiredState) -> None:
    """Raises Refusal naming all that is wrong. A package with wrong bytes is dropped, so that it comes anew."""
    label = stack.version.label
    absent = [file for name, file in wanted.items() if not disk.is_file(folder / name)]
    if absent:
        raise Refusal(pull.absent(label, absent, desired.source.host))
    found = {name: disk.sha256(folder / name) for name in wanted}
    wrong = [name for name, file in wanted.items() if found[name] != file.sha256]
    for name in wrong:
        files.unlink(folder / name)
    if wrong:
        raise Refusal("; ".join(pull.differs(label, wanted[name], found[name]) for name in wrong))
