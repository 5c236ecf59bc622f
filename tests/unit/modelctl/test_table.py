"""Reports as text; on a terminal they are looked at with the commands that print them."""

import pytest

from modelctl.table import Report, Row, Table, number

NAMES = Table(("name", "size"), (Row(("a", "1,000")), Row(("longer", "7"))), frozenset({"size"}))
EMPTY = Table(("host", "runs"), ())


def test_columns_are_aligned_and_numbers_to_the_right() -> None:
    assert Report((NAMES,)).plain() == "name     size\na       1,000\nlonger      7"


def test_tables_and_lines_stand_apart() -> None:
    assert Report((NAMES, EMPTY), ("first", "second")).plain().split("\n\n")[1:] == ["host  runs", "first\nsecond"]


def test_no_line_ends_in_blanks() -> None:
    table = Table(("name", "note"), (Row(("a", "")), Row(("b", "long"))))
    assert Report((table,)).plain() == "name  note\na\nb     long"


def test_a_pipe_gets_text_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    Report((Table(("name",), (Row(("a",), "red"),)),)).print()
    assert capsys.readouterr() == ("name\na\n", "")


def test_numbers_as_people_read_them() -> None:
    assert [number(value) for value in (0, 999, 1_000, 31_510_785)] == ["0", "999", "1,000", "31,510,785"]
