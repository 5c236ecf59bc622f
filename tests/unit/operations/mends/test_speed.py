"""What is mended of what pyinfra does too often; an upgrade that mends it fails a test here."""

import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api import arguments, util

from operations.mends import speed

OF_CALLS = [(name, mended) for owner, name, mended in speed.MENDS if owner is util]


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is read of source files."""
    read: list[object] = []
    find = inspect.findsource

    def note(of: Any) -> Any:
        read.append(of)
        return find(of)

    monkeypatch.setattr(inspect, "findsource", note)
    return read


def called() -> "tuple[list[int], tuple[str, int]]":
    """The order that pyinfra gives to an operation, and the place that it shows."""
    state: Any = SimpleNamespace(current_deploy_filename=__file__, current_op_file_number=3)
    order = util.get_operation_order_from_stack(state)
    place = util.get_caller_frameinfo(-1)
    return order, (place.filename, place.lineno)


def test_pyinfra_reads_them(sources: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks for all that Python can tell of a frame."""
    for function in (util.get_operation_order_from_stack, util.get_caller_frameinfo):
        assert " stack()" in inspect.getsource(function).replace("(stack()", " stack()")
    for name, _ in OF_CALLS:
        monkeypatch.setattr(util, name, getattr(inspect, name))
    called()
    assert sources


def test_the_order_and_the_place_stay_as_they_are_and_no_source_is_read(
    monkeypatch: pytest.MonkeyPatch, sources: list[object]
) -> None:
    found = []
    for functions in ([getattr(inspect, name) for name, _ in OF_CALLS], [mended for _, mended in OF_CALLS]):
        for (name, _), function in zip(OF_CALLS, functions, strict=True):
            monkeypatch.setattr(util, name, function)
        sources.clear()
        found.append(called())
    assert found[0] == found[1]
    assert found[0][1][0] == __file__
    assert sources == []


def test_the_types_of_global_arguments_are_read_once() -> None:
    mended = arguments.all_global_arguments
    assert mended() is mended()
    own = mended.__wrapped__  # type: ignore[attr-defined]
    assert own() == mended()
    assert own() is not own()
    assert "in all_global_arguments():" in inspect.getsource(arguments.pop_global_arguments)
