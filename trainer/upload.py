"""Sends a snapshot to the datasink's incoming area: format 1 of the conversation with the node program's `upload`.

What is sent: a line that announces the files; then, of each in turn, what the datasink does not have.
"""

import json
from typing import Any, Dict, Iterator, List, Type

from trainer import copying
from trainer.errors import Busy, LostLink, Refusal
from trainer.link import Link
from trainer.measured import Measured
from trainer.progress import Progress
from trainer.session import session
from trainer.snapshot import Snapshot

FORMAT = 1
# What asking again helps with, by the last words of what the datasink says.
AGAIN: Dict[str, Type[Exception]] = {"try again": Busy, "goes on from there": LostLink}
TRUSTED = "the registry's upload command, format %d; have the trainer and the datasink deployed" % FORMAT


def upload(link: Link, words: List[str], snapshot: Snapshot, progress: Progress) -> None:
    """Make the incoming area hold the snapshot. Raises LostLink, and Refusal with the datasink's reason."""
    with session(link, words) as there:
        there.send([_announcement(snapshot.files)])
        have = _have(_parse(there.reply(), link), snapshot.files, link)
        progress.begin(sum(have.values()))
        there.send(_rest(snapshot, have, progress))
        if _parse(there.reply(), link).get("done") is not True:
            raise _unexpected(link)


def _announcement(files: List[Measured]) -> bytes:
    listed = [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in files]
    return json.dumps({"format": FORMAT, "files": listed}).encode("ascii") + b"\n"


def _rest(snapshot: Snapshot, have: Dict[str, int], progress: Progress) -> Iterator[bytes]:
    for file in snapshot.files:
        left = file.size - have[file.name]
        with (snapshot.folder / file.name).open("rb") as reader:
            reader.seek(have[file.name])
            for chunk in copying.chunks(reader, left):
                yield chunk
                progress.add(len(chunk))
                left -= len(chunk)
        if left:
            expected = "the snapshot as it was taken; run it again"
            raise Refusal("%s: found it cut short; expected %s" % (snapshot.folder / file.name, expected))


def _parse(line: bytes, link: Link) -> Dict[str, Any]:
    try:
        reply = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise _unexpected(link) from None
    if not isinstance(reply, dict) or reply.get("format") != FORMAT:
        raise _unexpected(link)
    if "refused" in reply:
        text = "%s: %s" % (link.machine.address, reply["refused"])
        kinds = (kind for end, kind in AGAIN.items() if text.endswith(end))
        raise next(kinds, Refusal)(text)
    return reply


def _have(reply: Dict[str, Any], files: List[Measured], link: Link) -> Dict[str, int]:
    found = reply.get("have")
    if not isinstance(found, dict):
        raise _unexpected(link)
    have = {file.name: found.get(file.name, 0) for file in files}
    if not all(type(have[file.name]) is int and 0 <= have[file.name] <= file.size for file in files):
        raise _unexpected(link)
    return have


def _unexpected(link: Link) -> Refusal:
    return Refusal("%s: found an answer of another kind; expected %s" % (link.machine.address, TRUSTED))
