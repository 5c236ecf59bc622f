"""Many cases of one test."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

SHOWN = 100  # letters of a case

Test = Callable[..., None]


def each(names: str, values: Iterable[Any]) -> Callable[[Test], Test]:
    """As pytest.mark.parametrize, in one test: for many values that leave nothing behind. A failure names its value.

    A test of its own takes longer than most of them.
    """
    words, cases = names.split(", "), list(values)
    assert cases

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def in_turn(**fixtures: Any) -> None:
            for case in cases:
                try:
                    test(**fixtures, **dict(zip(words, case if len(words) > 1 else [case], strict=True)))
                except BaseException as error:
                    error.add_note(f"{names}: {case!r:.{SHOWN}}")
                    raise

        signature = inspect.signature(test)
        fixtures = [each for each in signature.parameters.values() if each.name not in words]
        vars(in_turn)["__signature__"] = signature.replace(parameters=fixtures)
        return in_turn

    return decorate
