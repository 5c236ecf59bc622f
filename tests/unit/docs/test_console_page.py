"""What of a page of commands is typed, and what of its outputs has to be as the page says."""

from tests.fleet.console_page import Step, masked, rewritten, says, steps

PAGE = [
    "Words.",
    "```console",
    "$ first --word",
    "said",
    "$ cat >file <<'END'",
    "> a",
    "> END",
    "```",
    "```sh",
    "$ not typed",
    "```",
]
FIRST, SECOND = Step("first --word", 3, 4), Step("cat >file <<'END'\na\nEND", 7, 7)


def test_commands_and_the_lines_that_they_print() -> None:
    assert list(steps(PAGE)) == [FIRST, SECOND]


def test_what_differs_from_run_to_run_is_not_compared() -> None:
    page = ["commit 0a1b2c3d4e5f by root@vm at 2026-11-27T22:46:54Z", "3 hosts in 1 min 20 s, 1.9 MB/s"]
    other = ["commit 123456789012 by you@other.box at 2027-01-01T00:00:00Z", "3 hosts in 8.1 s, 20 kB/s"]
    assert says(page, other)
    assert not says(page, [other[0], other[1].replace("3 hosts", "4 hosts")])


def test_versions_counts_and_bytes_are_compared() -> None:
    assert not says(["mobilenet_ssd/2020-12-06  23,192,229 bytes"], ["mobilenet_ssd/2020-12-07  23,192,229 bytes"])
    assert not says(["manifest 12345678"], ["manifest 12345679"])


def test_hosts_that_are_served_side_by_side_have_no_order_and_other_lines_do() -> None:
    lines = ["--> Run", "    [lab1] Success", "    [data1] Success", "--> End"]
    assert masked(lines) == ["--> Run", "  [data1] Success", "  [lab1] Success", "--> End"]
    assert not says(lines, [lines[3], *lines[1:3], lines[0]])


def test_how_far_a_pull_is_and_what_room_there_is_depends_on_the_machine() -> None:
    slow = [
        "--> Pull",
        "    [lab1]     12.3 of 23.2 MB, 6 s left, 1.9 MB/s",
        "    [data1]    2.4 MB to pull, 9.9 GB free (/home)",
    ]
    assert says(["--> Pull", "    [data1]    2.4 MB to pull, 14 GB free (/home)"], slow)
    assert not says(["--> Pull", "    [data1]    2.5 MB to pull, 14 GB free (/home)"], slow)


def test_dots_stand_for_any_lines_and_for_none() -> None:
    for printed in (["a", "b", "c", "z"], ["a", "z"]):
        assert says(["a", "...", "z"], printed)
    assert not says(["a", "...", "z"], ["a", "b"])


def test_only_what_the_page_does_not_say_is_written_anew() -> None:
    printed = {FIRST: ["said"], SECOND: ["in /var/lib/sentinelcam-gw1/home: LAB=gw1 python -m lab up"]}
    expected = [*PAGE[:7], "in /var/lib/sentinelcam-lab/home: python -m lab up", *PAGE[7:]]
    assert rewritten(PAGE, printed) == expected
    assert rewritten(expected, {FIRST: ["said"]}) == expected
