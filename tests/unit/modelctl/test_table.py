"""Reports as text; on a terminal they are looked at with the commands that print them."""

from collections.abc import Callable

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


WIDE = Table(
    ("host", "model", "size", "why"),
    (Row(("lab1", "mobilenet_ssd", "12.3 MB", "stays: one of the three most recent others"), "red"),),
    frozenset({"size"}), frozenset({"why"}), ("size", "model"),
)  # fmt: skip


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What a terminal of some columns shows of a report, line by line."""

    def show(columns: int, *tables: Table) -> list[str]:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("NO_COLOR", "1")
        Report(tables).print()
        return capsys.readouterr().out.splitlines()

    return show


def test_prose_goes_on_in_the_next_line_between_words(shown: Callable[..., list[str]]) -> None:
    assert shown(60, WIDE) == [
        "host  model             size  why",
        "lab1  mobilenet_ssd  12.3 MB  stays: one of the three most",
        "                              recent others",
    ]


def test_what_matters_least_is_left_out_first_and_named(shown: Callable[..., list[str]]) -> None:
    assert shown(40, WIDE) == [
        "host  model          why",
        "lab1  mobilenet_ssd  stays: one of the",
        "                     three most recent",
        "                     others",
        "(1 of 4 columns left out: size)",
    ]
    assert (found := shown(30, WIDE))[0] == "host  why"
    assert found[-2:] == ["(2 of 4 columns left out:", "  size, model)"]


def test_no_word_of_prose_is_folded(shown: Callable[..., list[str]]) -> None:
    path = "/home/ops/sentinelcam/model-registry"
    table = Table(("host", "why"), (Row(("lab1", f"{path} is full")),), prose=frozenset({"why"}))
    assert shown(30, table) == ["host  why", f"lab1  {path}", "      is full"]


def test_no_name_is_cut_where_nothing_more_can_be_left_out(shown: Callable[..., list[str]]) -> None:
    assert shown(10, Table(("model",), (Row(("face_detection_blazeface",)),))) == ["model", "face_detection_blazeface"]


def test_a_pipe_gets_every_column_as_wide_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    Report((WIDE,)).print()
    assert capsys.readouterr().out.splitlines()[1].endswith("  12.3 MB  stays: one of the three most recent others")


def test_numbers_as_people_read_them() -> None:
    assert [number(value) for value in (0, 999, 1_000, 31_510_785)] == ["0", "999", "1,000", "31,510,785"]
