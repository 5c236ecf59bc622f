"""The closing word in a narrow and in a wide terminal."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from modelctl.closing.host_end import Closing, HostEnd, Standing
from modelctl.closing.lines import lines, sentence
from modelctl.table import BAD, ODD, WELL

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SETTLED = [
    *(
        HostEnd(name, Standing.UNCHANGED, "", runs=True)
        for name in ("data1", "data2", "sentinel", "lab1", "east", "a5")
    ),
    HostEnd("deepend", Standing.UNCHANGED, "", runs=None),
]
REASON = (
    "imagenode: rolled back to d0791193bd67: imagenode.service ended after its start (activating, auto-restart); last "
    "journal lines: Started imagenode.service - SentinelCam imagenode: cameras. | imagenode.service: Main process "
    "exited, code=exited, status=1/FAILURE | LensTasking ended with exceptionCount=0."
)
UNTOUCHED = "lab1 rolled back to its old set; see why, mend the update, and run again"
FAILED = [
    HostEnd("lab1", Standing.ROLLED_BACK, REASON, runs=False),
    HostEnd("data1", Standing.CHANGED, "Collect the deployment log", runs=True),
    HostEnd("data2", Standing.CANARY, "Switch the canaries", runs=True),
    HostEnd("east", Standing.NOT_TOUCHED, UNTOUCHED, runs=False),
    HostEnd("alpha5", Standing.NOT_REACHED, "Could not connect (timed out)", runs=False),
]


def closing(hosts: Iterable[HostEnd], **changes: object) -> Closing:
    made = Closing(hosts=list(hosts), commit=COMMIT, dirty=[], is_real=True, is_whole=True)
    return replace(made, **changes)  # type: ignore[arg-type]


def text(made: Closing, columns: int) -> list[str]:
    return [line.text for line in lines(made, columns)]


@pytest.mark.parametrize("columns", [60, 120])
def test_a_settled_fleet(columns: int) -> None:
    assert text(closing(SETTLED), columns) == [
        "data1     unchanged",
        "data2     unchanged",
        "sentinel  unchanged",
        "lab1      unchanged",
        "east      unchanged",
        "a5        unchanged",
        "deepend   unchanged",
        "6 of 6 hosts run what 0123456789ab says; nothing changed",
    ]


def test_a_failed_canary_at_120_columns() -> None:
    assert text(closing(FAILED), 120) == [
        "data1   changed      Collect the deployment log",
        "data2   canary       Switch the canaries",
        "east    not touched  lab1 rolled back to its old set; see why, mend the update, and run again",
        "alpha5  not reached  Could not connect (timed out)",
        "lab1    rolled back  imagenode: rolled back to d0791193bd67: imagenode.service ended after its start "
        "(activating,",
        "                     auto-restart); last journal lines: Started imagenode.service - SentinelCam imagenode: "
        "cameras. |",
        "                     imagenode.service: Main process exited, ...",
        "2 of 5 hosts are known to run what 0123456789ab says; 2 changed, 1 not touched, 1 not reached, 1 rolled back",
    ]


def test_a_failed_canary_at_60_columns() -> None:
    assert text(closing(FAILED), 60) == [
        "data1   changed      Collect the deployment log",
        "data2   canary       Switch the canaries",
        "east    not touched",
        "    lab1 rolled back to its old set; see why, mend the",
        "    update, and run again",
        "alpha5  not reached  Could not connect (timed out)",
        "lab1    rolled back",
        "    imagenode: rolled back to d0791193bd67:",
        "    imagenode.service ended after its start (activating,",
        "    auto-restart); last journal lines: Started",
        "    imagenode.service - SentinelCam imagenode: cameras. |",
        "    imagenode.service: Main process exited, ...",
        "2 of 5 hosts are known to run what 0123456789ab says; 2",
        "changed, 1 not touched, 1 not reached, 1 rolled back",
    ]


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("failures", [1, 7, 40])
def test_why_is_within_the_last_ten_lines_however_many_failed(columns: int, failures: int) -> None:
    hosts = [*SETTLED, *(HostEnd(f"h{n}", Standing.ROLLED_BACK, REASON, runs=False) for n in range(failures))]
    shown = text(closing(hosts, dirty=["/srv/site"]), columns)
    assert "ended after its start" in " ".join(" ".join(shown[-10:]).split())
    assert max(map(len, shown)) <= columns


@pytest.mark.parametrize("columns", [60, 120])
def test_a_word_that_is_wider_than_the_screen_shows_its_end(columns: int) -> None:
    path = f"/{'x' * 130}/registry"
    host = HostEnd("lab1", Standing.REFUSED, f"{path}: found nothing", runs=False)
    shown = text(closing([host], dirty=[path]), columns)
    assert max(map(len, shown)) <= columns
    assert sum("xx/registry" in line for line in shown) == 2


def test_of_forty_hosts_those_that_are_alike_share_a_line() -> None:
    hosts = [HostEnd(f"h{n:02}", Standing.UNCHANGED, "", runs=True) for n in range(37)]
    hosts[5:5] = [HostEnd("lab1", Standing.ROLLED_BACK, "imagenode: why", runs=False)]
    hosts += [HostEnd(name, Standing.NOT_TOUCHED, UNTOUCHED, runs=False) for name in ("east", "west")]
    assert text(closing(hosts), 120) == [
        "37 hosts  unchanged",
        f"2 hosts   not touched  {UNTOUCHED}".replace("unchanged  ", ""),
        "lab1      rolled back  imagenode: why",
        "37 of 40 hosts are known to run what 0123456789ab says; 2 not touched, 1 rolled back",
    ]


def test_who_failed_has_a_line_of_their_own_among_many() -> None:
    lost = [HostEnd(f"h{n:02}", Standing.NOT_REACHED, "timed out", runs=False) for n in range(40)]
    assert [line.split()[0] for line in text(closing(lost), 120)[:-1]] == [host.name for host in lost]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (closing(SETTLED[:1]), "1 of 1 host runs what 0123456789ab says; nothing changed"),
        (closing(SETTLED[:1], commit="unknown"), "1 of 1 host runs what this checkout says; nothing changed"),
        (closing(SETTLED[:1], commit=f"{COMMIT}-dirty"), "1 of 1 host runs what this checkout says; nothing changed"),
        (closing(SETTLED[-1:]), "nothing changed"),
        (closing([HostEnd("lab1", Standing.NOT_PREDICTED, "", runs=False)], is_real=False), "1 not predicted"),
        (
            closing([HostEnd("lab1", Standing.NOT_REACHED, "timed out", runs=False)]),
            "0 of 1 host is known to run what 0123456789ab says; nothing changed, 1 not reached",
        ),
        (
            closing([*SETTLED[:1], replace(SETTLED[1], runs=False)]),
            "1 of 2 hosts is known to run what 0123456789ab says; nothing changed",
        ),
        (
            closing([*SETTLED, HostEnd("a6", Standing.NOT_REACHED, "timed out", runs=False)]),
            "6 of 7 hosts are known to run what 0123456789ab says; nothing changed, 1 not reached",
        ),
        (closing(SETTLED, is_real=False), "6 of 6 hosts run what 0123456789ab says; nothing would change"),
        (
            closing([*SETTLED[:2], HostEnd("lab1", Standing.WOULD_CHANGE, "Pull models", runs=False)], is_real=False),
            "2 of 3 hosts are known to run what 0123456789ab says; 1 would change",
        ),
        (
            closing([HostEnd("lab1", Standing.NOT_FINISHED, "nothing was done", runs=True)], is_whole=False),
            "stopped before its end: 1 of 1 host runs what 0123456789ab says; 1 not finished",
        ),
        (
            closing([HostEnd("lab1", Standing.NOT_FINISHED, "", runs=True)], is_real=False, is_whole=False),
            "stopped before its end: 1 of 1 host runs what 0123456789ab says; 1 not finished",
        ),
    ],
)
def test_the_sentence(made: Closing, said: str) -> None:
    assert sentence(made) == said


def test_what_is_wrong_stands_out() -> None:
    made = closing(FAILED, dirty=["/srv/site"])
    found = lines(made, 200)
    assert [line.style for line in found] == [ODD, WELL, WELL, ODD, BAD, BAD, BAD, BAD]
    assert found[0].text == "uncommitted changes in /srv/site: no commit says what this run brings"
    assert {line.style for line in lines(closing(SETTLED), 60)} == {WELL}


def test_nothing_that_a_terminal_would_obey() -> None:
    host = HostEnd("lab1", Standing.FAILED, "a\n\033[2Jb", runs=False)
    assert text(closing([host]), 80)[0] == "lab1  failed  a ?[2Jb"
