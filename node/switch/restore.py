"""Putting a linked file back as a backup has it, at the node's console: sudo sentinelcam-node restore.

The service is stopped meanwhile, whose tasks would write over it at their end; what is replaced is kept aside.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, NamedTuple, Tuple

from node import layout, linked_files
from node.errors import Refusal, shown
from node.health import health
from node.linked_files import Backup
from node.machine import services
from node.store import disk, history, lock, pending_switch, sets
from node.store.pending_switch import Request
from node.store.service_set import Named, ServiceSet
from node.switch import stopping


class Choice(NamedTuple):
    path: Path  # of a linked file
    backup: Backup  # that is to take its place
    content: ServiceSet  # of the service that uses such files


def show() -> str:
    """Return the linked files that have backups, and these, a line each."""
    lines = []
    for path in _files():
        for each in linked_files.backups(path):
            when = history.at(each.mtime)
            lines.append("%s %s of %s, %d bytes" % (_label(path), each.digest, when, each.size))
    return "\n".join(lines or ["no backups: a switch to another version of a model with linked files makes them"])


def choose(words: Tuple[str, ...]) -> Choice:
    """Return what MODEL/VERSION/NAME DIGEST say; the backup may be of another version. Raises Refusal."""
    label, digest = (*words, "")[:2]
    in_use = [named.path for content in _contents() for named in content.named_files if named.linked]
    known = {_label(path): path for path in [*_files(), *in_use]}
    if label not in known or len(words) > 2:
        raise Refusal("found %s; allowed: %s" % (shown(*words), ", ".join(sorted(known)) or "nothing is linked here"))
    held = linked_files.backups_of_any_version(known[label])
    found = [each for each in held if each.digest.startswith(digest)]
    if not digest or not found or len({each.digest for each in found}) > 1:
        there = ", ".join(each.digest for each in held) or "there is none"
        raise Refusal("%s: found %s; allowed: one of its backups: %s" % (label, shown(digest) or "no digest", there))
    return Choice(known[label], found[0], _user_of(known[label]))


def carry_out(choice: Choice, request: Request) -> str:
    """Put the backup in place. Returns what was done; raises Refusal also when the service is unhealthy after it."""
    service = choice.content.service
    with lock.held(layout.switch_lock(service), "restore", request.operator, request.purpose):
        if pending_switch.read(service) is not None:
            raise Refusal("%s: a switch has not ended; wait for it, or run a deploy, and run again" % service)
        done = _exchange(choice, request)
    if choice.content.is_to_run:
        services.start(choice.content.unit, choice.content.health_check.start_timeout)
        content = choice.content
        problem = health.wait_through(content, lambda: stopping.stop(content.unit, content.named_files, request))
        if problem:
            raise Refusal("%s; but %s" % (done, problem))
    return done


def _exchange(choice: Choice, request: Request) -> str:
    path, backup, content = choice
    named = [Named(path, "", linked=True)]
    linked_files.wait(named, content.health_check.writer_timeout)
    stopping.stop(content.unit, named, request)
    aside = linked_files.back_up(path) if disk.is_there(path) else None
    stopping.replace(path, backup.path)
    done = "%s is as in %s; what was there: %s" % (path, backup.path, aside or "nothing")
    history.add(request, request.digest, history.RESTORED, done)
    return done


def _files() -> List[Path]:
    """Return the linked files that have backups, in the models folders that the chosen sets name."""
    found = []
    for models in sorted({named.path.parents[2] for content in _contents() for named in content.named_files}):
        for model in disk.names(layout.backups()):
            for version in disk.names(layout.backups() / model):
                names = {name.rpartition(".")[0] for name in disk.names(layout.backups() / model / version)}
                found += [models / model / version / name for name in sorted(names)]
    return found


def _contents() -> List[ServiceSet]:
    chosen = ((service, sets.digest_of(service, sets.CHOSEN)) for service in layout.services())
    return [sets.load(service, digest).content for service, digest in chosen if digest is not None]


def _user_of(path: Path) -> ServiceSet:
    """The chosen set that names files of the same model. Raises Refusal where there is none."""
    for content in _contents():
        if any(named.linked and named.path.parents[1] == path.parents[1] for named in content.named_files):
            return content
    raise Refusal("%s: no service here uses it; expected one whose set names the model" % path)


def _label(path: Path) -> str:
    return "/".join(path.parts[-3:])
