"""The server of the lab's release pages: what it serves, what it notes, and each way in which it misbehaves."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import IncompleteRead
from pathlib import Path

import pytest

from lab.architecture import ARCHITECTURE
from lab.page_server import HTML, Server
from lab.pages import Pages, fill

PATH = "pycoral/releases/download/2.0.3/pycoral.whl"
CONTENT = bytes(range(256)) * 400


@dataclass(frozen=True)
class Site:
    """A server on this machine."""

    pages: Pages
    address: str

    def get(self, path: str = PATH, **headers: str) -> tuple[int, bytes]:
        """Status and body of what is asked for, once all redirects were followed."""
        request = urllib.request.Request(f"{self.address}/{path}", headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    pages = Pages(tmp_path)
    pages.put({PATH: CONTENT, "debian/Packages": b"Package: x\n", "simple/pycoral/index.html": b"<a>"})
    server = Server(tmp_path, ("127.0.0.1", 0))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Site(pages, f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()


def test_a_release_is_redirected_and_served(site: Site) -> None:
    assert site.get() == (200, CONTENT)
    noted = [(each["path"], each["status"], each["client"]) for each in site.pages.requests("pycoral")]
    assert noted == [(f"/{PATH}", 302, "127.0.0.1"), (f"/release-assets/{PATH}", 200, "127.0.0.1")]


def test_other_folders_are_served_as_they_are(site: Site) -> None:
    assert site.get("debian/Packages") == (200, b"Package: x\n")
    assert site.get("simple/pycoral/") == (200, b"<a>")
    assert [each["path"] for each in site.pages.requests("simple")] == ["/simple/pycoral/"]
    assert site.get("nothing")[0] == 404
    assert site.get("../orders.json")[0] == 404


def test_a_download_is_resumed(site: Site) -> None:
    assert site.get(Range="bytes=1000-") == (206, CONTENT[1000:])
    assert site.get(Range="bytes=1000-1999") == (206, CONTENT[1000:2000])
    assert site.get(Range=f"bytes={len(CONTENT)}-")[0] == 416
    assert site.pages.requests()[-1]["range"] == f"bytes={len(CONTENT)}-"
    assert site.get(Range="bytes=1000-", **{"If-Range": '"another"'}) == (200, CONTENT)


def test_no_ranges(site: Site) -> None:
    site.pages.order("pycoral.whl", whole=True)
    assert site.get(Range="bytes=1000-") == (200, CONTENT)


def test_a_connection_is_cut(site: Site) -> None:
    site.pages.order("pycoral.whl", cut=5000, times=1)
    with pytest.raises(IncompleteRead) as cut:
        site.get()
    assert cut.value.partial == CONTENT[:5000]
    assert site.get(Range="bytes=5000-") == (206, CONTENT[5000:])


def test_a_connection_is_slow(site: Site) -> None:
    site.pages.order("pycoral.whl", rate=400_000)
    began = time.monotonic()
    assert site.get() == (200, CONTENT)
    assert time.monotonic() - began > 0.15


def test_other_bytes_under_the_same_name(site: Site) -> None:
    site.pages.order("pycoral.whl", other=True)
    status, content = site.get()
    assert (status, len(content), content == CONTENT) == (200, len(CONTENT), False)
    site.pages.order("pycoral.whl")
    assert site.get() == (200, CONTENT)


def test_busy_for_the_first_requests(site: Site) -> None:
    site.pages.order("pycoral.whl", status=503, times=2)
    assert [site.get()[0] for _ in range(3)] == [503, 503, 200]
    site.pages.order("pycoral.whl", status=503, times=1)
    assert [site.get()[0] for _ in range(2)] == [503, 200]


def test_a_file_that_is_gone_a_page_of_html_and_a_lead_elsewhere(site: Site) -> None:
    site.pages.order("pycoral.whl", status=404)
    assert site.get()[0] == 404
    site.pages.order("pycoral.whl", html=True)
    assert site.get() == (200, HTML)
    site.pages.order("pycoral.whl", redirect="/debian/Packages")
    assert site.get() == (200, b"Package: x\n")
    site.pages.behave()
    assert site.get() == (200, CONTENT)


def test_all_that_the_lab_publishes_is_there(site: Site) -> None:
    fill(site.pages)
    [wheel] = [path for path in ("simple/pycoral/pycoral-99.0-py3-none-any.whl",) if site.get(path)[0] == 200]
    assert wheel.rpartition("/")[2].encode() in site.get("simple/pycoral/")[1]
    deb = f"libedgetpu1-std_16.0tf2.18.1-1.bookworm_{ARCHITECTURE}.deb"
    assert site.get(f"libedgetpu/releases/download/16.0TF2.18.1-1/{deb}")[0] == 200
    assert b"Package: libusb-1.0-0" in site.get("debian/Packages")[1]
