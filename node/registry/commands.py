"""The commands of a datasink: each reads a question, a line, and writes the reply to it."""

from __future__ import annotations

from typing import Any, BinaryIO, Callable, Dict, Tuple

from node import protocol
from node.errors import Refusal
from node.protocol import registry as messages
from node.registry import collected, importing, reading, stacks

Work = Callable[..., Any]

COMMANDS: Dict[str, Tuple[type, Work]] = {
    "list-registry": (messages.ListRegistry, reading.list_registry),
    "read-folder": (messages.ReadFolder, reading.read_folder),
    "check-import": (messages.ImportPlace, importing.check),
    "import": (messages.Import, importing.copy),
    "find-stacks": (messages.FindStacks, stacks.find),
    "store-stack": (messages.StoreStack, stacks.store),
    "check-collected": (messages.CheckCollected, collected.check),
    "find-parts": (messages.FindParts, collected.find_parts),
    "finish-collected": (messages.FinishCollected, collected.finish),
}
RECEIVING: Dict[str, Tuple[type, Work]] = {  # the bytes of a file follow the question
    "receive-package": (messages.ReceivePackage, stacks.receive),
    "receive-collected": (messages.ReceiveCollected, collected.receive),
}


def answer(name: str, stream: BinaryIO) -> str:
    """Carry out the command of that name. Raises Refusal; what is wrong with the disk or the bytes is one too."""
    kind, work = COMMANDS.get(name) or RECEIVING[name]
    question: Any = protocol.loads(kind, stream.readline().decode())
    try:
        return protocol.dumps(work(question, stream) if name in RECEIVING else work(question))
    except OSError as error:
        place = "" if error.filename is None else "%s: " % error.filename
        raise Refusal("%s%s; mend that there and run it again" % (place, error.strerror)) from None
