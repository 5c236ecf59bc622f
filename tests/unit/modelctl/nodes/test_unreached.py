"""The next step for a host that is not reached: a key's remedy is for errors of a key alone."""

import pytest

from modelctl.nodes import unreached

SILENT = "look at its power and its cable, then run again"
UNTRUSTED = "is its key trusted? modelctl trust lab1"
SHUT = "see what it lacks: modelctl doctor lab1"


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("ssh: connect to host 192.168.10.20 port 22: Connection timed out", SILENT),
        ("ssh: connect to host 192.168.10.20 port 22: No route to host", SILENT),
        ("ssh: connect to host 192.168.10.20 port 22: Connection refused", SILENT),
        ("ssh: connect to host 192.168.10.20 port 22: Network is unreachable", SILENT),
        ("no reason given", SILENT),
        ("Host key verification failed.", UNTRUSTED),
        ("ops@192.168.10.20: Permission denied (publickey).", SHUT),
        # pyinfra's
        ("Could not connect (timed out)", SILENT),
        ("SSH host key error (Host key for 192.168.10.20 does not match.)", UNTRUSTED),
        ("SSH error (StrictPolicy: No host key for 192.168.10.20 found in known_hosts)", UNTRUSTED),
        ("Authentication error (username=ops)", SHUT),
    ],
)
def test_next_step(said: str, step: str) -> None:
    assert unreached.next_step("lab1", said) == step
