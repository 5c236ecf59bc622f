"""Pulls, and how far each is: redrawn below pyinfra's own line on a terminal, elsewhere a line of each now and then."""

import os
import time
from typing import Any

from pyinfra import progress
from pyinfra.api import Host, State, StringCommand
from pyinfra.connectors.util import CommandOutput

from modelctl import quantities
from modelctl.pull_meter import PullMeter
from node.desired_state import DesiredState
from node.protocol.facts import Room
from operations.listening import listening
from operations.node_command import Refusal, command

PAUSE = 10.0  # seconds between two lines of a host, where nothing is redrawn
WIDTH = 100  # columns there
_INDENT = "    "

_running: dict[str, "Pull"] = {}


class Pull(StringCommand):
    """The command that pulls. What it says on standard output is how far it is, and is kept nowhere."""

    def __init__(self, message: DesiredState) -> None:
        made = command("pull", message=message)
        super().__init__(*made.bits, **made.connector_arguments)

    def execute(self, state: State, host: Host, connector_arguments: Any) -> Any:
        self.meter = PullMeter(time.monotonic())
        self._next = time.monotonic() + PAUSE
        _running[host.name] = self
        try:
            with listening(host, lambda line: self._hear(host, line)):
                succeeded, output = super().execute(state, host, connector_arguments)
        finally:
            del _running[host.name]
        return succeeded, CommandOutput([line for line in output if line.buffer_name == "stderr"])

    def _hear(self, host: Host, line: str) -> None:
        now = time.monotonic()
        self.meter.hear(line, now)
        if now >= self._next and not is_redrawn():
            self._next = now + PAUSE
            if text := self.meter.text(now, WIDTH):
                host.log(text)


def is_redrawn() -> bool:
    """Whether pyinfra redraws a line of its own: then there is a terminal, and it was not told to be quiet."""
    return progress.IS_TTY and os.environ.get("PYINFRA_PROGRESS") != "off"


def lines(width: int, height: int) -> list[str]:
    """How far each pull is that has said so, in lines of a screen of that size."""
    now = time.monotonic()
    found = []
    for name, pull in _running.items():
        start = f"{_INDENT}[{name}] "
        if text := pull.meter.text(now, width - len(start)):
            found.append(start + text)
    if len(found) > height:
        found[max(0, height - 1) :] = [f"{_INDENT}and {len(found) - height + 1} more"]
    return found[: max(0, height)]


def pull_into(host: Host, room: Room | None, message: DesiredState) -> StringCommand:
    """The command that pulls what the message names, or a refusal where there is no room for it. A prediction says what
    must come and what room there is; the run itself shows how it comes.
    """
    if room is not None and room.problem:
        return Refusal(f"{host.name}: {room.problem}")
    if room is not None and not host.state.is_executing:
        host.log(_forecast(room))
    return Pull(message)


def _forecast(room: Room) -> str:
    text = f"{quantities.size(room.size)} to pull, {quantities.size(max(0, room.free - room.reserve))} free"
    unread = sum(room.unread.values())
    if unread:
        text += f"; {quantities.size(unread)} more may have to come, if what is there proves wrong"
    return f"{text} ({room.folder})"
