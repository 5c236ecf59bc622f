"""A number and its noun agree."""

from node.counting import counted, noun


def test_only_one_is_singular() -> None:
    assert [counted(count, "host") for count in (0, 1, 2, 1200)] == ["0 hosts", "1 host", "2 hosts", "1,200 hosts"]
    assert (noun(1, "file"), noun(3, "file")) == ("file", "files")
