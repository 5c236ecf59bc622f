"""A page of the documentation whose blocks of console text are commands, and what each of them prints.

`$ ` begins a command and `>` goes on with it; all else is what it prints, where a line `...` stands for any lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

BEGIN, END, COMMAND, MORE, ANY = "```console", "```", "$ ", ">", "..."
MASKS: Sequence[tuple[str, str]] = (
    (r"\bLAB=\w+ ", ""),
    (r"/var/lib/sentinelcam-\w+/home", "~"),
    (r"SHA256:[A-Za-z0-9+/]{43}", "FINGERPRINT"),
    (r"\b\w+@[\w.-]+", "WHO@HOST"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b(?:(?=[0-9]*[a-f])[0-9a-f]{7,64}|[0-9]{12})\b", "DIGEST"),
    (r"\b(\d+ min )?\d+(\.\d+)? (s|min)\b", "DURATION"),
    (r"\b\d+(\.\d+)? [kMG]?B/s", "RATE"),
    (r"\b\d+(\.\d+)? [kMGT]?B free\b", "SIZE free"),
    (r"  +", "  "),
)
"""What differs from run to run, or is as wide as something that does."""
NOW_AND_THEN = re.compile(r" +\[\w+\] +[\d.]+( [kMG]?B)? of [\d.]+ [kMG]?B\b|uncommitted changes in /")
"""How a line begins that not each run has: how far a long pull is, or that this code is being worked on."""
OF_A_HOST = re.compile(r" +\[\w+\] ")
"""How a line begins that tells of a host, of which several are served at the same time."""


@dataclass(frozen=True)
class Step:
    """A command, and what the page says that it prints, in the page's lines from `first` to before `end`."""

    command: str
    first: int
    end: int


def steps(page: Sequence[str]) -> Iterator[Step]:
    """The commands of a page, in their order."""
    number = 0
    while number < len(page):
        if page[number] == BEGIN:
            end = page.index(END, number)
            yield from _steps(page, number + 1, end)
            number = end
        number += 1


def _steps(page: Sequence[str], number: int, end: int) -> Iterator[Step]:
    while number < end:
        assert page[number].startswith(COMMAND), page[number]
        command = [page[number].removeprefix(COMMAND)]
        number += 1
        while number < end and page[number].startswith(MORE):
            command.append(page[number].removeprefix(MORE).removeprefix(" "))
            number += 1
        first = number
        while number < end and not page[number].startswith(COMMAND):
            number += 1
        yield Step("\n".join(command), first, number)


def says(expected: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the page says what was printed, apart from what differs from run to run."""
    pattern = "".join(".*" if line == ANY else re.escape(f"{line}\n") for line in masked(expected))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in masked(printed)), re.DOTALL) is not None


def masked(lines: Sequence[str]) -> list[str]:
    """Lines in which what differs has names, and those of hosts that were served side by side have one order."""
    found: list[str] = []
    for line in (_masked(line) for line in lines if not NOW_AND_THEN.match(line)):
        beside = found and OF_A_HOST.match(line) and OF_A_HOST.match(found[-1])
        position = len(found)
        while beside and position and OF_A_HOST.match(found[position - 1]) and found[position - 1] > line:
            position -= 1
        found.insert(position, line)
    return found


def _masked(line: str) -> str:
    for pattern, name in MASKS:
        line = re.sub(pattern, name, line)
    return line.rstrip()


def rewritten(page: Sequence[str], printed: Mapping[Step, Sequence[str]]) -> list[str]:
    """The page with what was printed, where it says something else; a reader's lab has no name."""
    lines = list(page)
    for step, said in sorted(printed.items(), key=lambda each: -each[0].first):
        if not says(page[step.first : step.end], said):
            lines[step.first : step.end] = [_of_the_unnamed_lab(line) for line in said if not NOW_AND_THEN.match(line)]
    return lines


def _of_the_unnamed_lab(line: str) -> str:
    return re.sub(r"\bLAB=\w+ ", "", re.sub(r"/var/lib/sentinelcam-\w+/", "/var/lib/sentinelcam-lab/", line)).rstrip()
