"""The lab's name: several labs stand side by side on one machine, and each sees only what bears its own."""

from __future__ import annotations

import os
import re

from modelctl.errors import OperatorError, exit_with_message

DEFAULT = "lab"
PATTERN = re.compile(r"[a-z][a-z0-9]{0,11}")
"""Without a dash: what belongs to a host of a lab is named ID-HOST, and is never another lab's ID."""


def checked(name: str) -> str:
    """A name as it was chosen.

    :raises OperatorError: no lab can have that name.
    """
    if not PATTERN.fullmatch(name):
        raise OperatorError(
            f"LAB: found {name!r}; expected a letter, then up to 11 letters or digits, all small, such as LAB=other"
        )
    return name


def identity(name: str) -> str:
    """What the state folder, the network and the control groups of a lab are named after."""
    return f"sentinelcam-{name}"


with exit_with_message():  # whoever imports the lab is a program that an operator started
    NAME = checked(os.environ.get("LAB") or DEFAULT)
ID = identity(NAME)


def command(words: str, name: str = NAME) -> str:
    """A command on this lab, as an operator types it."""
    return f"python -m lab {words}" if name == DEFAULT else f"LAB={name} python -m lab {words}"
