"""The commands at the node's console, with the operator's machine off: sudo sentinelcam-node NAME."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import sys

from node import layout
from node.counting import counted
from node.errors import Refusal, shown
from node.machine import commands, environments
from node.pull import face_list
from node.store import history, sets
from node.store.history import short
from node.store.pending_switch import Request
from node.switch import follow
from node.switch import restore as restoring

UNLOCK = "--unlock"


def revert(*words: str) -> None:
    """Go back one set, by a switch like any other. Raises Refusal when there is none, or when it is not healthy."""
    service = _service(words)
    digest = sets.digest_of(service, sets.PREVIOUS)
    if digest is None:
        raise Refusal(service + ": there is no previous set to go back to")
    stored = sets.load(service, digest)
    lost = face_list.unlocked_by(stored)  # events whose recordings the sentinel's clean-up would then delete
    if lost and UNLOCK not in words:
        events = counted(lost, "event")
        raise Refusal("its face list lacks %s that the live one locks; to allow that: %s" % (events, UNLOCK))
    state = sets.load(service, sets.digest_of(service, sets.CHOSEN) or digest).content.state
    sets.tell(stored, state)  # the site may have stopped the service, or not, since it was chosen
    follow.follow(
        Request(os.urandom(16).hex(), _host(service), service, digest, _operator(), _purpose(), stored.commit),
        stored.content.health_check,
    )
    is_now = "is chosen and runs" if state == "running" else "is chosen; the service is %s, as before" % state
    print("%s: %s %s; the next deploy will want what its checkout says" % (service, short(digest), is_now))


def restore(*words: str) -> None:
    """Put a linked file back as a backup has it, in a unit that starts the service again; without words, show them."""
    if not words:
        print(restoring.show())
        return
    choice = restoring.choose(words)
    content = choice.content
    again = ["--property=ExecStopPost=/usr/bin/systemctl start --no-block " + content.unit] if content.is_to_run else []
    done = commands.run(
        [
            "systemd-run", "--quiet", "--wait", "--collect", "--pipe", "--unit=sentinelcam-restore-" + content.service,
            "--description=Restore of a linked file, by " + _operator(), *again,
            *layout.PYTHON, sys.path[0], "restore-unit", _operator(), _purpose(), *words,
        ],
        commands.LONG_SECONDS,
    )  # fmt: skip
    if done.returncode != 0:
        raise Refusal(commands.first_line(done.stderr))
    print(done.stdout.strip())


def python(*words: str) -> None:
    """Become the Python of a service, as its unit starts it. Of several services the first word names one."""
    known = layout.services()
    service = _service(words[:1] if len(known) != 1 or words[:1] == tuple(known) else ())
    rest = words[1:] if words[:1] == (service,) else words
    digest = sets.digest_of(service, sets.CHOSEN)
    if digest is None:
        raise Refusal(service + ": no set is chosen")
    environment = environments.of(sets.load(service, digest))
    told = dict(environment.plain, **({"TERM": os.environ["TERM"]} if "TERM" in os.environ else {}))
    program = environment.words(*rest)
    signal.alarm(0)  # a limit of this program's own, which would outlive it
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.flush()
    os.execvpe(program[0], program, told)  # noqa: S606


def restore_unit(operator: str, purpose: str, *words: str) -> None:
    """Put the backup in place that `restore` was asked for, in the unit that starts the service again."""
    choice = restoring.choose(words)
    service, digest = choice.content.service, choice.content.digest
    commit = sets.load(service, digest).commit
    print(restoring.carry_out(choice, Request("", _host(service), service, digest, operator, purpose, commit)))


def _host(service: str) -> str:
    """What the site calls this host, as far as it was ever told."""
    last = history.last(service)
    return last.host if last else socket.gethostname()


def _operator() -> str:
    return "%s@%s" % (os.environ.get("SUDO_USER") or "root", socket.gethostname())


def _purpose() -> str:
    return "sentinelcam-node " + " ".join(map(shlex.quote, sys.argv[1:]))


def _service(words: "tuple[str, ...]") -> str:
    known = layout.services()
    named = [word for word in words if word != UNLOCK] or known
    if len(named) == 1 and named[0] in known:
        return named[0]
    raise Refusal("found %s; allowed: one of %s" % (shown(*words) or "no service", ", ".join(known) or "none yet"))
