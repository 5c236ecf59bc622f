"""Every command, and where it is carried out, as MODULE:FUNCTION below node: that alone is loaded, with what it needs.

All modules take several times as long as those of a short command. What a command is told comes on standard input,
so that no log holds it: a message, of the type that its function's first parameter has.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, BinaryIO, Callable, get_type_hints

from node import protocol
from node.errors import Refusal, printable

Work = Callable[..., Any]

CONSOLE = {
    "status": "facts.shown:show_status",
    "history": "facts.shown:show_history",
    "revert": "console:revert",
    "restore": "console:restore",
    "python": "console:python",
}
# These get words of the command line.
WITH_WORDS = {
    **CONSOLE,
    "install-program": "program:install",
    "check-rrsync": "pull.access:check_rrsync",
    "make-key": "pull.access:make_key",
    "wait-for-apt": "machine.apt_lock:wait",
    "switch-unit": "switch.switch:run_unit",
    "restore-unit": "console:restore_unit",
    "note-clock": "registry.sweep:note_clock",
    "sweep": "registry.sweep:run",
    "upload": "registry.upload:serve",
    "install": "switch.switch:start",
    "recover": "switch.automatic_rollback:recover",
    "recover-at-boot": "switch.automatic_rollback:recover_at_boot",
}
# These are told a message. Most write a reply.
COMMANDS = {
    **WITH_WORDS,
    "facts": "facts.facts:gather",
    "examine": "facts.condition:look",
    "packages": "facts.packages:find",
    "preview": "facts.versions:preview",
    "verify": "facts.versions:verify",
    "linked-files": "linked_files:look",
    "send-linked-file": "linked_files:send",
    "list-versions": "prune:look",
    "remove-versions": "prune:remove",
    "add-roots": "registry.roots:add",
    "retention": "registry.sweep:look",
    "sweep-now": "registry.sweep_unit:start",
    "mend": "mend:mend",
    "renew": "switch.follow:renew",
    "folders": "steps:make_folders",
    "install-access": "steps:install_access",
    "authorize": "steps:authorize",
    "pull": "steps:pull_all",
    "switch": "switch.follow:switch",
    "refuse": "switch.follow:record",
    "append-log": "steps:append_log",
    "install-cleanup": "steps:install_cleanup",
}
# Those of a datasink, with its login's rights: each reads a question, a line, and writes the reply to it.
REGISTRY = {
    "list-registry": "registry.reading:list_registry",
    "read-folder": "registry.reading:read_folder",
    "check-import": "registry.importing:check",
    "import": "registry.importing:copy",
    "find-stacks": "registry.stacks:find",
    "store-stack": "registry.stacks:store",
    "check-collected": "registry.collected:check",
    "find-parts": "registry.collected:find_parts",
    "finish-collected": "registry.collected:finish",
}
RECEIVING = {  # the bytes of a file follow the question
    "receive-package": "registry.stacks:receive",
    "receive-collected": "registry.collected:receive",
}


def load(place: str) -> Work:
    """Return the function at a place."""
    module, _, name = place.partition(":")
    found: Work = getattr(import_module("node." + module), name)
    return found


def question_of(work: Work) -> Any:
    """Return the type of what a function is told."""
    return next(iter(get_type_hints(work).values()))


def carry_out(name: str, *words: str) -> None:
    """Carry out a command of a node. Raises Refusal, also for a message that is none."""
    work = load(COMMANDS[name])
    if name in WITH_WORDS:
        work(*words)
        return
    try:
        question = protocol.loads(question_of(work), sys.stdin.read())
    except ValueError as error:
        raise Refusal("what it was told: %s" % printable(str(error))) from None
    reply = work(question)
    if reply is not None:
        print(protocol.dumps(reply))


def answer(name: str, stream: BinaryIO) -> str:
    """Carry out a command of a datasink. Raises Refusal; what is wrong with the disk or the bytes is one too."""
    work = load({**REGISTRY, **RECEIVING}[name])
    question = protocol.loads(question_of(work), stream.readline().decode())
    try:
        return protocol.dumps(work(question, stream) if name in RECEIVING else work(question))
    except OSError as error:
        place = "" if error.filename is None else "%s: " % error.filename
        raise Refusal("%s%s; mend that there and run it again" % (place, error.strerror)) from None
