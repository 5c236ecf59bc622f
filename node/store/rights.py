"""Whose rights this program uses: root's, or for a moment those of a user who has a say in what is done."""

from __future__ import annotations

import os
import pwd
from contextlib import contextmanager
from typing import Iterator, List, NamedTuple

from node.errors import Refusal


class Owner(NamedTuple):
    uid: int
    gid: int


ROOT = Owner(0, 0)


def owner_of(user: str) -> Owner:
    """Return the ids of a user and its group. Raises Refusal for an unknown user."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise Refusal(
            "user " + user + ": not on this node; expected the service's user; sudo useradd --create-home " + user
        ) from None
    return Owner(entry.pw_uid, entry.pw_gid)


@contextmanager
def of(owner: Owner) -> Iterator[None]:
    """Do what follows with a user's rights, and no more; where this program does not run as root it has no others."""
    if os.geteuid() != 0 or owner.uid == 0:
        yield
        return
    groups, gid = os.getgroups(), os.getegid()
    os.setgroups(_groups_of(owner))
    os.setegid(owner.gid)
    os.seteuid(owner.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def who(found: os.stat_result) -> Owner:
    """Return whose rights a file stands for: its user's, with the user's own group, for its own may be its folder's."""
    try:
        return Owner(found.st_uid, pwd.getpwuid(found.st_uid).pw_gid)
    except KeyError:
        return Owner(found.st_uid, found.st_gid)


def _groups_of(owner: Owner) -> List[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(owner.uid).pw_name, owner.gid)
    except KeyError:
        return [owner.gid]
