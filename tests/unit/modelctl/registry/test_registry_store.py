"""Asking the datasink over SSH, with a stand-in for ssh on PATH."""

import hashlib
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.registry import registry_store
from node import protocol
from node.protocol.registry import Measured, ReadFolder
from tests.unit.modelctl.datasinks import REGISTRY_FOLDER, FakeDatasink
from tests.unit.modelctl.sites import fleet

EYE = ("haarcascades", "2020-03-25")


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    return FakeDatasink(tmp_path, monkeypatch)


def refusal(asked: Fleet) -> str:
    with pytest.raises(OperatorError) as caught:
        registry_store.read(asked, *EYE)
    assert str(caught.value).isprintable()
    return str(caught.value)


def question(datasink: FakeDatasink) -> ReadFolder:
    return protocol.loads(ReadFolder, datasink.asked[-1])


def test_what_a_version_holds(datasink: FakeDatasink) -> None:
    datasink.store(*EYE)
    found = registry_store.read(fleet(), *EYE)
    content = b"haarcascades/2020-03-25/haarcascade_eye.xml"
    measured = Measured(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    assert found.files["haarcascade_eye.xml"] == measured
    assert found.manifest == (datasink.registry / "haarcascades/2020-03-25/manifest.yaml").read_bytes()
    assert question(datasink) == (Path(REGISTRY_FOLDER), [*EYE])


def test_a_version_that_is_not_there(datasink: FakeDatasink) -> None:
    absent = registry_store.read(fleet(), *EYE)
    assert absent.fault == f"{datasink.registry}/haarcascades: No such file or directory"


def test_names_never_reach_a_shell(datasink: FakeDatasink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tricks = ("$(touch pwned)", "'; touch pwned; '")
    assert registry_store.read(fleet(), *tricks).fault
    assert question(datasink) == (Path(REGISTRY_FOLDER), [*tricks])
    assert not (tmp_path / "pwned").exists()


def test_no_connection(datasink: FakeDatasink) -> None:
    datasink.answer_with('printf "@@@@\\nHost key verification\\033[2J failed.\\r\\n" >&2; exit 255')
    assert refusal(fleet()) == (
        "data1 (192.168.10.50): Host key verification?[2J failed; is its key trusted? modelctl trust data1"
    )


def test_no_python_there(datasink: FakeDatasink) -> None:
    datasink.answer_with("echo 'sh: 1: python3: not found' >&2; exit 127")
    assert refusal(fleet()) == (
        "data1 (192.168.10.50): python3 ended with 127: sh: 1: python3: not found; expected Python 3.7 or newer there"
    )


def test_ended_without_a_word(datasink: FakeDatasink) -> None:
    datasink.answer_with("exit 1")
    assert "python3 ended with 1: no reason given; expected" in refusal(fleet())


FOUND = '{"files": {}, "others": {}, "manifest": null, "fault": null}'


@pytest.mark.parametrize(
    "answer",
    [
        "", "Welcome!", "[]", "{}", f"[{FOUND}]", f"Welcome! {FOUND}", f"{FOUND} {FOUND}",
        FOUND.replace("null", "1"),
        FOUND.replace("{}", "[]"),
        f'{FOUND[:-1]}, "format": 2}}',
        FOUND.replace('"manifest": null', '"manifest": "a"'),
        FOUND.replace('"files": {}', '"files": {"a": {"size": -1, "sha256": "' + "a" * 64 + '"}}'),
        FOUND.replace('"files": {}', '"files": {"a": {"size": 1, "sha256": "x"}}'),
        "[" * 5000,
        "\x1b[2J" * 100_000,
    ],
)  # fmt: skip
def test_an_odd_answer_is_refused(datasink: FakeDatasink, tmp_path: Path, answer: str) -> None:
    (tmp_path / "answer").write_text(answer, encoding="utf-8")
    datasink.answer_with(f"cat {tmp_path}/answer")
    line = refusal(fleet())
    assert line.startswith("data1 (192.168.10.50): found ")
    assert line.endswith("; expected what the folder holds as JSON; does a login there print something of its own?")
    assert len(line) < 400


def test_a_good_answer_of_that_kind(datasink: FakeDatasink) -> None:
    datasink.answer_with(f"echo '{FOUND}'")
    assert registry_store.read(fleet(), *EYE).files == {}


def test_what_the_datasink_says_is_told_without_its_control_characters(datasink: FakeDatasink) -> None:
    answer = FOUND.replace('"others": {}', '"others": {"a": "a\\u001b[2J"}').replace(
        '"fault": null', '"fault": "b\\n\\u0007"'
    )
    datasink.answer_with(f"cat <<'END'\n{answer}\nEND")
    stored = registry_store.read(fleet(), *EYE)
    assert (stored.others, stored.fault) == ({"a": "a?[2J"}, "b ?")


def test_no_answer_in_time(datasink: FakeDatasink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_store, "READ_SECONDS", 0.2)
    datasink.answer_with("exec sleep 30")
    assert refusal(fleet()) == "data1 (192.168.10.50): no answer within 0.2 s; is its disk well?"
