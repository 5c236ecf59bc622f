"""One host tries another version: site.py, its commit and that host move together, and back."""

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import hint, pyinfra
from tests.fleet.repository import FIRST, Repository, cloned

MODEL, CURRENT, TRIED = "mobilenet_ssd", "2020-12-06", "2026-05-01"
BAD = "2026-06-01"


@pytest.fixture(scope="module")
def repository(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    with cloned(tmp_path_factory.mktemp("override"), deployed) as made:
        yield made


@pytest.fixture(autouse=True)
def restored(repository: Repository, node: NodeOf) -> Iterator[None]:
    repository.start_anew()
    yield
    node("lab1").shell("rm -rf /etc/sentinelcam-lab")
    if CURRENT not in config(node):
        repository.start_anew()
        assert repository.deploy("--limit", "lab1").code == 0


def config(node: NodeOf) -> str:
    return node("lab1").read("/home/ops/imagenode.yaml")


def test_set_and_cleared(repository: Repository, node: NodeOf) -> None:
    node("lab1").shell(f"rm -rf /home/ops/imagenode/models/{MODEL}/{TRIED}")  # another story may have brought it
    others, text = {name: node(name).snapshot() for name in ("sentinel", "alpha5")}, repository.site.read_text()
    tried = repository.modelctl("override", "lab1", MODEL, TRIED, "--yes", "--reason", "More dogs.")
    assert tried.code == 0, tried.err
    *told, summed_up, last = tried.out.splitlines()
    assert told[:4] == [
        "host  from        to          restarts   to move  events unlocked",
        "lab1  2020-12-06  2026-05-01  imagenode   1.0 MB                0",
        "",
        f"Override {MODEL} on lab1 with {TRIED}",
    ]
    assert summed_up == f"1 of 1 host runs what {repository.git('rev-parse', 'HEAD')[:12]} says; 1 changed"
    assert last == f"lab1: {MODEL} {TRIED} is wanted by an override"
    assert TRIED in config(node)
    assert repository.git("log", "-1", "--format=%B") == f"Override {MODEL} on lab1 with {TRIED}\n\nMore dogs."
    assert f'model_version_overrides={{"{MODEL}": "{TRIED}"}}' in repository.site.read_text()
    assert {name: node(name).snapshot() for name in others} == others

    status = repository.modelctl("status", "lab1")
    assert (status.code, f"lab1  imagenode  {MODEL}  {TRIED} (override)  {TRIED}" in status.out) == (0, True)
    again = repository.modelctl("override", "lab1", MODEL, TRIED)
    assert again.code == 0
    see = hint("status lab1", repository.inventory)
    assert again.out == f"lab1: {MODEL} {TRIED} is wanted by an override already; what runs: {see}\n"

    cleared = repository.modelctl("override", "lab1", MODEL, "--clear", "--yes")
    assert cleared.code == 0, cleared.err
    assert cleared.out.splitlines()[1] == "lab1  2026-05-01  2020-12-06  imagenode      0 B                0"
    assert CURRENT in config(node)
    assert repository.site.read_text() == text
    assert repository.log() == [f"Clear the override of {MODEL} on lab1", f"Override {MODEL} on lab1 with {TRIED}"]


@pytest.mark.parametrize(
    "way", [pytest.param("a deploy renews the commit", marks=pytest.mark.long), "the operator allows it"]
)
def test_a_host_whose_commit_was_squashed(repository: Repository, node: NodeOf, way: str) -> None:
    """H11: each override there was committed, refused by the host and undone, for ever."""
    tried = repository.modelctl("override", "lab1", MODEL, TRIED, "--yes")
    assert tried.code == 0, tried.err
    gone = repository.git("rev-parse", "HEAD")
    repository.git("reset", "--quiet", "--soft", FIRST)
    repository.commit()
    before, snapshot = repository.git("rev-parse", "HEAD"), node("lab1").snapshot()
    words = ["override", "lab1", MODEL, "--clear", "--yes"]
    refused = repository.modelctl(*words)
    assert refused.code == 1
    [line] = refused.err.splitlines()
    assert line == (
        f"lab1: imagenode was switched by commit {gone[:12]}, which this checkout does not contain; it wants the same "
        f"there, so a deploy renews that: pyinfra {repository.inventory} deploys/configs.py --limit lab1 -y, "
        "or allow it with --older lab1; nothing was committed"
    )
    assert (repository.git("rev-parse", "HEAD"), node("lab1").snapshot()) == (before, snapshot)
    if way == "a deploy renews the commit":
        run = pyinfra("deploys/configs.py", "-y", "--limit", "lab1", site=repository.inventory)
        assert run.code == 0, run.err
        assert node("lab1").snapshot() == snapshot
    else:
        words += ["--older", "lab1"]
    cleared = repository.modelctl(*words)
    assert cleared.code == 0, cleared.err
    assert CURRENT in config(node)
    assert len(repository.log()) == 2


def test_a_bad_version_rolls_back_by_itself(repository: Repository, node: NodeOf) -> None:
    node("lab1").misbehave(when=f"{MODEL}/{BAD}", crash_after=0.2)
    run = repository.modelctl("override", "lab1", MODEL, BAD, "--yes")
    assert run.code == 1
    assert run.lines_with("imagenode: rolled back to ")
    last = run.err.splitlines()[-1]
    assert "and lab1 run what they ran before; lab1 rolled back: imagenode: rolled back to " in last
    assert f"; {MODEL} {BAD} is marked bad on lab1 at " in last
    assert repository.log()[0] == f"Mark {MODEL} {BAD} bad"
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    assert CURRENT in config(node)
    assert repository.is_as_first()
    assert repository.modelctl("status", "lab1").code == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["lab7", MODEL, TRIED], "HOST: found 'lab7'; allowed: alpha5, data1, data2, deepend, east, lab1, sentinel\n"),
        (["east", MODEL, TRIED], f"MODEL: found '{MODEL}'; allowed: a model that east gets: mobilenet_ssd_depthai\n"),
        (["lab1", MODEL], "VERSION: found nothing; allowed: a version, or --clear, and not both"),
        (["lab1", MODEL, "2026-05-02"], f"VERSION: found '2026-05-02'; allowed: a pinned version of {MODEL}: "),
    ],
    ids=["host", "model", "nothing", "version"],
)
def test_refused_by_name(repository: Repository, words: list[str], line: str) -> None:
    run = repository.modelctl("override", *words, "--yes")
    assert run.code == 1
    assert line in run.err
    assert len(run.err.splitlines()) == 1
    assert repository.is_as_first()
    assert repository.log() == []


def test_no_override_to_clear(repository: Repository) -> None:
    run = repository.modelctl("override", "lab1", MODEL, "--clear")
    assert run.code == 0
    see = hint("status lab1", repository.inventory)
    assert run.out == f"lab1: {MODEL} has no override, so {CURRENT} is wanted already; what runs: {see}\n"
