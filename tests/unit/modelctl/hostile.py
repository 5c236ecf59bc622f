"""Texts that try to be more than a name or a version, and what every refusal of them has in common."""

from pathlib import Path

MIB = 1_000_000
LIMIT = 600  # letters of one line

NAMES = {
    "nothing": "",
    "a space": " ",
    "the folder above": "..",
    "a path upwards": "../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a path inside": "a/../../b",
    "a NUL": "eyes\0.xml",
    "a backslash": "..\\eyes",
    "a leading dot": ".eyes",
    "a leading dash": "-rf",
    "an option": "--oProxyCommand=touch outside",
    "a newline at the end": "eyes\n",
    "two lines": "eyes\nreboot",
    "a carriage return": "eyes\rreboot",
    "a terminal's escape": "\x1b[2Jeyes",
    "a line separator": "eyes\u2028reboot",
    "a Cyrillic letter": "h\u0430arcascades",
    "fullwidth digits": "\uff12\uff10\uff12\uff10-03-25",
    "a bidi mark": "eyes\u202elmx",
    "a letter without width": "eyes\u200b",
    "a command": "$(touch outside)",
    "a second command": "eyes; touch outside",
    "a pipe": "eyes|touch outside",
    "backquotes": "`touch outside`",
    "a quote": "eyes' 'x",
    "a double quote": 'eyes" "x',
    "a star": "*",
    "a home": "~root",
    "a template": "{{ 7 * 7 }}",
    "a format": "%s%n{0}",
    "a broken letter": "eyes\udcff",
    "a million letters": "a" * MIB,
}
HOSTILE = list(NAMES.values())
FILES = [
    NAMES[name]
    for name in (
        "a leading dash", "two lines", "a carriage return", "a terminal's escape", "a line separator", "a bidi mark",
        "a command", "a quote", "a star", "a template", "a broken letter",
    )
]  # fmt: skip
"""Those that a file can have as its name, without their next of kin: for tests of whole commands."""


def without(*names: str) -> list[str]:
    """The hostile texts but for these."""
    assert set(names) <= NAMES.keys()
    return [text for name, text in NAMES.items() if name not in names]


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder: a file's bytes, where a link leads, and that a folder is one."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"to {path.readlink()}"
        else:
            found[str(path)] = path.read_bytes() if path.is_file() else "no file"
    return found


def require_lines(text: str) -> list[str]:
    """The lines of an error, each of which a terminal can show as it is."""
    lines = text.removesuffix("\n").split("\n")
    for line in lines:
        assert line.isprintable(), repr(line[:LIMIT])
        assert 0 < len(line) <= LIMIT, line[:LIMIT]
    return lines
