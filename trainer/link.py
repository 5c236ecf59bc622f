"""The way to another machine: ssh with a key that allows one command there, and no settings of this user or machine."""

import time
from pathlib import Path
from typing import Callable, List, NamedTuple, TypeVar

from trainer.console import Console
from trainer.errors import Busy, LostLink, Refusal
from trainer.settings import Machine

LOST = 255  # ssh's exit status when the connection was not made, or ended
PAUSES = (2.0, 5.0, 15.0, 30.0, 60.0)  # seconds before each further try
HOPELESS = ("Permission denied", "Host key verification failed", "No such file or directory")

Result = TypeVar("Result")


class Link(NamedTuple):
    """A machine, and what is needed to be let in."""

    machine: Machine
    key: Path
    known_hosts: Path

    def command(self, words: List[str]) -> List[str]:
        """Return what runs a command there. Nothing quotes its words: they are names."""
        options = {
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": '"%s"' % self.known_hosts,  # ssh splits at spaces
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "ServerAliveInterval": "15",
            "ConnectTimeout": "15",
        }
        told = [word for name, value in options.items() for word in ("-o", "%s=%s" % (name, value))]
        login = ["-l", self.machine.user, "-p", str(self.machine.port), "--", self.machine.address]
        return ["ssh", "-F", "none", "-T", "-i", str(self.key), *told, *login, *words]

    def require_hope(self, said: str) -> None:
        """Raise Refusal when ssh said what another try does not mend."""
        if any(words in said for words in HOPELESS):
            expected = "to be let in with %s" % self.key
            deploy = "ask for: pyinfra inventory.py deploys/trainer.py"
            raise Refusal("%s: found %s; expected %s; %s" % (self.machine.address, said, expected, deploy))


def persist(attempt: Callable[[], Result], console: Console, sleep: Callable[[float], None] = time.sleep) -> Result:
    """Return what an attempt returns; one that loses the link is made again, after a pause. Raises Refusal at last."""
    has_lost = False
    for pause in PAUSES:
        try:
            return attempt()
        except Busy as error:
            if not has_lost:
                raise
            told = str(error)
        except LostLink as error:
            has_lost = True
            told = str(error)
        console.say("%s; trying again in %d s" % (told, pause))
        sleep(pause)
    try:
        return attempt()
    except LostLink as error:
        raise Refusal("%s; expected a connection, %d tries; run it again later" % (error, len(PAUSES) + 1)) from None
