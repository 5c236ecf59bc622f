"""Old versions go from the nodes by the rule of the registry, and nothing goes that exists nowhere else."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.fleet import fleet
from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet import site as variants
from tests.fleet import stacks
from tests.fleet.conftest import NodeOf, task_writing
from tests.fleet.depot import give_the_sentinel
from tests.fleet.held import Held
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, Run, begin_modelctl, deploy, end, hint, modelctl

pytestmark = pytest.mark.usefixtures("tidy")

SITE = """\
from dataclasses import replace

from lab.fleet import PINS as _PINS
from lab.fleet import fleet
from lab.network import enter as _connect
from lab.site.registry import REGISTRY

_FACES = REGISTRY.models["face_recognition"].model_copy(update={"previous_version": None})
_FLEET = replace(
    fleet(),
    registry=REGISTRY.model_copy(update={"models": {**REGISTRY.models, "face_recognition": _FACES}}),
    standards=fleet().standards.model_copy(update={"sentinelcam_model_retention": 1}),
)
"""
MODELS = "/home/ops/sentinel/models"
OLD = ("face_recognition/2025-02-25", "mobilenet_ssd/2026-05-01")
RECENT = ("face_recognition/2026-03-03", "mobilenet_ssd/2026-06-01")
FACES, SSD = OLD
COLLECTED = "/home/ops/sentinelcam/collected"
PROTOTXT = "MobileNetSSD_deploy.prototxt"

GOES = """\
sentinel  face_recognition/2025-02-25          2.9 MB  goes
sentinel  mobilenet_ssd/2026-05-01             1.0 MB  goes
"""


@pytest.fixture(scope="module")
def tidy(deployed: Lab, node: NodeOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nodes whose sets name what the default site wants, and which hold nothing else, whatever ran before.

    Afterwards the sentinel's files are read once more: a story leaves one that was a link.
    """
    hosts = ("sentinel", "lab1", "east", "alpha5")
    variant = variants.write(
        tmp_path_factory.mktemp("debug") / "site.py", hosts={host: {"debug_mode": True} for host in hosts}
    )
    limits = [word for host in hosts for word in ("--limit", host)]
    for each in (variant, DEFAULT_SITE):
        assert deploy(*limits, site=each).code == 0
    assert all(deployed.running(host) for host in hosts)
    for host in hosts:
        wanted = "|".join(f"{model}/{version}" for model, version in fleet().versions(host).items())
        node(host).shell(
            f"cd /home/ops/{node(host).service}/models && for each in */*; do "
            f'case "$each" in {wanted}) ;; *) rm -r "$each" ;; esac; done'
        )
        stacks.keep(node(host), stacks.OLD)
    yield
    assert deploy("--limit", "sentinel").code == 0


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The lab with less retention, and no previous version of the faces."""
    path = tmp_path / "inventory.py"
    path.write_text(SITE, encoding="utf-8")
    return path


@pytest.fixture
def sentinel(node: NodeOf, lab: Lab) -> Iterator[Node]:
    """The sentinel with four more versions, one of which shares a file with another."""
    there = node("sentinel")
    give_the_sentinel(lab, *OLD, *RECENT)
    there.shell(f"ln -f {MODELS}/mobilenet_ssd/2020-12-06/{PROTOTXT} {MODELS}/{SSD}/{PROTOTXT}")
    assert deploy("--limit", "sentinel").code == 0  # reads once what another than the program has linked
    yield there
    there.shell(
        f"cd {MODELS} && rm -rf {' '.join((*OLD, *RECENT))} */.retired-* {STATE}/stamps{MODELS}/*/2026-0[356]-0[13] "
        "/etc/sentinelcam-lab"
    )


@pytest.fixture
def data1(node: NodeOf) -> Iterator[Node]:
    there = node("data1")
    yield there
    there.shell(f"rm -rf {COLLECTED}")


def words(site: Path, *more: str) -> tuple[str, ...]:
    return ("prune", "nodes", *more, "--site", str(site))


def clean(site: Path, *more: str) -> Run:
    return modelctl(*words(site, *more))


def bytes_held(node: Node) -> int:
    """The bytes of all files below the models folder, each counted once."""
    return sum(
        int(line.split()[1]) for line in set(node.shell(f"find {MODELS} -type f -printf '%i %s\\n'").splitlines())
    )


def held(node: Node) -> set[str]:
    lines = node.shell(f"cd {MODELS} && ls --directory */* */.[!.]* 2>/dev/null; true").split()
    return {line for line in lines if line.startswith(("face_recognition/", "mobilenet_ssd/"))}


PLAN = f"""\
host      version                                size  why
{GOES}\
sentinel  coral_packages/2025-12-19                    stays: current, named by sentinel
sentinel  face_detection/2020-03-25                    stays: current, named by sentinel
sentinel  face_detection_blazeface/2026-01-02          stays: current
sentinel  face_detection_edgetpu/2025-12-19            stays: current, named by sentinel
sentinel  face_recognition/2026-02-02                  stays: current, named by sentinel
sentinel  face_recognition/2026-03-03                  stays: one of the 1 most recent others
sentinel  haarcascades/2020-03-25                      stays: current, named by sentinel
sentinel  mobilenet_ssd/2020-12-06                     stays: current, named by sentinel
sentinel  mobilenet_ssd/2026-06-01                     stays: one of the 1 most recent others
sentinel  mobilenet_ssd_depthai/2022-04-02             stays: current
sentinel  mobilenet_ssd_edgetpu/2025-12-19             stays: current, named by sentinel
sentinel  openface_torch/2020-03-25                    stays: current, named by sentinel
lab1      mobilenet_ssd/2020-12-06                     stays: current, named by lab1
east      mobilenet_ssd_depthai/2022-04-02             stays: current, named by east
alpha5    coral_packages/2025-12-19                    stays: current, named by alpha5
alpha5    mobilenet_ssd/2020-12-06                     stays: current
alpha5    mobilenet_ssd_edgetpu/2025-12-19             stays: current, named by alpha5

2 versions go, 3.9 MB
"""


def test_the_dry_run_equals_the_run_and_the_bytes_are_those_freed(sentinel: Node, site: Path, node: NodeOf) -> None:
    kept = sentinel.shell(f"cd {MODELS} && sha256sum */*/* | grep --invert-match --extended-regexp '{'|'.join(OLD)}'")
    before, pid, deployed = bytes_held(sentinel), sentinel.pid(), node("lab1").shell("ls -R /home/ops/imagenode/models")
    dry = clean(site, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out == PLAN
    assert held(sentinel) >= set(OLD)
    asked = clean(site)
    assert (asked.code, asked.err) == (1, "no terminal to ask at, nothing was removed; without a question: --yes\n")
    done = clean(site, "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{dry.out}sentinel: 2 versions removed, 3.9 MB freed\n"
    assert before - bytes_held(sentinel) == 3_910_166
    assert sentinel.shell(f"cd {MODELS} && sha256sum */*/*") == kept
    assert not held(sentinel) & set(OLD)
    assert node("lab1").shell("ls -R /home/ops/imagenode/models") == deployed
    assert sentinel.pid() == pid
    assert clean(site, "--yes").out.splitlines()[-1] == "nothing goes"
    assert deploy("--limit", "sentinel").changed() == {}


def test_what_exists_nowhere_else_is_collected_first(sentinel: Node, site: Path, data1: Node) -> None:
    sentinel.shell(f"echo a new face >>{MODELS}/{FACES}/facelist.csv")
    digest = sentinel.sha256(f"{MODELS}/{FACES}/facelist.csv")
    model, version = FACES.split("/")
    first = clean(site, "--yes")
    assert (first.code, first.err) == (0, "")
    [line] = [line for line in first.out.splitlines() if line.startswith(f"sentinel  {FACES}")]
    assert line.split("  ")[-1].strip() == (
        f"stays: facelist.csv: on this host only; collect first: {hint(f'collect sentinel {model} {version}', site)}"
    )
    assert held(sentinel) & set(OLD) == {FACES}
    assert modelctl("collect", "sentinel", model, version, "--yes", "--site", str(site)).code == 0
    assert clean(site, "--yes").code == 0
    assert not held(sentinel) & set(OLD)
    assert data1.sha256(f"{COLLECTED}/sentinel/{FACES}/facelist.csv.{digest[:12]}") == digest


def test_a_file_that_is_open_for_writing_keeps_its_version(sentinel: Node, site: Path, lab: Lab) -> None:
    with task_writing(lab, f"{MODELS}/{FACES}/facedata.hdf5"):
        run = clean(site, "--yes")
    assert run.code == 0
    [line] = [line for line in run.out.splitlines() if line.startswith(f"sentinel  {FACES}")]
    assert ": open for writing; expected the task to finish; run again later" in line
    assert held(sentinel) & set(OLD) == {FACES}


def test_files_of_somebody_s_own_keep_their_version(sentinel: Node, site: Path) -> None:
    sentinel.shell(f"touch {MODELS}/{SSD}/notes.txt")
    run = clean(site, "--yes")
    assert f"stays: {MODELS}/{SSD}/notes.txt is not of this version; move it away\n" in run.out
    assert held(sentinel) & set(OLD) == {SSD}


def test_a_host_that_is_unreachable_is_named_and_left_alone(sentinel: Node, site: Path, lab: Lab) -> None:
    lab.cut("lab1")
    try:
        run = clean(site, "--yes")
    finally:
        lab.mend("lab1")
    assert (run.code, run.err) == (3, "")
    [line] = [line for line in run.out.splitlines() if line.startswith("lab1 (")]
    assert line.endswith("; look at its power and its cable, then run again; it is left alone")
    assert not held(sentinel) & set(OLD)


@pytest.mark.parametrize(
    ("killed", "part"),
    [
        pytest.param(killed, part, marks=[] if (killed, part) == ("power", 0.7) else pytest.mark.long)
        for killed in ("program", "modelctl", "power")
        for part in (0.3, 0.7)
    ],
)  # fmt: skip
def test_whatever_ends_it_a_version_is_whole_or_gone_and_the_next_one_ends_it(
    sentinel: Node, site: Path, lab: Lab, killed: str, part: float
) -> None:
    program = Held(sentinel)
    before = sentinel.shell(f"cd {MODELS} && sha256sum {FACES}/* {SSD}/*")
    program.order("remove-versions", at=4 + round(10 * part))
    cleaning = begin_modelctl(*words(site, "--yes"))
    program.wait()
    if killed == "program":
        program.kill()
        ended = end(cleaning)
        assert (ended.code, "Traceback" in ended.err) == (3, False)
    elif killed == "modelctl":
        cleaning.send_signal(signal.SIGKILL)
        cleaning.communicate()
        program.release()
        wait_until(lambda: not held(sentinel) & set(OLD), 20, "the end of the clean-up on the sentinel")
    else:
        lab.power_cut("sentinel")
        ended = end(cleaning)
        assert (ended.code, "Traceback" in ended.err) == (3, False)
        lab.boot("sentinel")
    told = modelctl("status", "sentinel", "--site", str(DEFAULT_SITE)).out
    for name in [name for name in held(sentinel) if ".retired-" in name]:
        assert f"{MODELS}/{name}: a clean-up has not ended; end it: {hint('prune nodes')}\n" in told
    whole = [name for name in OLD if name in held(sentinel)]
    for name in whole:
        assert sentinel.shell(f"cd {MODELS} && sha256sum {name}/*") in before
    assert clean(site, "--yes").code == 0
    assert not [name for name in held(sentinel) if name in OLD or ".retired-" in name]
    assert held(sentinel) >= set(RECENT)


def test_for_programs(sentinel: Node, site: Path) -> None:
    run = clean(site, "--dry-run", "--json")
    sentinels = run.json["hosts"]["sentinel"]
    assert [f"{each['model']}/{each['version']}" for each in sentinels["go"]] == list(OLD)
    assert (run.json["bytes"], sentinels["unfinished"], sentinels["error"]) == (3_910_166, [], None)
    assert sentinels["stay"]["mobilenet_ssd/2020-12-06"] == ["current", "named by sentinel"]
    assert json.loads(run.out).keys() == {"format", "hosts", "bytes", "removed", "failed"}
    assert held(sentinel) >= set(OLD)


def test_with_the_site_s_own_retention_nothing_goes(sentinel: Node) -> None:
    run = clean(DEFAULT_SITE, "--yes")
    assert (run.code, run.out.splitlines()[-1]) == (0, "nothing goes")
    assert held(sentinel) >= set(OLD)
