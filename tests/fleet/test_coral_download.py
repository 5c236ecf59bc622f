"""Coral packages come from their release pages: resumed where a page breaks off, and refused where it has others."""

from collections.abc import Iterator

import pytest

from lab.architecture import MACHINE
from lab.pages import Pages
from tests.fleet import stacks
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import DEFAULT_SITE, modelctl, pyinfra
from tests.fleet.settlement import Settlement

FILE = f"tflite_runtime-2.17.1-cp311-cp311-linux_{MACHINE}.whl"
FOLDER = f"{stacks.FOLDER}/{stacks.OLD}"
SUMS = f"cd {stacks.FOLDER} && find . -type f | sort | xargs sha256sum"
PIECE = 700_000


@pytest.fixture
def stored(node: NodeOf, settlement: Settlement) -> Iterator[str]:
    """The digests of all that the datasink holds; a stack is taken away, and put back at the end."""
    data1 = node("data1")
    sums = data1.shell(SUMS)
    data1.shell(f"cp -a {FOLDER} /root/kept && rm -r {FOLDER}")
    yield sums
    data1.shell(f"rm -rf {FOLDER} {stacks.FOLDER}/.[!.]* && mv /root/kept {FOLDER}")
    settlement.restore()


def test_a_download_goes_on_where_it_was_cut(release_pages: Pages, node: NodeOf, stored: str) -> None:
    """The manifests and the list are written as they were, to the last byte."""
    release_pages.order(FILE, cut=PIECE, times=2)
    played = pyinfra("deploys/coral.py", "-y", "--data", "stage=download")
    assert played.code == 0, played.err
    assert node("data1").shell(SUMS) == stored
    ranges = [each["range"] for each in release_pages.requests(FILE) if each["status"] in (200, 206)]
    assert ranges == [None, f"bytes={PIECE}-", f"bytes={2 * PIECE}-"]
    assert {each["client"] for each in release_pages.requests(FILE)} == {"198.18.0.50"}


def test_a_page_with_another_file_under_the_name_is_told_with_both_digests(
    release_pages: Pages, node: NodeOf, stored: str
) -> None:
    release_pages.order(FILE, other=True)
    played = pyinfra("deploys/coral.py", "-y", "--data", "stage=download")
    assert played.code == 1
    [pinned] = [line.split()[0] for line in stored.splitlines() if line.endswith(FILE)]
    [line] = played.lines_with("found SHA-256")
    assert f"pinned is {pinned}" in line
    assert not node("data1").exists(f"{FOLDER}/manifest.yaml")
    release_pages.behave()
    again = modelctl("coral", "download", "--site", str(DEFAULT_SITE))
    assert again.code == 0, again.err
    assert node("data1").shell(SUMS) == stored
