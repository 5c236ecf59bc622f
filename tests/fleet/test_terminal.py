"""What an operator sees in a narrow and in a wide terminal: a run says at its end what happened, and why it failed."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import DEFAULT_SITE, MODELCTL, PYINFRA
from tests.fleet.pulls import wait_until_staged
from tests.fleet.repository import Repository, cloned
from tests.fleet.terminal import Screen, Terminals, terminals

WIDTHS = (60, 120)
MODEL, NEW, OLD = "face_recognition", "2026-02-02", "2025-02-25"
DEPLOY = ("deploys/models.py", "-y")
INTERRUPTED = 130

pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Terminals]:
    with terminals(tmp_path) as made:
        yield made


def ended(screen: Screen) -> tuple[int, str]:
    """The exit code of a command, and the last lines of what it printed, which fits."""
    code = screen.wait()
    screen.assert_fits()
    return code, screen.ending


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_settled_run(shown: Terminals, columns: int) -> None:
    screen = shown.open(columns, PYINFRA, DEFAULT_SITE, *DEPLOY)
    code, ending = ended(screen)
    assert code == 0
    assert len(screen.lines) <= 15
    assert " 6 of 6 hosts run what " in ending
    assert ending.endswith(" says; nothing changed")


@pytest.mark.parametrize("columns", [WIDTHS[0], pytest.param(WIDTHS[1], marks=pytest.mark.long)])
def test_an_unreachable_host(shown: Terminals, deployed: Lab, columns: int) -> None:
    deployed.cut("lab1")
    code, ending = ended(shown.open(columns, PYINFRA, DEFAULT_SITE, *DEPLOY))
    assert code == 1
    assert "lab1 not reached Could not connect (timed out)" in ending
    assert "5 of 6 hosts are known to run what" in ending


def test_a_failed_canary(shown: Terminals, tmp_path: Path, node: NodeOf) -> None:
    names = ("lab1", "east")
    update = site.write(
        tmp_path / "update.py", hosts={name: site.untried() for name in names}, health_checks=site.PATIENT
    )
    for name in names:
        node(name).misbehave(when="DEBUG", crash_after=0.2)
    limits = [word for name in names for word in ("--limit", name)]
    for columns in WIDTHS:
        code, ending = ended(shown.open(columns, PYINFRA, update, *DEPLOY, *limits))
        assert code == 1
        assert "lab1 rolled back imagenode: rolled back to " in ending
        assert "imagenode.service ended after its start" in ending
        assert ending.endswith(" says; 1 not touched, 1 rolled back")


@pytest.fixture
def repository(deployed: Lab) -> Iterator[Repository]:
    """The lab's site, where its path leaves room in a narrow terminal."""
    with TemporaryDirectory(prefix="site-") as folder, cloned(Path(folder), deployed) as made:
        yield made


def test_a_rollback(shown: Terminals, repository: Repository) -> None:
    for columns, version in zip(WIDTHS, (OLD, NEW), strict=True):
        code, ending = ended(rolled_back(shown, columns, repository))
        assert code == 0
        assert f"3 of 3 hosts run what {repository.git('rev-parse', 'HEAD')[:12]} says; 3 changed" in ending
        assert f"{MODEL}: {version} is the current version; to " in ending


@pytest.mark.long  # test_rollback.py has what it says
def test_a_rollback_that_fails_says_why_at_its_end(shown: Terminals, repository: Repository, node: NodeOf) -> None:
    node("sentinel").misbehave(when=OLD, crash_after=0.2)
    code, ending = ended(rolled_back(shown, WIDTHS[0], repository))
    assert code == 1
    assert "sentinel.service ended after its start" in ending


def rolled_back(shown: Terminals, columns: int, repository: Repository) -> Screen:
    words = (MODEL, "--previous", "--yes", "--unlock", "--site", repository.inventory)
    return shown.open(columns, MODELCTL, "rollback", *words)


@pytest.mark.parametrize("columns", [pytest.param(WIDTHS[0], marks=pytest.mark.long), WIDTHS[1]])
def test_a_first_deploy_over_a_slow_link_status_meanwhile_and_ctrl_c(
    shown: Terminals, deployed: Lab, node: NodeOf, columns: int
) -> None:
    deployed.reset("lab1")
    deployed.limit("lab1", "2mbit")
    deploy = first_deploy(shown, columns)
    wait_until_staged(node("lab1"), 200_000)
    for width in WIDTHS:
        status = shown.open(width, MODELCTL, "status", "lab1", "--site", DEFAULT_SITE)
        code, ending = ended(status)
        assert code == 3
        assert "lab1: a pull is running since " in ending
    if columns == WIDTHS[1]:  # the others wait for its end
        deploy.press("C-c")
        code, ending = ended(deploy)
        assert code == INTERRUPTED
        assert "lab1 not finished done: Make the host ready; " in ending
        assert ending.endswith("stopped before its end: 1 not finished")
        deployed.mend("lab1")
        look = "sentinelcam-node status || true"
        wait_until(lambda: "a pull is running" not in node("lab1").shell(look), 60, "the end of the pull that went on")
        deploy = first_deploy(shown, columns)
    code, ending = ended(deploy)
    assert code == 0
    assert "lab1 canary " in ending
    assert "1 of 1 host runs what " in ending


def first_deploy(shown: Terminals, columns: int) -> Screen:
    return shown.open(columns, PYINFRA, DEFAULT_SITE, *DEPLOY, "--limit", "lab1")
