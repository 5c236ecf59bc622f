"""Wheels: what is read of a right one, and why each wrong one is refused."""

import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from node.coral import wheel
from node.errors import Refusal
from tests.unit.node.wheels import PYCORAL, TFLITE, Entry, entries, pycoral, record, zipped

INFO = "pycoral-2.0.3.dist-info"
DATA = {"pycoral/__init__.py": b"", "pycoral/a.py": b"a = 1\n"}
NEXT = "; make a new stack of another file"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / PYCORAL


def unpacked(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    wheel.unpack(wheel.look(path), found.__setitem__)
    return found


def refusal(path: Path, contents: list[Entry]) -> str:
    path.write_bytes(zipped(contents))
    with pytest.raises(Refusal) as caught:
        unpacked(path)
    return str(caught.value)


def entry(name: str, **fields: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def test_a_right_one(path: Path) -> None:
    contents = entries(PYCORAL, DATA)
    path.write_bytes(zipped(contents))
    found = wheel.look(path)
    assert (found.distribution, found.version, found.tags) == (
        "pycoral",
        "2.0.3",
        frozenset({"cp311-cp311-linux_aarch64"}),
    )
    assert unpacked(path) == dict(contents)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["cp311-cp311-linux_x86_64"], "cp311-cp311-linux_x86_64"),
        (["cp311-cp311-linux_aarch64", "py3-none-any"], "cp311-cp311-linux_aarch64 py3-none-any"),
        ([], "no tag"),
    ],
)
def test_renamed_to_another_platform(path: Path, tags: list[str], said: str) -> None:
    expected = f"its WHEEL says {said}, its name cp311-cp311-linux_aarch64"
    assert refusal(path, entries(PYCORAL, DATA, tags=tags)) == f"{PYCORAL}: {expected}{NEXT}"


def test_names_are_compared_as_their_spelling_has_it(tmp_path: Path) -> None:
    path = tmp_path / TFLITE
    metadata = "Name: TFLite-Runtime\nVersion: 2.17.1\n\nName: other\n"
    path.write_bytes(zipped(entries(TFLITE, {"tflite_runtime/x.py": b""}, metadata=metadata)))
    assert wheel.look(path).distribution == "tflite-runtime"


def test_several_tags_and_a_build_number(tmp_path: Path) -> None:
    path = tmp_path / "pycoral-2.0.3-1-cp311.py3-none-manylinux_2_34_aarch64.any.whl"
    tags = [f"{python}-none-{of}" for python in ("cp311", "py3") for of in ("any", "manylinux_2_34_aarch64")]
    path.write_bytes(zipped(entries(path.name, DATA, tags=tags)))
    wheel.require_fit(wheel.look(path), "3.11", "arm64")


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("pycoral/link", (stat.S_IFLNK | 0o777) << 16),
        ("pycoral/pipe", (stat.S_IFIFO | 0o644) << 16),
        ("pycoral/folder", (stat.S_IFDIR | 0o755) << 16),
        ("pycoral/dos", 0x10),
        ("pycoral/slash/", 0),
    ],
)
def test_what_is_no_plain_file(path: Path, name: str, attributes: int) -> None:
    own = (entry(name, external_attr=attributes), b"" if name.endswith("/") else b"../../etc/passwd")
    contents = [own, *entries(PYCORAL, DATA, listed=record(name, own[1]))]
    assert refusal(path, contents) == f"{PYCORAL}: {name}: no plain file{NEXT}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/etc/x", "an absolute name"),
        ("../x", "a name that leads elsewhere"),
        ("pycoral/../../x", "a name that leads elsewhere"),
        ("pycoral/./x", "a name that leads elsewhere"),
        ("pycoral//x", "a name that leads elsewhere"),
        ("pycoral\\x", "a name that leads elsewhere"),
        ("pycoral/x\x1b[2J", "a name that leads elsewhere"),
        ("/".join("abcdefghijklmnopq"), "a name that is too long"),
        ("x" * 256, "a name that is too long"),
        ("pycoral-2.0.3.data/scripts/run", "a file for another folder than the wheel's own"),
    ],
)
def test_names_that_lead_elsewhere(path: Path, name: str, said: str) -> None:
    shown = name.replace("\x1b", "?")[:120]
    assert refusal(path, entries(PYCORAL, {**DATA, name: b"x"})) == f"{PYCORAL}: {shown}: {said}{NEXT}"


def test_a_name_that_ends_at_a_zero_byte(path: Path) -> None:
    path.write_bytes(zipped(entries(PYCORAL, {**DATA, "evil.pyZx": b"x"})).replace(b"evil.pyZx", b"evil.py\0x"))
    with pytest.raises(Refusal, match=r"evil.py\?x: a name that leads elsewhere"):
        wheel.look(path)


def _drop(name: str) -> Callable[[list[Entry]], list[Entry]]:
    return lambda contents: [each for each in contents if each[0] != name]


def _change(name: str, old: bytes, new: bytes) -> Callable[[list[Entry]], list[Entry]]:
    return lambda contents: [(each, text.replace(old, new) if each == name else text) for each, text in contents]


RECORD, WHEEL = f"{INFO}/RECORD", f"{INFO}/WHEEL"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: [*found, ("extra.py", b"x")], "extra.py is not in RECORD"),
        (_drop("pycoral/a.py"), "pycoral/a.py is in RECORD and not in the wheel"),
        (_change("pycoral/a.py", b"1", b"2"), "pycoral/a.py is not what RECORD says"),
        (_change("pycoral/a.py", b"1", b"10"), "pycoral/a.py is not what RECORD says"),
        (_change(RECORD, b",6\n", b",7\n"), "pycoral/a.py is not what RECORD says"),
        (_change(RECORD, b"a.py,sha256=", b"a.py,md5="), "pycoral/a.py: RECORD has no SHA-256 and size of it"),
        (_change(RECORD, b",6\n", b",\n"), "pycoral/a.py: RECORD has no SHA-256 and size of it"),
        (_change(RECORD, b",6\n", b"\n"), "RECORD: a line of 2 fields; expected name, digest and size"),
        (_change(RECORD, b"RECORD,,\n", b"RECORD,,\na,sha256=x,1\na,sha256=x,1\n"), "a is in RECORD twice"),
        (_change(RECORD, b"RECORD,,\n", b"RECORD,,\n" + RECORD.encode() + b",,\n"), f"{RECORD} is in RECORD twice"),
        (_drop(RECORD), f"{RECORD} is missing"),
        (_drop(WHEEL), f"{WHEEL} is in RECORD and not in the wheel"),
    ],
)  # fmt: skip
def test_what_record_does_not_say(path: Path, change: Callable[[list[Entry]], list[Entry]], said: str) -> None:
    contents = entries(PYCORAL, DATA)
    changed = change(contents)
    assert refusal(path, changed) == f"{PYCORAL}: {said}{NEXT}"


@pytest.mark.parametrize("twice", ["pycoral/a.py", "pycoral/a.py/b.py"])
def test_a_name_that_is_there_twice(path: Path, twice: str) -> None:
    contents = entries(PYCORAL, DATA)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, of what it is told to write
        assert refusal(path, [*contents, (twice, b"a = 1\n")]) == f"{PYCORAL}: pycoral/a.py is in it twice{NEXT}"


def test_one_dist_info(path: Path) -> None:
    expected = "expected one folder *.dist-info" + NEXT
    two = entries(PYCORAL, {**DATA, "other-1.dist-info/METADATA": b""})
    assert refusal(path, two) == f"{PYCORAL}: found other-1.dist-info and {INFO}; {expected}"
    none = [each for each in two if ".dist-info" not in str(each[0])]
    assert refusal(path, none) == f"{PYCORAL}: found none; {expected}"


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("Name: pycoral\nVersion: 0.1.0\n", "its METADATA says pycoral 0.1.0"),
        ("Name: pycoral-of-another\nVersion: 2.0.3\n", "its METADATA says pycoral-of-another 2.0.3"),
        ("Name: pycoral\nName: other\n", "its METADATA says pycoral no version"),
        ("\nName: pycoral\nVersion: 2.0.3\n", "its METADATA says no name no version"),
    ],
)
def test_another_than_its_name_says(path: Path, metadata: str, said: str) -> None:
    assert refusal(path, entries(PYCORAL, DATA, metadata=metadata)) == f"{PYCORAL}: {said}{NEXT}"


@pytest.mark.parametrize(
    ("tag", "architecture", "machine"),
    [
        ("cp39-cp39-linux_aarch64", "arm64", "aarch64"),
        ("cp311-cp311-linux_aarch64", "amd64", "x86_64"),
        ("cp311-cp311-linux_armv7l", "arm64", "aarch64"),
        ("cp311-cp310-linux_aarch64", "arm64", "aarch64"),
        ("cp311-cp311-win_amd64", "amd64", "x86_64"),
    ],
)
def test_another_python_or_machine(tmp_path: Path, tag: str, architecture: str, machine: str) -> None:
    path = tmp_path / f"pycoral-2.0.3-{tag}.whl"
    path.write_bytes(pycoral(name=path.name))
    with pytest.raises(Refusal) as caught:
        wheel.require_fit(wheel.look(path), "3.11", architecture)
    assert str(caught.value) == f"{path.name}: built for {tag}; expected cp311 and {machine}{NEXT}"


def test_an_old_python_and_small_machines_fit(tmp_path: Path) -> None:
    path = tmp_path / "pycoral-2.0.0-cp37-cp37m-linux_armv7l.whl"
    path.write_bytes(pycoral(name=path.name))
    wheel.require_fit(wheel.look(path), "3.7", "armhf")


@pytest.mark.parametrize("name", ["pycoral.whl", "pycoral-2.0.3.zip", "pycoral--cp311-cp311-any.whl"])
def test_no_wheels_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pycoral())
    with pytest.raises(Refusal) as caught:
        wheel.look(tmp_path / name)
    expected = "no wheel's name; expected NAME-VERSION-PYTHON-ABI-PLATFORM.whl"
    assert str(caught.value) == f"{name}: {expected}{NEXT}"


def test_encrypted(path: Path) -> None:
    content = bytearray(zipped(entries(PYCORAL, DATA)))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(Refusal) as caught:
        wheel.look(path)
    assert str(caught.value) == f"{PYCORAL}: pycoral/__init__.py: encrypted{NEXT}"


def test_compressed_otherwise(path: Path) -> None:
    contents = entries(PYCORAL, DATA)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in contents:
            archive.writestr(name, content)
    with pytest.raises(Refusal, match=r"pycoral/__init__.py: compressed in a way that no wheel is; make"):
        wheel.look(path)


def test_bombs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = entries(PYCORAL, {**DATA, "zeros": bytes(2 << 20)})
    monkeypatch.setattr(wheel, "MOST_OF_ONE", 1 << 20)
    assert refusal(path, contents) == f"{PYCORAL}: zeros: 2097152 bytes; expected at most 1048576{NEXT}"
    monkeypatch.setattr(wheel, "MOST_OF_ONE", 4 << 20)
    monkeypatch.setattr(wheel, "MOST_BYTES", 2 << 20)
    assert refusal(path, contents).endswith(f" bytes unpacked; expected at most 2097152{NEXT}")
    monkeypatch.setattr(wheel, "MOST_FILES", 5)
    assert refusal(path, contents) == f"{PYCORAL}: 6 files; expected at most 5{NEXT}"
    monkeypatch.setattr(wheel, "MOST_OF_TEXT", 20)
    assert refusal(path, entries(PYCORAL, {})) == f"{PYCORAL}: {RECORD}: more than 20 bytes{NEXT}"


def test_a_size_that_is_a_lie_is_no_way_around(path: Path) -> None:
    """The central directory says less than there is."""
    contents = entries(PYCORAL, {**DATA, "zeros": bytes(1 << 20)})
    path.write_bytes(zipped(contents).replace((1 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(Refusal, match=rf"^{PYCORAL}: (damaged \(|zeros is not)"):
        unpacked(path)


@pytest.mark.parametrize("length", [0, 1, 22, 100, -1, -30, -200])
def test_a_part_of_a_wheel(path: Path, length: int) -> None:
    path.write_bytes(pycoral()[:length])
    with pytest.raises(Refusal, match=rf"^{PYCORAL}: damaged \(.*\){NEXT}$"):
        wheel.look(path)


def test_any_byte_may_be_wrong(path: Path) -> None:
    """Whatever is damaged, it is one line, or all that is unpacked is right."""
    whole = zipped(entries(PYCORAL, DATA))
    right = dict(entries(PYCORAL, DATA))
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 0xFF,)) + whole[place + 1 :])
        try:
            assert unpacked(path) == right
        except Refusal as refusal:
            assert "\n" not in str(refusal)  # noqa: PT017


def test_what_has_changed_between_the_look_and_the_unpacking(path: Path) -> None:
    path.write_bytes(zipped(entries(PYCORAL, DATA)))
    found = wheel.look(path)
    path.write_bytes(zipped(entries(PYCORAL, {**DATA, "more.py": b""})))
    with pytest.raises(Refusal, match=r"more.py is not in RECORD"):
        wheel.unpack(found, lambda *_: None)
