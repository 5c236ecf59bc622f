"""Manifests that agree with their folder, and the odd and hostile ones that do not."""

import hashlib

import pytest

from modelctl.errors import Faults
from modelctl.registry.manifest import pin_of
from node.protocol.registry import FolderContents, Measured
from node.registry.own import MANIFEST_LIMIT
from tests.unit.cases import each

MODEL, VERSION = "haarcascades", "2020-03-25"
EYE = Measured(sha256="ab" * 32, size=341406)
CAT = Measured(sha256="cd" * 32, size=7)
HEAD = f"name: {MODEL}\nversion: {VERSION}\n"
ENTRY = f"  - name: eye.xml\n    sha256: {EYE.sha256}\n"
FILES = f"files:\n{ENTRY}"
GOOD = HEAD + FILES


def stored(
    manifest: str | bytes | None = GOOD,
    files: dict[str, Measured] | None = None,
    others: dict[str, str] | None = None,
) -> FolderContents:
    content = manifest.encode("utf-8", "surrogatepass") if isinstance(manifest, str) else manifest
    return FolderContents({"eye.xml": EYE} if files is None else files, others or {}, content)


def faults(found: FolderContents, version: str = VERSION) -> list[str]:
    with pytest.raises(Faults) as caught:
        pin_of(MODEL, version, found)
    lines = list(caught.value.faults)
    assert all(line.isprintable() and len(line) < 400 for line in lines), lines
    return lines


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"%YAML 1.0\n---\n{GOOD}",
        f"%YAML 1.0\n{GOOD}",
        f"%YAML:1.0\r\n---\r\n{GOOD}",
        f"%YAML 1.1\n---\n{GOOD}",
        "\ufeff%YAML 1.0\n" + GOOD,
        GOOD.replace(VERSION, f'"{VERSION}"'),
        GOOD.replace(VERSION, f"'{VERSION}'"),
        GOOD + "    size: 341406\n",
        GOOD.replace("sha256:", "checksum:") + "date_deployed: 2025-11-03T14:02:11Z\ntarget_nodes: [sentinel, data1]\n",
        GOOD.replace("sha256:", "checksum:").replace(EYE.sha256, EYE.sha256.upper()),
        GOOD.replace("    sha256:", "    checksum: not read\n    sha256:"),
        GOOD + '    size: "341406"\n    added: 2020-02-31\n',
        GOOD + "previous_version: null\ntraining_metrics: {accuracy: 0.9, epochs: 010}\ndate_deployed: 2026-02-30\n",
        GOOD + "notes: |\n  " + "x" * 50_000 + "\n",
        f'{{"name": "{MODEL}", "version": "{VERSION}", "files": [{{"name": "eye.xml", "sha256": "{EYE.sha256}"}}]}}',
    ],
)
def test_a_version_that_is_as_its_manifest_says_is_pinned(text: str) -> None:
    pin = pin_of(MODEL, VERSION, stored(text))
    assert pin.manifest == hashlib.sha256(text.encode()).hexdigest()
    assert pin.measured == {"eye.xml": EYE}


@pytest.mark.parametrize("checksum", ["ab" * 16, "sha256:" + "ab" * 32, "ab" * 32 + "\n", "[]", "x" * 64])
def test_another_digest_under_the_older_word_proves_nothing(checksum: str) -> None:
    """U13: an MD5, say."""
    [line] = faults(stored(GOOD.replace("sha256:", "checksum:").replace(EYE.sha256, repr(checksum))))
    assert line.startswith("manifest.yaml: files.0.sha256: found nothing; ")


def test_what_the_older_word_says_must_be_true() -> None:
    [line] = faults(stored(GOOD.replace("sha256:", "checksum:").replace("ab" * 32, "ef" * 32)))
    assert "eye.xml" in line


def test_a_digest_of_digits_alone_is_a_digest_quoted_or_not() -> None:
    digits = Measured(sha256="0123456789" * 6 + "0123", size=1)
    text = GOOD.replace(EYE.sha256, digits.sha256)
    assert pin_of(MODEL, VERSION, stored(text, {"eye.xml": digits})).measured == {"eye.xml": digits}


def test_a_second_version_of_a_day() -> None:
    assert pin_of(MODEL, f"{VERSION}.2", stored(GOOD.replace(VERSION, f"{VERSION}.2"))).measured == {"eye.xml": EYE}


NAME = "a file name: a letter or digit, then up to 126 of A-Z, a-z, 0-9 and ._+-, other than manifest.yaml"


@each(
    "name",
    [
        "../eye.xml", "/etc/passwd", "a/b", "..", ".", ".hidden", "-rf", "manifest.yaml", "a b", "$(reboot)", "a;b",
        "a\\nb", "a\\0b", "a\\u202eb", "\\e[2J", "é", "~", "*", "", "a" * 128, "eye.xml\\n",
    ],
)  # fmt: skip
def test_no_file_name_leaves_its_pattern(name: str) -> None:
    [line] = faults(stored(GOOD.replace("name: eye.xml", f'name: "{name}"')))
    assert line.startswith("manifest.yaml: files.0.name: found ")
    assert line.endswith(f"; allowed: {NAME}")


UPPER = EYE.sha256.upper()
DIGEST = "a SHA-256: 64 of 0-9 and a-f"
MIB = "x" * 1_000_000


@each(
    "text, expected",
    [
        (HEAD, "files: found nothing; allowed: a value; this field has no default"),
        (FILES, "name: found nothing; allowed: a value; this field has no default"),
        (HEAD + "files: []\n", "files: found []; allowed: List should have at least 1 item after validation, not 0"),
        (HEAD + "files: eye.xml\n", "files: found 'eye.xml'; allowed: a valid list"),
        (HEAD + "files: {eye.xml: 1}\n", "files: found {'eye.xml': '1'}; allowed: a valid list"),
        (HEAD + "files: [eye.xml]\n", "files.0: found 'eye.xml'; allowed: a valid dictionary or instance of"),
        (HEAD + "files: [{sha256: x, name: [a]}]\n", "files.0.name: found ['a']; allowed: a valid string"),
        (GOOD.replace(EYE.sha256, UPPER), f"files.0.sha256: found '{UPPER}'; allowed: {DIGEST}"),
        (GOOD.replace(EYE.sha256, EYE.sha256[1:]), f"files.0.sha256: found '{EYE.sha256[1:]}'; allowed: {DIGEST}"),
        (GOOD.replace(EYE.sha256, ""), f"files.0.sha256: found ''; allowed: {DIGEST}"),
        (GOOD.replace(EYE.sha256, f'"{EYE.sha256}\\n"'), f"files.0.sha256: found '{EYE.sha256}\\n'; allowed: {DIGEST}"),
        (GOOD + "    size: -1\n", "files.0.size: found '-1'; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + "    size: 1e3\n", "files.0.size: found '1e3'; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + "    size: 0x10\n", "files.0.size: found '0x10'; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + "    size: 010\n", "files.0.size: found '010'; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + "    size: true\n", "files.0.size: found 'true'; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + "    size: [1]\n", "files.0.size: found ['1']; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + f"    size: {'9' * 5000}\n", "files.0.size: found '9999999999"),
        (GOOD + "    size: ٣\n", "files.0.size: found '٣'; allowed: a size in bytes, up to 15 of 0-9"),
        (GOOD + ENTRY, "files.1.name: found 'eye.xml'; allowed: each file once"),
        (GOOD.replace(MODEL, "openface"), "name: found 'openface'; allowed: haarcascades, as the folder says"),
        (GOOD.replace(MODEL, "../haarcascades"), "name: found '../haarcascades'; allowed: a model name"),
        (GOOD.replace(VERSION, "2020-03-26"), "version: found '2020-03-26'; allowed: 2020-03-25, as the folder says"),
        (GOOD.replace(VERSION, f"{VERSION}.2"), "version: found '2020-03-25.2'; allowed: 2020-03-25, as the folder"),
        (GOOD.replace(VERSION, "2020-02-30"), "version: found '2020-02-30'; allowed: a real date as YYYY-MM-DD"),
        (GOOD.replace(VERSION, f"{VERSION} 10:00:00"), "version: found '2020-03-25 10:00:00'; allowed: a real date"),
        (GOOD.replace(VERSION, f"[{VERSION}]"), "version: found ['2020-03-25']; allowed: a valid string"),
    ],
)  # fmt: skip
def test_a_manifest_with_a_bad_value_is_refused_by_its_path(text: str, expected: str) -> None:
    lines = faults(stored(text))
    assert lines[0].startswith(f"manifest.yaml: {expected}"), lines


@each(
    "content, expected",
    [
        ("", "manifest.yaml: found nothing; allowed: a mapping with name, version and files"),
        ("- a\n", "manifest.yaml: found ['a']; allowed: a mapping with name, version and files"),
        ("just text", "manifest.yaml: found 'just text'; allowed: a mapping with name, version and files"),
        (f"{GOOD}---\n{GOOD}", "manifest.yaml: line 6: but found another document; expected plain YAML"),
        (f"{GOOD}name: {MODEL}\n", "manifest.yaml: line 1: found a key twice; expected plain YAML"),
        (f"{GOOD}    sha256: {CAT.sha256}\n", "manifest.yaml: line 4: found a key twice; expected plain YAML"),
        (f"x: !!python/object/apply:os.system [reboot]\n{GOOD}", "manifest.yaml: line 1: found a tag; expected"),
        (f"{GOOD}x: !<tag:%1b[2J> y\n", "manifest.yaml: line 6: "),
        (f"{GOOD}x: !!binary aGk=\n", "manifest.yaml: line 6: found a tag; expected plain YAML"),
        (f"{HEAD}x: &a [b]\n{FILES}", "manifest.yaml: line 3: found an anchor or alias; expected plain YAML"),
        (f"{HEAD}x: *a\n{FILES}", "manifest.yaml: line 3: found an anchor or alias; expected plain YAML"),
        (f"{GOOD}x: {'[' * 30_000}", "manifest.yaml: line 6: found nesting over 16 deep; expected plain YAML"),
        (f"{GOOD}? [a]\n: b\n", "manifest.yaml: line 6: found unhashable key; expected plain YAML"),
        (f"{GOOD}\tx: y\n", "manifest.yaml: line 6: "),
        ("name: 'open\n", "manifest.yaml: line 2: found unexpected end of stream; expected plain YAML"),
        (f"{GOOD}x: \x1b[2J\n", "manifest.yaml: unacceptable character #x001b: special characters are not allowed"),
        (f"{GOOD}x: \ud800\n", "manifest.yaml: 'utf-8' codec can't decode byte 0xed"),
        (b"\xff\xfe" + GOOD.encode("utf-16-le"), "manifest.yaml: 'utf-8' codec can't decode byte 0xff"),
        (f"%YAML 2.0\n---\n{GOOD}", "manifest.yaml: line 1: found incompatible YAML document"),
        (f"%TAG ! tag:evil,2026:\n---\n{GOOD}x: !y z\n", "manifest.yaml: line 8: found a tag; expected plain YAML"),
        (f"{GOOD}x: {MIB}\n", f"manifest.yaml: found more than {MANIFEST_LIMIT} bytes; expected a manifest"),
        (f"{MIB}: x\n", f"manifest.yaml: found more than {MANIFEST_LIMIT} bytes; expected a manifest"),
    ],
)
def test_a_manifest_that_is_no_plain_mapping_is_refused(content: str | bytes, expected: str) -> None:
    [line] = faults(stored(content))
    assert line.startswith(expected)


def test_a_long_text_is_shown_short() -> None:
    [line] = faults(stored(GOOD.replace("eye.xml", "x" * 60_000)))
    assert line.startswith("manifest.yaml: files.0.name: found 'xxx")


def test_every_bad_value_is_told() -> None:
    text = "name: ..\nversion: today\nfiles:\n  - {name: a/b, sha256: no, size: x}\n  - {}\n"
    assert [line.split(": ")[1] for line in faults(stored(text))] == [
        "name", "version", "files.0.name", "files.0.sha256", "files.0.size", "files.1.name", "files.1.sha256",
    ]  # fmt: skip


def test_missing_changed_and_extra_are_told_apart_and_sorted() -> None:
    listed = {"b.xml": EYE, "a.xml": EYE, "d.xml": EYE, "c.xml": EYE, "e.xml": EYE}
    text = f"{HEAD}files:\n" + "".join(ENTRY.replace("eye.xml", name) for name in listed)
    text += "    size: 341407\n"
    found = {"c.xml": CAT, "e.xml": EYE, "z.xml": CAT, "manifest.yaml": CAT}
    others = {"b.xml": "a link", "sub": "a folder", "line\nfeed": "a special file", "d.xml": "unreadable: I/O error"}
    assert faults(stored(text, found, others)) == [
        "missing: a.xml",
        "missing: b.xml (a link)",
        "missing: d.xml (unreadable: I/O error)",
        f"changed: c.xml: found SHA-256 {CAT.sha256}; manifest.yaml says {EYE.sha256}",
        "changed: e.xml: found 341406 bytes; manifest.yaml says 341407",
        "extra: 'line\\nfeed' (a special file)",
        "extra: sub (a folder)",
        "extra: z.xml",
    ]


def test_a_folder_without_a_manifest() -> None:
    assert faults(stored(None)) == ["missing: manifest.yaml"]
    assert faults(stored(None, others={"manifest.yaml": "a link"})) == ["missing: manifest.yaml (a link)"]


def test_a_folder_that_could_not_be_read() -> None:
    assert faults(FolderContents({}, fault="no such folder")) == ["no such folder"]
