"""What `modelctl show MODEL VERSION` says of a version, as a table."""

import pytest

from modelctl.reports import one_version
from modelctl.reports.one_version import OneVersion

REASON = "marked bad at 2026-05-02 by anna: it greets strangers"


@pytest.mark.parametrize(
    ("marks", "bad", "said"),
    [
        ((), None, "none"),
        ((), REASON, "bad"),
        (("previous",), REASON, "previous, bad"),
        (("current",), None, "current"),
    ],
)
def test_a_version_that_is_marked_bad_has_that_mark(marks: tuple[str, ...], bad: str | None, said: str) -> None:
    found = OneVersion("m", "2026-05-01", "a" * 64, {}, {}, marks, bad, (), (), ())
    told = one_version.report(found)
    [cells] = [row.cells for row in told.tables[0].rows if row.cells[0] == "marks"]
    assert cells == ("marks", said)
    assert told.notes == ((f"m/2026-05-01: {REASON}",) if bad else ())
