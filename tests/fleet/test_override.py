"""One host tries another version: site.py, its commit and that host move together, and back."""

from collections.abc import Iterator

import pytest

from lab.lab import Lab
from tests.fleet import checkout as checkouts
from tests.fleet.checkout import Checkout
from tests.fleet.conftest import NodeOf

MODEL, CURRENT, TRIED = "mobilenet_ssd", "2020-12-06", "2026-05-01"
TRUNCATED = "2026-06-01"


@pytest.fixture(scope="module")
def checkout(deployed: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with checkouts.checkout(tmp_path_factory.mktemp("override"), deployed) as made:
        yield made


@pytest.fixture(autouse=True)
def restored(checkout: Checkout, node: NodeOf) -> Iterator[None]:
    checkout.start_anew()
    yield
    node("lab1").shell("rm -rf /etc/sentinelcam-lab")
    if CURRENT not in config(node):
        checkout.start_anew()
        assert checkout.deploy("--limit", "lab1").code == 0


def config(node: NodeOf) -> str:
    return node("lab1").read("/home/ops/imagenode.yaml")


def test_set_and_cleared(checkout: Checkout, node: NodeOf) -> None:
    node("lab1").shell(f"rm -rf /home/ops/imagenode/models/{MODEL}/{TRIED}")  # another story may have brought it
    others, text = {name: node(name).snapshot() for name in ("sentinel", "alpha5")}, checkout.site.read_text()
    tried = checkout.modelctl("override", "lab1", MODEL, TRIED, "--yes", "--reason", "More dogs.")
    assert tried.code == 0, tried.err
    assert tried.out.splitlines() == [
        "host  from        to          restarts   bytes to move  events unlocked",
        "lab1  2020-12-06  2026-05-01  imagenode      1,044,665                0",
        "",
        f"Override {MODEL} on lab1 with {TRIED}",
        f"lab1: {MODEL} {TRIED} is wanted by an override",
    ]
    assert TRIED in config(node)
    assert checkout.git("log", "-1", "--format=%B") == f"Override {MODEL} on lab1 with {TRIED}\n\nMore dogs."
    assert f'model_version_overrides={{"{MODEL}": "{TRIED}"}}' in checkout.site.read_text()
    assert {name: node(name).snapshot() for name in others} == others

    status = checkout.modelctl("status", "lab1")
    assert (status.code, f"lab1  imagenode  {MODEL}  {TRIED} (override)  {TRIED}" in status.out) == (0, True)
    again = checkout.modelctl("override", "lab1", MODEL, TRIED)
    assert again.code == 0
    assert again.out == f"lab1: {MODEL} {TRIED} is wanted by an override already; what runs: modelctl status lab1\n"

    cleared = checkout.modelctl("override", "lab1", MODEL, "--clear", "--yes")
    assert cleared.code == 0, cleared.err
    assert cleared.out.splitlines()[1] == "lab1  2026-05-01  2020-12-06  imagenode              0                0"
    assert CURRENT in config(node)
    assert checkout.site.read_text() == text
    assert checkout.log() == [f"Clear the override of {MODEL} on lab1", f"Override {MODEL} on lab1 with {TRIED}"]


def test_a_bad_version_goes_back_by_itself(checkout: Checkout, node: NodeOf) -> None:
    node("lab1").write("/etc/sentinelcam-lab/strict", "")
    run = checkout.modelctl("override", "lab1", MODEL, TRUNCATED, "--yes")
    assert run.code == 1
    assert run.lines_with("imagenode: returned to ")
    assert run.err.splitlines()[-1].endswith("and lab1 run what they ran before")
    assert CURRENT in config(node)
    assert checkout.is_as_first()
    assert checkout.modelctl("status", "lab1").code == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["lab7", MODEL, TRIED], "HOST: found 'lab7'; allowed: alpha5, data1, data2, deepend, east, lab1, sentinel; "),
        (["east", MODEL, TRIED], f"MODEL: found '{MODEL}'; allowed: a model that east gets: mobilenet_ssd_depthai; "),
        (["lab1", MODEL], "VERSION: found nothing; allowed: a version, or --clear, and not both"),
        (["lab1", MODEL, "2026-05-02"], f"VERSION: found '2026-05-02'; allowed: a pinned version of {MODEL}: "),
        (["data2", "face_recognition", "2026-03-03"], "inventory/site.py: SITE.hosts: found 'data2'; allowed: alpha5"),
    ],
    ids=["host", "model", "nothing", "version", "elsewhere"],
)
def test_refused_by_name(checkout: Checkout, words: list[str], line: str) -> None:
    run = checkout.modelctl("override", *words, "--yes")
    assert run.code == 1
    assert line in run.err
    assert len(run.err.splitlines()) == 1
    assert checkout.is_as_first()
    assert checkout.log() == []


def test_no_override_to_clear(checkout: Checkout) -> None:
    run = checkout.modelctl("override", "lab1", MODEL, "--clear")
    assert run.code == 0
    said = f"lab1: {MODEL} has no override, so {CURRENT} is wanted already; what runs: modelctl status lab1\n"
    assert run.out == said
