"""The lab's standards: stand-ins start at once, and tests wait for each second."""

from modelctl.schema import Gate, Gates, Standards

_GATE = Gate(linked_wait=3, settle=0.5, deadline=20)
STANDARDS = Standards(gates=Gates(sentinel=_GATE, imagenode=_GATE.model_copy(update={"model_wait": 2}), datapump=_GATE))
