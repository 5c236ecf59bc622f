"""The smallest site that works: a datasink, a sentinel without a Coral stick, an outpost with a Raspberry Pi camera."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelctl.starting.files import Files, common, registry, rendered


@dataclass(frozen=True)
class Named:
    """A host by its name and its address."""

    name: str
    address: str


EXAMPLES: Mapping[str, Named] = {
    role: Named(role, f"192.0.2.{number}") for number, role in enumerate(("datasink", "sentinel", "outpost"), 10)
}
"""By role. Nothing has such an address: they are kept for examples (RFC 5737)."""


def files(name: str, hosts: Mapping[str, Named]) -> Files:
    """The files of such a site; `hosts` are by role."""
    return common(name) | {
        "inventory/registry.py": registry(),
        "inventory/site.py": rendered("site.py.j2", name=name, **hosts),
    }
