"""Sends a snapshot to the datasink's incoming area.

What is sent: a line that announces the files; then, of each in turn, what the datasink does not have.
"""

import json
from typing import Any, Dict, Iterator, List

from trainer import copying
from trainer.conversation import FORMAT, NUMBER, Conversation
from trainer.errors import Refusal
from trainer.link import Link
from trainer.measured import Measured
from trainer.progress import Progress
from trainer.session import REPLY, session
from trainer.snapshot import Snapshot


def upload(link: Link, words: List[str], snapshot: Snapshot, progress: Progress) -> None:
    """Make the incoming area hold the snapshot. Raises LostLink, and Refusal with the datasink's reason."""
    with session(link, words) as there:
        there.send(memoryview(_announcement(snapshot.files)))
        conversation = Conversation(there, link)
        have = _have(conversation.reply(REPLY), snapshot.files, conversation)
        progress.begin(sum(have.values()))
        for chunk in _rest(snapshot, have):
            conversation.send(chunk)
            progress.add(len(chunk))
        _require_done(conversation)


def _announcement(files: List[Measured]) -> bytes:
    listed = [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in files]
    return json.dumps({"format": FORMAT, "conversation": NUMBER, "files": listed}).encode("ascii") + b"\n"


def _have(reply: Dict[str, Any], files: List[Measured], conversation: Conversation) -> Dict[str, int]:
    found = reply.get("have")
    if not isinstance(found, dict) or reply.get("conversation") != NUMBER:
        raise conversation.unexpected()
    have = {file.name: found.get(file.name, 0) for file in files}
    if not all(type(have[file.name]) is int and 0 <= have[file.name] <= file.size for file in files):
        raise conversation.unexpected()
    return have


def _rest(snapshot: Snapshot, have: Dict[str, int]) -> Iterator[bytes]:
    for file in snapshot.files:
        left = file.size - have[file.name]
        with (snapshot.folder / file.name).open("rb") as reader:
            reader.seek(have[file.name])
            for chunk in copying.chunks(reader, left):
                yield chunk
                left -= len(chunk)
        if left:
            expected = "the snapshot as it was taken; run it again"
            raise Refusal("%s: found it cut short; expected %s" % (snapshot.folder / file.name, expected))


def _require_done(conversation: Conversation) -> None:
    """Take up the last that the datasink says. Raises as Conversation does."""
    reply = conversation.reply(REPLY)
    while "done" not in reply:
        conversation.acknowledge(reply)
        reply = conversation.reply(REPLY)
    if reply["done"] is not True:
        raise conversation.unexpected()
