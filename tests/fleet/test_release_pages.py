"""What the lab serves for Coral: release pages, an apt repository, and an index that nobody may ask."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import pages
from lab.architecture import MACHINE
from lab.lab import Lab
from lab.machine import wait_until
from lab.network import NAMESPACE, NETNS_FOLDER
from lab.pages import SOURCE, Pages
from modelctl.schema import CORAL
from tests.fleet import missing, site
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import CHECKOUT, Run, deploy
from tests.fleet.settlement import Settlement
from tests.fleet.stacks import NEW

FILE = f"pycoral/releases/download/2.0.3TF2.17.1/pycoral-2.0.3-cp311-cp311-linux_{MACHINE}.whl"
SIZE = 303_445
FETCH = f"import urllib.request; print(len(urllib.request.urlopen('{SOURCE}/{FILE}', timeout=10).read()))"
EVIL = "/tmp/evil-pycoral"  # noqa: S108  # on a host of the lab
SERVE = "import time; from lab import pages\nwith pages.served(): print('served', flush=True); time.sleep(60)"
LIMIT = 20.0  # seconds


def processes() -> list[Path]:
    """The servers of this lab."""
    words = f"--folder={pages.FOLDER}".encode()
    return [path for path in Path("/proc").glob("[0-9]*") if words in _read(path / "cmdline").split(b"\0")]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has just ended


def update(path: Path) -> Run:
    """Let alpha5 have the other stack."""
    wanted = {"alpha5": {"model_version_overrides": {CORAL: NEW}}}
    return deploy("--limit", "alpha5", site=site.write(path / "site.py", hosts=wanted))


@pytest.fixture
def restored(settlement: Settlement) -> Iterator[None]:
    yield
    settlement.restore()


@pytest.mark.long
def test_hosts_and_the_control_node_reach_them_in_the_lab_s_network(release_pages: Pages, node: NodeOf) -> None:
    assert node("data1").shell(f'python3 -c "{FETCH}"') == str(SIZE)
    inside = ["nsenter", f"--net={NETNS_FOLDER / NAMESPACE}", sys.executable, "-c", FETCH]
    assert subprocess.run(inside, capture_output=True, text=True, timeout=30, check=True).stdout == f"{SIZE}\n"
    assert {each["client"] for each in release_pages.requests(FILE)} == {"198.18.0.50", "198.18.0.1"}


def test_they_end_with_whoever_serves_them(lab: Lab) -> None:
    del lab
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as serving:
        assert serving.stdout is not None
        assert serving.stdout.readline() == "served\n"
        assert len(processes()) == 1
        serving.kill()
    wait_until(lambda: not processes(), LIMIT, "end of the server")
    pages.remove()


@pytest.mark.usefixtures("restored")
def test_an_evil_pycoral_is_on_the_index_and_nobody_asks_for_it(
    release_pages: Pages, node: NodeOf, tmp_path: Path
) -> None:
    alpha5 = node("alpha5")
    alpha5.shell("runuser -u ops -- /home/ops/.opencv/bin/pip install --target /tmp/asked pycoral")
    assert alpha5.shell("cd /tmp/asked && python3 -c 'import pycoral; print(pycoral.__file__)'").startswith(
        "/tmp/asked"  # noqa: S108
    )
    assert alpha5.exists(EVIL)
    assert release_pages.requests("/simple/pycoral/")
    alpha5.shell(f"rm -r /tmp/asked {EVIL}")
    release_pages.forget_requests()
    played = update(tmp_path)
    assert played.code == 0, played.err
    assert release_pages.requests() == []
    assert not alpha5.exists(EVIL)


@pytest.mark.long
@pytest.mark.usefixtures("restored")
def test_a_host_that_lacks_libusb_gets_it_from_apt(release_pages: Pages, node: NodeOf, tmp_path: Path) -> None:
    alpha5 = node("alpha5")
    with missing.without_usb(alpha5):
        played = update(tmp_path)
        assert played.code == 0, played.err
        assert alpha5.shell("dpkg-query --show --showformat '${Version}' libusb-1.0-0") == "2:1.0.26-1"
    assert release_pages.requests("libusb-1.0-0")
