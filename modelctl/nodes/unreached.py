"""Why a host is not reached over SSH, and what to do about it, as its words say: ssh's own, or pyinfra's."""

import re
from enum import Enum

from modelctl import hints

LOOK = "look at its power and its cable"
LOOK_AND_REPEAT = f"{LOOK}, then run again"

_HOST_KEY = re.compile(r"Host key verification|host key error|No host key for", re.IGNORECASE)
_LOGIN = re.compile(r"Permission denied|Authentication error")


class Obstacle(Enum):
    """What stands in the way. Where the words name no key, the host or the network is silent."""

    HOST_KEY = "host key"
    LOGIN = "login"
    SILENCE = "silence"


def obstacle(said: str) -> Obstacle:
    if _HOST_KEY.search(said):
        return Obstacle.HOST_KEY
    return Obstacle.LOGIN if _LOGIN.search(said) else Obstacle.SILENCE


def next_step(host: str, said: str) -> str:
    """What the operator does next."""
    match obstacle(said):
        case Obstacle.HOST_KEY:
            return f"is its key trusted? {hints.modelctl(f'trust {host}')}"
        case Obstacle.LOGIN:
            return f"see what it lacks: {hints.modelctl(f'doctor {host}')}"
        case Obstacle.SILENCE:
            return LOOK_AND_REPEAT
