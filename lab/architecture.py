"""This machine's architecture, which the lab's hosts and its Coral packages share."""

import platform

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf"}
MACHINE = platform.machine()
"""As the platform tags of wheels end."""
ARCHITECTURE = _ARCHITECTURES.get(MACHINE, MACHINE)
"""As dpkg has it."""
