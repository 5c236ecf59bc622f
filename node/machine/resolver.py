"""The names of other hosts, as a service here finds them: in DNS, /etc/hosts, or where else the machine looks."""

from __future__ import annotations

from typing import Optional

from node.machine import commands

SECONDS = 5.0  # for each name: a name server that is gone is waited for longer than anybody likes


def fault(name: str) -> Optional[str]:
    """Return why a service here comes to no address of that name; None where it has one."""
    try:
        found = commands.run(["getent", "ahosts", name], SECONDS)
    except commands.Overdue:
        return "no answer about %s within %g s" % (name, SECONDS)
    return None if found.returncode == 0 else "does not find %s" % name
