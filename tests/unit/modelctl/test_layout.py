"""Control node and nodes share no code, and must agree."""

from modelctl import layout
from node import layout as node_layout


def test_the_nodes_program_looks_in_the_same_places() -> None:
    assert (str(node_layout.STATE), str(node_layout.UNITS)) == (layout.STATE, layout.UNITS)
