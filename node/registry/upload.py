"""Takes the files of a new version in from a trainer, whose key opens this and nothing else.

The key's line in authorized_keys says who the trainer is, where the incoming area and the log are. What the trainer
asks for comes in SSH_ORIGINAL_COMMAND and is never run. A file is written to .NAME.SHA256.part, flushed, verified,
renamed: a next try of the same files goes on from there.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import List, Tuple

from node import names, protocol
from node.counting import counted
from node.errors import Refusal, printable
from node.protocol.registry import Measured
from node.protocol.upload import CONVERSATION, AnnouncedFile, Announcement, Done, Have, Refused
from node.registry import incoming, own
from node.registry.conversation import Conversation
from node.store import disk, files, history
from node.store.versions import MANIFEST

ASKED = "SSH_ORIGINAL_COMMAND"
MOST_FILES = 32
SYNCED = 1 << 17  # bytes: with what a trainer may send unacknowledged less than 1 MB, which a cut may cost
LONGEST_LOG = disk.MOST // 2  # bytes: a deploy reads all of it
SHOWN = 300  # characters of why it is refused


def serve(trainer: str, area: str, log: str) -> None:
    """Carry out what a trainer asked for, and log how that ended."""
    conversation = Conversation(source=0, target=1)
    label = "upload"
    try:
        require_no_root()
        model, version = asked_for(os.environ.get(ASKED, ""))
        label = "upload %s/%s" % (model, version)
        told = take(Path(area), model, version, conversation)
        _log(Path(log), "%s %s: %s" % (trainer, label, told))
        conversation.say(Done(done=True))
    except (Refusal, OSError) as error:
        why = printable(fault_of(error), SHOWN)
        with suppress(Refusal, OSError):  # the trainer is told all the same
            _log(Path(log), "%s %s refused: %s" % (trainer, label, why))
        with suppress(Refusal, OSError):  # nobody listens any more
            conversation.say(Refused(why))
        sys.exit(protocol.REFUSED)


def require_no_root() -> None:
    if os.geteuid() == 0:
        raise Refusal("it would run as root; expected the owner of the registry")


def asked_for(command: str) -> Tuple[str, str]:
    """Return the model and the version. Raises Refusal for every other command, and shows none of it."""
    word, _, label = command.partition(" ")
    model, _, version = label.partition(" ")
    if word != "upload" or not names.MODEL.fullmatch(model) or not names.is_version(version):
        raise Refusal("found another command; allowed: upload MODEL VERSION")
    return model, version


def fault_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return "%s: %s" % (error.filename or "upload", error.strerror or error)
    return str(error)


def _log(log: Path, text: str) -> None:
    """Add a line, which no host's history has: a log that many refusals fill must still be read by deploys."""
    if _length(log) < LONGEST_LOG:
        own.folder(log.parent)
        files.append(log, ("%s %s" % (history.now(), text)).encode(), owner=own.me())


def take(area: Path, model: str, version: str, conversation: Conversation) -> str:
    """Take all files of a version in; return in words what they are. Raises Refusal, OSError; what came stays."""
    announced = announcement(conversation.line())
    with incoming.admitted(area, model, version, announced.bytes) as folder:
        _drop_others(folder, announced.files)
        have = {file.name: _begun(folder, file) for file in announced.files}
        conversation.say(Have(have))
        for file in announced.files:
            if not disk.is_there(folder / file.name):
                _receive(area, folder, file, have[file.name], conversation)
        conversation.require_silence()
    sent = announced.bytes - sum(have.values())
    files = counted(len(announced.files), "file")
    return "%s, %d bytes, %d of them sent now" % (files, announced.bytes, sent)


def announcement(line: bytes) -> Announcement:
    """Read the announcement. Raises Refusal for one that no version's files can have."""
    try:
        announced = protocol.loads(Announcement, line.decode())
    except ValueError as error:
        raise Refusal("the announcement: %s" % error) from None
    if announced.conversation != CONVERSATION:
        raise Refusal(
            "found the trainer's program of conversation %d; expected %d; have the trainer and this datasink "
            "deployed: run deploys/site.py" % (announced.conversation, CONVERSATION)
        )
    found = [file.name for file in announced.files]
    if MANIFEST not in found or len(found) > MOST_FILES or len(set(found)) < len(found):
        raise Refusal(
            "the announcement: found %d files, %d names; expected up to %d files, each once, with %s"
            % (len(found), len(set(found)), MOST_FILES, MANIFEST)
        )
    if announced.bytes > incoming.MOST:
        raise Refusal("the announcement: found more than %s bytes" % format(incoming.MOST, ","))
    if announced.files[found.index(MANIFEST)].size > own.MANIFEST_LIMIT:
        raise Refusal("%s: expected at most %d bytes" % (MANIFEST, own.MANIFEST_LIMIT))
    return announced


def _drop_others(folder: Path, announced: List[AnnouncedFile]) -> None:
    """Remove what is neither one of these files nor the beginning of one."""
    kept = {file.name for file in announced if _is_whole(folder, file)}
    begun = {_part(folder, file).name: file.size for file in announced if file.name not in kept}
    kept |= {name for name, size in begun.items() if _is_own(folder / name) and _length(folder / name) <= size}
    for name in disk.names(folder):
        if name not in kept:
            files.remove(folder / name)


def _is_own(path: Path) -> bool:
    """Whether a plain file is there that has no other name."""
    found = disk.status(path)
    return disk.is_file(path) and found is not None and found.st_nlink == 1


def _is_whole(folder: Path, file: AnnouncedFile) -> bool:
    path = folder / file.name
    return _is_own(path) and own.measure(path) == Measured(file.sha256, file.size)


def _length(path: Path) -> int:
    found = disk.status(path)
    return found.st_size if found is not None else 0


def _part(folder: Path, file: AnnouncedFile) -> Path:
    return folder / (".%s.%s.part" % (file.name, file.sha256))


def _begun(folder: Path, file: AnnouncedFile) -> int:
    """How many bytes of a file are here and were flushed."""
    if disk.is_there(folder / file.name):
        return file.size
    return max(_length(_part(folder, file)) - 1, 0) // SYNCED * SYNCED


def _receive(area: Path, folder: Path, file: AnnouncedFile, have: int, conversation: Conversation) -> None:
    """Take the rest of a file in. Raises Refusal: what came stays, unless it is not what was announced."""
    part = _part(folder, file)
    with own.opened(part, incoming.FILE_MODE) as opened:
        size = opened.seek(have)
        while size < file.size:
            size += opened.write(conversation.some(min(file.size, size // SYNCED * SYNCED + SYNCED) - size))
            if size % SYNCED == 0:
                opened.flush()
                files.sync(part)
                incoming.require_bounds(area)
                conversation.acknowledge()
        own.flush(opened, part, incoming.FILE_MODE)
    if own.measure(part) != Measured(file.sha256, file.size):
        files.unlink(part)
        raise Refusal("%s: other bytes came than were announced; try again" % file.name)
    files.rename(part, folder / file.name)
    conversation.acknowledge()
