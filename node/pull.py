"""Making every wanted version present and verified: adopt what is there, fetch what is not, rename it into place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import List

from node import files, layout, stamps, transfer, versions
from node.errors import Refusal
from node.files import Owner
from node.orders import File, Order, Version


def pull(order: Order) -> None:
    """Bring every version of the order onto this node. Raises Refusal naming all that could not be had.

    A version that is complete is put in place even when another fails; nothing that was there is removed.
    """
    missing = {version.label: _lacking(version) for version in order.versions}
    missing = {label: lacking for label, lacking in missing.items() if lacking}
    wanted = [version for version in order.versions if version.label in missing]
    if not wanted:
        return
    staging = _staging(wanted[0], order.owner)
    request = {version.label + "/" + file.name: file for version in wanted for file in missing[version.label]}
    remote = [name for name, file in request.items() if not _reuse(file, staging / name)]
    transfer.check_space({name: request[name] for name in remote}, staging, order.limits)
    if remote:
        if order.source is None:
            raise Refusal(order.host + ": no datasink to pull from")
        transfer.fetch(order.source, remote, staging, order.limits)
    problems: List[str] = []
    for version in wanted:
        try:
            problems += _settle(version, missing[version.label], staging, order)
        except Refusal as refusal:
            problems.append(str(refusal))
    files.prune(staging)
    if problems:
        raise Refusal("; ".join(problems))


def _lacking(version: Version) -> List[File]:
    """What must come for this version. A folder that is already there is hashed once and adopted."""
    if versions.is_absent(version):
        return versions.contents(version)
    lacking = versions.flaws(version)
    if not lacking:
        versions.stamp(version)
    return lacking


def _staging(version: Version, owner: Owner) -> Path:
    staging = version.directory.parent.parent / layout.STAGING
    files.folder(staging, owner)
    return staging


def _reuse(file: File, staged: Path) -> bool:
    """Take a file that a version on this node already holds. A linked one is never shared: it will be written to."""
    held = None if file.linked else stamps.find(file.sha256)
    # A stamp trusts size and time; bytes that rotted under them must not come back as the cure.
    if held is None or files.sha256(held) != file.sha256:
        _unshare(staged)
        return False
    files.folder(staged.parent)
    files.remove(staged)
    os.link(str(held), str(staged))
    return True


def _unshare(staged: Path) -> None:
    """An older try may have linked it to another version's file, which rsync would then write into."""
    if staged.is_file() and staged.stat().st_nlink > 1:
        staged.unlink()


def _settle(version: Version, expected: List[File], staging: Path, order: Order) -> List[str]:
    """Verify what was staged for one version and put it in place. Returns what is wrong with it."""
    staged = staging / version.label
    problems = verify(staged, expected, version.label, order)
    if problems:
        return problems
    give(staged, expected, order.owner)
    if versions.is_absent(version):
        files.folder(version.directory.parent, order.owner)
        _drop_extras(staged, expected)
        files.place(staged, version.directory)
    else:
        for file in expected:
            _put(staged / file.name, version.directory / file.name, file)
        files.sync(version.directory)
        shutil.rmtree(str(staged))
    versions.stamp(version)
    return []


def _put(staged: Path, final: Path, file: File) -> None:
    if not file.linked:
        staged.replace(final)
        return
    try:
        os.link(str(staged), str(final))  # not a rename, which would overwrite one that the node has made meanwhile
    except FileExistsError:
        if not final.is_file():
            raise Refusal("%s: a link to nothing, expected a file; move it away and run again" % final) from None


def verify(staged: Path, expected: List[File], label: str, order: Order) -> List[str]:
    """Compare staged files with their pinned digests; a file with wrong bytes is dropped, so that it comes anew."""
    absent = [file.name for file in expected if not _is_regular(staged / file.name)]
    if absent:
        where = order.source.host if order.source else order.host
        return [
            "%s: %s not in the registry of %s; expected what pins.json names; store it there or choose another version"
            % (label, ", ".join(sorted(absent)), where)
        ]
    problems = []
    for file in expected:
        found = files.sha256(staged / file.name)
        if found != file.sha256:
            (staged / file.name).unlink()
            problems.append(
                "%s/%s: the registry's copy has SHA-256 %s, expected the pinned %s; restore that file on the datasink"
                % (label, file.name, found[:12], file.sha256[:12])
            )
    return problems


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def give(staged: Path, expected: List[File], owner: Owner) -> None:
    """Owner and modes of SPEC: the service's user, 0644 and 0755; on the disk before the rename."""
    for path in [staged, *[staged / file.name for file in expected]]:
        os.chown(str(path), owner.uid, owner.gid)
        path.chmod(0o755 if path.is_dir() else 0o644)
        files.sync(path)


def _drop_extras(staged: Path, expected: List[File]) -> None:
    """An older try may have staged another manifest's files here."""
    names = {file.name for file in expected}
    for path in staged.iterdir():
        if path.name not in names:
            files.remove(path)
