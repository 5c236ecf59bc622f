"""What pyinfra takes of an operator; an upgrade that refuses it fails a test here."""

import inspect

import pytest

from operations.mends import refusals


def test_pyinfra_still_goes_on_with_no_host() -> None:
    assert "return Inventory.empty()" in inspect.getsource(refusals._make_inventory)
    assert "raise" not in inspect.getsource(refusals._exclude)


def test_pyinfra_still_trusts_data_to_have_a_value() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        refusals._set_data(("models",), None, None, None, None, None)  # type: ignore[no-untyped-call]


def test_pyinfra_still_lets_python_find_wrong_arguments() -> None:
    for function in (refusals._prepare, refusals._gather):
        assert "signature" not in inspect.getsource(function)
