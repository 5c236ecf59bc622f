"""What goes from a node of its unpacked Coral stacks: as of a model's versions, though no pin knows the files there."""

from modelctl.prune import prune_nodes
from node.codec import Text
from node.protocol.versions import Held, HeldFile, HeldVersion
from tests.unit.modelctl.sites import fleet, pinned, site_with

CORAL, NEW, KEPT, OLD, OLDEST = "coral_packages", "2025-12-19", "2025-12-01", "2025-11-01", "2025-10-01"


def held(version: str) -> HeldVersion:
    files = [HeldFile(Text("lib/libedgetpu.so.1"), 7, f"1:{version}", links=1)]
    return HeldVersion(model=CORAL, version=version, files=files)


def test_a_stack_that_nobody_names_goes() -> None:
    stack = fleet().registry.coral
    assert stack is not None
    stacks = dict.fromkeys((NEW, KEPT, OLD, OLDEST), stack.stacks[NEW])
    registry = fleet().registry.model_copy(update={"coral": stack.model_copy(update={"stacks": stacks})})
    pins = pinned()
    known = {CORAL: dict.fromkeys((NEW, KEPT, OLD), pins.models[CORAL][NEW])}
    standards = fleet().standards.model_copy(update={"sentinelcam_model_retention": 1})
    asked = fleet(
        site_with("sentinel"), registry, pins.model_copy(update={"models": {**pins.models, **known}}), standards
    )
    all_of_them = Held(versions=[held(NEW), held(KEPT), held(OLD), held(OLDEST)], leftovers=[])
    found = prune_nodes._decide(asked, "sentinel", [], all_of_them)
    assert [(going.held.version, going.bytes) for going in found.go] == [(OLD, 7)]
    assert found.stay == {
        (CORAL, OLDEST): ("no pin covers it, so nobody knows what it should hold",),
        (CORAL, KEPT): ("one of the 1 most recent others",),
        (CORAL, NEW): ("current",),
    }
    named = prune_nodes._decide(asked, "sentinel", [f"{CORAL}/{OLD}"], all_of_them)
    assert (named.go, named.stay[CORAL, OLD]) == ((), ("named by sentinel",))
