"""What crosses a machine, or is stored, is just what its type says."""

from pathlib import Path
from typing import Any, NamedTuple, Optional

import pytest

from node import codec, protocol
from node.codec import Name, Sha256, Size, Text
from node.errors import printable


class Part(NamedTuple):
    number: int
    from_: Optional[str]  # noqa: UP045 - as on nodes
    path: Path = Path("/etc")


class Whole(NamedTuple):
    part: Part
    parts: list[Part] = []
    seconds: dict[str, float] = {}
    text: Text = Text("")
    is_healthy: bool = True


WHOLE = Whole(Part(1, None), [Part(2, "a", Path("/b"))], {"c": 1.5, "d": 2}, Text("one\ntwo\n"), is_healthy=False)


def test_what_is_sent_is_read_as_it_was() -> None:
    assert protocol.loads(Whole, protocol.dumps(WHOLE)) == WHOLE


def test_what_lacks_a_field_has_its_default_and_what_nobody_knows_is_left_out() -> None:
    assert codec.decode(Whole, {"part": {"number": 1, "from": "x"}, "newer": 3}) == Whole(Part(1, "x"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"part": None}, "the message.part: found None"),
        ({"part": {"number": 1}}, "the message.part: found no from"),
        ({"part": {"number": True, "from": None}}, "the message.part.number: found True"),
        ({"part": {"number": "1", "from": None}}, "the message.part.number: found '1'"),
        ({"parts": {}}, "the message.parts: found {}"),
        ({"parts": [[1, None]]}, "the message.parts[0]: found [1, None]"),
        ({"seconds": {"a": "b"}}, "the message.seconds.a: found 'b'"),
        ({"seconds": []}, "the message.seconds: found []"),
        ({"is_healthy": 1}, "the message.is_healthy: found 1"),
        ({"text": 1}, "the message.text: found 1"),
        ({"part": {"number": 1, "from": "a\0b"}}, "the message.part.from: found a zero byte"),
    ],
)
def test_what_is_of_another_kind_is_refused_with_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        codec.decode(Whole, {**codec.encode(WHOLE), **change})
    assert str(caught.value) == said


def test_each_line_is_cleaned_but_no_file() -> None:
    found = codec.decode(Whole, codec.encode(WHOLE._replace(seconds={"a": 1})), str.upper)
    assert found == WHOLE._replace(seconds={"A": 1}, parts=[Part(2, "A", Path("/B"))], part=Part(1, None, Path("/ETC")))


def test_a_file_may_hold_zero_bytes_and_so_may_a_line_before_it_is_cleaned() -> None:
    data = {"part": {"number": 1, "from": "a\0\udcffb"}, "text": "a\0\n"}
    found = codec.decode(Whole, data, printable)
    assert (found.part.from_, found.text) == ("a??b", "a\0\n")
    with pytest.raises(ValueError, match="surrogates not allowed"):
        codec.decode(Whole, {**data, "text": "\udcff"}, printable)


def test_a_long_name_is_cut_where_its_place_is_told() -> None:
    with pytest.raises(TypeError, match=r"^the message\.seconds\.a{40}: found 'x'$"):
        codec.decode(Whole, {**codec.encode(WHOLE), "seconds": {"a" * 1000: "x"}})


class Bytes(NamedTuple):
    content: Optional[bytes]  # noqa: UP045 - as on nodes
    sha256: Sha256
    size: Size
    name: Name = "a"


@pytest.mark.parametrize("content", [None, b"", bytes(range(256))])
def test_bytes_are_sent_as_they_are(content: Optional[bytes]) -> None:  # noqa: UP045 - as on nodes
    sent = Bytes(content, "ab" * 32, 7)
    assert protocol.loads(Bytes, protocol.dumps(sent)) == sent


ODD = [{"size": -1}, {"size": 10**15}, {"size": True}, {"size": 1.0}, {"sha256": "ab"}, {"sha256": "AB" * 32},
       {"content": "a"}, {"content": 1},
       {"name": ""}, {"name": ".."}, {"name": "a/b"}, {"name": "a\n"}, {"name": 1}]  # fmt: skip


@pytest.mark.parametrize("field", ODD)
def test_what_is_no_size_no_digest_no_bytes_and_no_name_is_refused(field: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        codec.decode(Bytes, {"content": None, "sha256": "ab" * 32, "size": 7, **field})


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '{"format": "1"}', '{"format": null}', "[" * 100_000])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"found|Expecting|brackets"):
        protocol.loads(Part, text)


def test_a_message_of_a_newer_format_is_refused() -> None:
    with pytest.raises(ValueError, match="found format 2, expected 1 or older; use a newer checkout"):
        protocol.loads(Part, '{"format": 2, "number": 1, "from": null}')
