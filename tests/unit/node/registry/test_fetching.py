"""Fetching from release pages: resumed, retried, and nothing taken for a package that is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.codec import Text
from node.errors import Refusal
from node.protocol.registry import StoreStack
from node.registry import fetching
from node.registry.fetching import fetch
from tests.unit.node.registry import asking
from tests.unit.node.registry.pages import Pages, served

NAME, AGAIN = "pycoral-1-cp311-cp311-linux_x86_64.whl", "run it again: modelctl coral download"
PATH = f"pycoral/{NAME}"
WHEEL = b"PK\x03\x04" + bytes(range(256)) * 4000


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.01)
    with served() as pages:
        pages.files[PATH] = WHEEL
        yield pages


def bring(pages: Pages, folder: Path, name: str = NAME) -> Path:
    return fetch(f"{pages.source}/{PATH}", folder, name, AGAIN, lambda *_: None)


def refusal(pages: Pages, folder: Path) -> str:
    with pytest.raises(Refusal) as caught:
        bring(pages, folder)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_what_is_there_is_not_asked_for_again(pages: Pages, tmp_path: Path) -> None:
    assert bring(pages, tmp_path).read_bytes() == WHEEL
    assert bring(pages, tmp_path) == tmp_path / NAME
    assert (pages.asked, [path.name for path in tmp_path.iterdir()]) == ([(PATH, None)], [NAME])


def test_a_short_answer_is_resumed(pages: Pages, tmp_path: Path) -> None:
    pages.cut[PATH] = 300_000
    assert bring(pages, tmp_path).read_bytes() == WHEEL
    assert pages.asked == [(PATH, None), (PATH, "bytes=300000-")]


def test_what_an_earlier_run_left_is_resumed(pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TRIES", 1)
    pages.cut[PATH] = 300_000
    assert refusal(pages, tmp_path) == (
        f"{pages.source}/{PATH}: found 300,000 bytes of {NAME}; expected 1,024,004; is the release page up? {AGAIN}, "
        "which goes on from there"
    )
    assert bring(pages, tmp_path).read_bytes() == WHEEL
    assert pages.asked[-1] == (PATH, "bytes=300000-")


def test_two_files_are_never_mixed(pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TRIES", 1)
    pages.cut[PATH] = 300_000
    refusal(pages, tmp_path)
    pages.files[PATH] = WHEEL[:9] + b"!" + WHEEL[10:]
    assert bring(pages, tmp_path).read_bytes() == pages.files[PATH]


def test_without_a_tag_it_begins_anew(pages: Pages, tmp_path: Path) -> None:
    pages.tags = False
    pages.cut[PATH] = 300_000
    assert bring(pages, tmp_path).read_bytes() == WHEEL
    assert pages.asked == [(PATH, None), (PATH, None)]


def test_a_busy_page_is_asked_again(pages: Pages, tmp_path: Path) -> None:
    pages.codes[PATH] = [503, 429]
    assert bring(pages, tmp_path).read_bytes() == WHEEL


def test_a_page_that_stays_busy(pages: Pages, tmp_path: Path) -> None:
    pages.codes[PATH] = [503] * 9
    assert refusal(pages, tmp_path) == (
        f"{pages.source}/{PATH}: found HTTP 503 Service Unavailable; expected {NAME}; is the release page up? {AGAIN}, "
        "which goes on from there"
    )
    assert len(pages.asked) == fetching.TRIES


def test_a_file_that_is_not_there(pages: Pages, tmp_path: Path) -> None:
    pages.files.clear()
    assert refusal(pages, tmp_path) == (
        f"{pages.source}/{PATH}: found HTTP 404 Not Found; expected {NAME}; compare the release page with "
        "registry.coral and site.coral_source"
    )
    assert len(pages.asked) == 1


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\n<!DOCTYPE html><p>Sign in", "an HTML page"),
        (b"!<arch>\nx", "9 bytes that begin with b'!<arch>\\n'"),
        (b"", "0 bytes that begin with b''"),
    ],
)
def test_what_is_no_wheel(pages: Pages, tmp_path: Path, content: bytes, found: str) -> None:
    pages.files[PATH] = content
    assert refusal(pages, tmp_path) == (
        f"{pages.source}/{PATH}: found {found}; expected a wheel; look at that page, then {AGAIN}"
    )
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_long(pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1000)
    assert refusal(pages, tmp_path) == (f"{pages.source}/{PATH}: found 1,024,004 bytes; expected {NAME}, at most 1,000")


def test_a_redirection_is_followed(pages: Pages, tmp_path: Path) -> None:
    pages.files["elsewhere"] = pages.files.pop(PATH)
    pages.moved[PATH] = f"{pages.source}/elsewhere"
    assert bring(pages, tmp_path).read_bytes() == WHEEL


def test_but_not_to_a_way_that_anybody_could_listen_to() -> None:
    with pytest.raises(Refusal, match=r"^https://a/b: found a redirection to http://c/d; expected one to https://$"):
        fetching._require_way("https://a/b", "http://c/d")


def test_nobody_at_that_address(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        fetch("http://127.0.0.1:9/x.whl", tmp_path, "x.whl", AGAIN, lambda *_: None)
    assert str(caught.value) == (
        "http://127.0.0.1:9/x.whl: found no whole answer ([Errno 111] Connection refused); expected x.whl; "
        f"is the release page up? {AGAIN}, which goes on from there"
    )


def test_as_it_travels(pages: Pages, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "x"
    desired = StoreStack(folder, "2025-12-19", {NAME: f"{pages.source}/{PATH}"}, {}, Text(""), AGAIN)
    done = asking.travel("store-stack", desired)
    assert (done.stdout, done.stderr) == (b'{"format": 1}\n', b"")
    assert (folder / "coral_packages" / "2025-12-19" / NAME).read_bytes() == WHEEL


def test_one_at_a_time(tmp_path: Path) -> None:
    staging = tmp_path / "coral_packages" / ".import-2025-12-19"
    desired = StoreStack(tmp_path, "2025-12-19", {}, {}, Text(""), AGAIN)
    with fetching.alone(staging, AGAIN):
        assert asking.refusal("store-stack", desired) == (
            f"{staging}: another download is running there; wait for it, then {AGAIN}"
        )
