"""What a service starts in: its variables on its own command line, and never an empty element of a path."""

import hashlib
from itertools import product
from pathlib import Path

from modelctl.desired.services import UNPINNED, stack_digest, stack_of, variables
from node.store.service_set import SetStack
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.sites import fleet, pinned, site_with

VERSION = "2025-12-19"
STACK = SetStack(VERSION, "m", "d1", Path("/home/ops/.opencv/bin/python"), Path("/home/ops/sentinel"), [])


def test_the_variables_of_a_service_with_a_stack() -> None:
    assert variables(STACK, ("/own", "/more")) == (
        "PYTHONPATH=/var/lib/sentinelcam/coral/d1/python:/own:/more",
        "LD_LIBRARY_PATH=/var/lib/sentinelcam/coral/d1/lib",
    )


def test_an_empty_element_of_a_path_never_occurs() -> None:
    """It would mean the working directory."""
    for stack, path in product((None, STACK), ((), ("/own",))):
        for variable in variables(stack, path):
            name, _, value = variable.partition("=")
            assert (name in {"PYTHONPATH", "LD_LIBRARY_PATH"}, "" in value.split(":")) == (True, False)
    assert variables(None, ()) == ()
    assert variables(STACK, ())[0] == "PYTHONPATH=/var/lib/sentinelcam/coral/d1/python"


def test_the_digest_is_over_the_files_that_a_node_gets() -> None:
    asked, coral = fleet(pins=pinned()), REGISTRY.coral
    assert coral is not None
    pin, names = asked.pins.models["coral_packages"][VERSION], coral.stacks[VERSION].node_files
    text = "".join(f"{pin.files[name].sha256}  {name}\n" for name in names)
    assert stack_digest(names, pin) == hashlib.sha256(text.encode()).hexdigest()
    assert stack_digest(reversed(names), pin) == stack_digest(names, pin)
    found = stack_of(asked, "sentinel", "/f", ("/own",))
    assert found == SetStack(
        VERSION, pin.manifest, stack_digest(names, pin), Path("/home/ops/.opencv/bin/python"), Path("/f"), ["/own"]
    )


def test_what_is_only_shown_needs_no_pin() -> None:
    found = stack_of(fleet(), "sentinel", "/f")
    assert found is not None
    assert (found.manifest, found.digest) == (UNPINNED, UNPINNED)


def test_without_a_stick_there_is_none() -> None:
    assert stack_of(fleet(), "lab1", "/f") is None
    assert stack_of(fleet(site_with("sentinel", coral_packages=False)), "sentinel", "/f") is None
    assert stack_of(fleet(site_with("sentinel", accelerator="cpu")), "sentinel", "/f") is None
