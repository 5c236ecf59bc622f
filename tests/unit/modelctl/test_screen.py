import pytest

from modelctl import screen

TEXT = "    [lab1]     imagenode: rolled back to d0791193bd67: imagenode.service ended after its start"


@pytest.mark.parametrize("columns", [40, 60, 120])
def test_a_long_line_is_folded_between_words(columns: int) -> None:
    folded = screen.fold(TEXT, columns, "        ")
    assert max(map(len, folded.split("\n"))) <= columns
    assert folded.split() == TEXT.split()
    assert folded.startswith("    [lab1]     imagenode:")


def test_what_fits_stays_as_it_is() -> None:
    assert screen.fold("a  b \n\n c", 6) == "a  b \n\n c"


def test_styles_take_no_room() -> None:
    assert screen.fold("\033[31mabc\033[0m def", 7) == "\033[31mabc\033[0m def"
    assert screen.fold("\033[31mabc\033[0m def", 6) == "\033[31mabc\033[0m\ndef"


def test_a_word_that_is_longer_than_a_line_stays_whole() -> None:
    assert screen.fold("see /a/long/path now", 6, "  ") == "see\n/a/long/path\n  now"


def test_a_word_that_just_fits_is_not_pushed_out() -> None:
    assert screen.fold("see /a/long/path now", 12, "    ") == "see\n/a/long/path\n    now"


def test_where_there_is_no_screen_there_are_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda *_: (_ for _ in ()).throw(OSError))
    assert screen.width() == 80


def test_what_is_said_to_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    screen.say("word " * 40 + "end")
    assert capsys.readouterr().out == "word " * 40 + "end\n"
