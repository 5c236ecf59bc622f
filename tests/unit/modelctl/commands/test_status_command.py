"""`modelctl status`: its output, its exit codes."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from tests import chandler
from tests.unit.modelctl.fake_nodes import ENTRY, MARK, OLD, FakeNodes
from tests.unit.modelctl.sites import fleet, pinned
from tests.unit.modelctl.terminal import on_a_terminal

FLEET = fleet(pins=pinned())
SITE = """
from tests.unit.modelctl.sites import fleet, pinned
_FLEET = fleet(pins={pins})
def _connect():
    open({mark!r}, "w").close()
"""
NOTHING: dict[str, object] = {
    "unpinned": [], "leftovers": [], "parts": [], "retention": [], "error": None, "unreadable": {},
}  # fmt: skip
"""What is to be told of the registry."""


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    return FakeNodes(FLEET, tmp_path, monkeypatch)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.py"
    path.write_text(SITE.format(pins="pinned()", mark=str(tmp_path / "connected")), encoding="utf-8")
    return path


def run(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["status", *words, "--site", str(site)], catch_exceptions=False)


def with_digests(nodes: FakeNodes, text: str) -> str:
    """Puts each host's wanted digest in place of its name in capitals, as long as a table shows it."""
    for host in ("data1", "sentinel", "lab1", "east", "alpha5"):
        text = re.sub(rf"{host.upper()}-+", nodes.wanted(host)[:12], text)
    return text


SETTLED = """\
host      service    wanted        chosen        running       health   drift  code
data1     datapump   DATA1-------  DATA1-------  DATA1-------  healthy  none   -
sentinel  sentinel   SENTINEL----  SENTINEL----  SENTINEL----  healthy  none   to 0.2.4
lab1      imagenode  LAB1--------  LAB1--------  LAB1--------  healthy  none   0.2
east      imagenode  EAST--------  EAST--------  EAST--------  healthy  none   0.2
alpha5    imagenode  ALPHA5------  ALPHA5------  ALPHA5------  healthy  none   0.2

host      service    model                   wanted      chosen
data1     datapump   face_recognition        2026-02-02  2026-02-02
sentinel  sentinel   coral_packages          2025-12-19  2025-12-19
sentinel  sentinel   face_detection          2020-03-25  2020-03-25
sentinel  sentinel   face_detection_edgetpu  2025-12-19  2025-12-19
sentinel  sentinel   face_recognition        2026-02-02  2026-02-02
sentinel  sentinel   haarcascades            2020-03-25  2020-03-25
sentinel  sentinel   mobilenet_ssd           2020-12-06  2020-12-06
sentinel  sentinel   mobilenet_ssd_edgetpu   2025-12-19  2025-12-19
sentinel  sentinel   openface_torch          2020-03-25  2020-03-25
lab1      imagenode  mobilenet_ssd           2020-12-06  2020-12-06
east      imagenode  mobilenet_ssd_depthai   2022-04-02  2022-04-02
alpha5    imagenode  coral_packages          2025-12-19  2025-12-19
alpha5    imagenode  mobilenet_ssd_edgetpu   2025-12-19  2025-12-19
"""


def test_a_settled_fleet(nodes: FakeNodes, site: Path, tmp_path: Path) -> None:
    result = run(site)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == with_digests(nodes, SETTLED)
    assert (tmp_path / "connected").exists()


def test_what_is_not_well_has_its_lines(nodes: FakeNodes, site: Path) -> None:
    failed = ENTRY | {"outcome": "returned", "reason": "port 1 is closed"}
    nodes.change("lab1", chosen=OLD, live=OLD, models={"mobilenet_ssd": "2019-01-01"}, last=failed)
    nodes.change("alpha5", live=None, health="unhealthy: imagenode.service is inactive", pending=MARK)
    nodes.fail("east", 255, "No route to host")
    result = run(site, "east", "lab1", "data1", "alpha5")
    assert (result.exit_code, result.stderr) == (3, "")
    assert result.stdout == with_digests(
        nodes,
        """\
host    service    wanted        chosen        running       health     drift    code
east    imagenode  EAST--------  unknown       unknown       unknown    unknown  unknown
lab1    imagenode  LAB1--------  0ddba110ddba  0ddba110ddba  healthy    drift    0.2
data1   datapump   DATA1-------  DATA1-------  DATA1-------  healthy    none     -
alpha5  imagenode  ALPHA5------  ALPHA5------  none          unhealthy  drift    0.2

host    service    model                  wanted      chosen
east    imagenode  mobilenet_ssd_depthai  2022-04-02  unknown
lab1    imagenode  mobilenet_ssd          2020-12-06  2019-01-01
data1   datapump   face_recognition       2026-02-02  2026-02-02
alpha5  imagenode  coral_packages         2025-12-19  2025-12-19
alpha5  imagenode  mobilenet_ssd_edgetpu  2025-12-19  2025-12-19

east (192.168.10.21): No route to host; look at its power and its cable, then run again
lab1 imagenode: drift: chosen 0ddba110ddba, wanted LAB1--------
lab1 imagenode: drift: mobilenet_ssd 2019-01-01, wanted 2020-12-06
lab1 imagenode: returned (anna@ramrod, 2026-11-22T23:40:00Z): port 1 is closed
alpha5 imagenode: unhealthy: imagenode.service is inactive; look there: sudo journalctl --unit imagenode --lines 50 --no-pager
alpha5 imagenode: drift: running no known set, chosen ALPHA5------
alpha5 imagenode: drift: a switch to 0ddba110ddba has not ended (anna@ramrod, 2026-11-22T23:40:00Z: pyinfra -y); it does not run now
what a deploy would do about drift: pyinfra inventory.py deploys/models.py --limit lab1 --limit alpha5 --dry
""",  # noqa: E501
    )


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"health": "unhealthy: port 1 is closed"}, "LAB1- LAB1- LAB1- unhealthy none"),
        ({"health": "starting: port 1 is closed, 3 s after its start"}, "LAB1- LAB1- LAB1- starting none"),
        ({"health": "no stick: 2 of 3 workers live"}, "LAB1- LAB1- LAB1- no stick none"),
        ({"health": "unknown: /proc: denied"}, "LAB1- LAB1- LAB1- unknown none"),
        ({"health": "port 1 is closed"}, "LAB1- LAB1- LAB1- unhealthy none"),
        ({"drift": ["/a differs"]}, "LAB1- LAB1- LAB1- healthy drift"),
        ({"live": None}, "LAB1- LAB1- none healthy drift"),
        ({"chosen": None}, "LAB1- none LAB1- healthy drift"),
    ],
)
def test_drift_and_all_but_health_end_with_3(
    nodes: FakeNodes, site: Path, changes: dict[str, object], row: str
) -> None:
    nodes.change("lab1", **changes)
    result = run(site, "lab1")
    assert result.stdout.splitlines()[1].split() == with_digests(nodes, f"lab1 imagenode {row} 0.2").split()
    assert (result.exit_code, result.stderr) == (3, "")
    if "health" in changes:
        assert f"lab1 imagenode: {changes['health']}; look there: " in result.stdout
    assert run(site, "lab1", "--json").exit_code == 3


CORAL = {"version": "2026-01-10", "stick": "running (18d1:9302)", "library": "loaded", "problem": None}
ABSENT = CORAL | {"stick": "absent", "library": "not loaded yet"}
FOREIGN = CORAL | {"stick": "boot loader (1a6e:089a)", "library": "/usr/lib/libedgetpu.so.1.0 (foreign)"}


def test_coral_stacks_have_a_table(nodes: FakeNodes, site: Path) -> None:
    """It is no wider than a terminal, and none of it is a verdict: that is the node's, by the checks of its health."""
    line = "/dev/bus/usb/001/004: the Coral stick is root:root's"
    nodes.change("alpha5", coral=CORAL)
    nodes.change("sentinel", coral=ABSENT | {"problem": line})
    result = run(site, "alpha5", "sentinel", "lab1")
    assert (result.exit_code, result.stderr) == (0, "")
    table = result.stdout.partition("\n\nhost      service    coral")
    assert (table[1] + table[2]) == (
        """

host      service    coral       stick                library
alpha5    imagenode  2026-01-10  running (18d1:9302)  loaded
sentinel  sentinel   2026-01-10  absent               not loaded yet

sentinel sentinel: /dev/bus/usb/001/004: the Coral stick is root:root's
"""
    )
    nodes.change("alpha5", coral=FOREIGN)
    assert ("alpha5    imagenode  2026-01-10  boot loader (1a6e:089a)  /usr/lib/libedgetpu.so.1.0 (foreign)\n") in run(
        site, "alpha5", "sentinel"
    ).stdout


def test_a_coral_stack_as_json(nodes: FakeNodes, site: Path) -> None:
    nodes.change("alpha5", coral=CORAL)
    hosts = json.loads(run(site, "alpha5", "lab1", "--json").stdout)["hosts"]
    assert hosts["alpha5"]["services"]["imagenode"]["coral"] == CORAL
    assert hosts["lab1"]["services"]["imagenode"]["coral"] is None


def test_what_a_killed_clean_up_left_is_told_with_what_ends_it(nodes: FakeNodes, site: Path) -> None:
    nodes.change("lab1", leftovers=["/m/cats/.retired-2026-01-01"])
    result = run(site, "lab1")
    assert result.exit_code == 0
    assert (
        "lab1 imagenode: /m/cats/.retired-2026-01-01: a clean-up has not ended; end it: modelctl prune nodes\n"
    ) in result.stdout


@pytest.mark.parametrize("outcome", ["returned", "failed", "refused"])
def test_what_last_went_wrong_is_told_of_a_settled_host(nodes: FakeNodes, site: Path, outcome: str) -> None:
    nodes.change("lab1", last=ENTRY | {"outcome": outcome, "reason": "why"})
    result = run(site, "lab1")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"lab1 imagenode: {outcome} (anna@ramrod, 2026-11-22T23:40:00Z): why"


def test_as_json(nodes: FakeNodes, site: Path) -> None:
    settled = run(site, "--json")
    assert (settled.exit_code, settled.stderr, json.loads(settled.stdout)["ok"]) == (0, "", True)
    nodes.fail("east", 255, "No route to host")
    troubled = run(site, "--json")
    found = json.loads(troubled.stdout)
    assert (troubled.exit_code, found["ok"], found["hosts"]["east"]["services"]) == (3, False, {})
    del found["hosts"]["east"], (expected := json.loads(settled.stdout))["hosts"]["east"]
    assert found["hosts"] == expected["hosts"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["lab2"], "HOST: found 'lab2'; allowed: alpha5, data1, east, lab1, sentinel"),
        (["deepend"], "HOST: found 'deepend'; allowed: alpha5, data1, east, lab1, sentinel"),
    ],
)
def test_a_host_that_cannot_be_asked(nodes: FakeNodes, site: Path, words: list[str], line: str) -> None:
    result = run(site, *words)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{line}\n")
    assert nodes.ssh.addresses() == set()


def test_versions_without_pins(nodes: FakeNodes, site: Path) -> None:
    site.write_text(site.read_text().replace("pins=pinned()", "pins=None"), encoding="utf-8")
    result = run(site, "lab1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "lab1: wants mobilenet_ssd/2020-12-06, which no pin covers; pin it: modelctl pin\n"
    assert nodes.ssh.addresses() == set()


@pytest.mark.usefixtures("nodes")
def test_without_ssh(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = run(site)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "ssh: no such program; install it: apt-get install openssh-client\n"


def test_on_a_terminal_it_is_a_table_in_colour(nodes: FakeNodes, site: Path) -> None:
    nodes.change("lab1", chosen=OLD, health="unhealthy: port 1 is [red]closed[/red]" + " x" * 50)
    code, shown = on_a_terminal(site, "status", "lab1", "east", COLUMNS="100")
    assert code == 3
    [red] = [line for line in shown.splitlines() if "\x1b[31m" in line]
    assert red.startswith("\x1b[31mlab1")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    for host, chosen in (("lab1", OLD), ("east", nodes.wanted("east"))):
        wanted = nodes.wanted(host)[:12]
        row = rf"^{host} +imagenode +{wanted} +{chosen[:12]} +{wanted} +(unhealthy +drift|healthy +none) +0.2 *$"
        assert re.search(row, plain, re.MULTILINE)
    _, models, notes = plain.split("\n\n")
    assert re.search(r"^lab1 +imagenode +mobilenet_ssd +2020-12-06 +2020-12-06 *$", models, re.MULTILINE)
    whole = re.sub("\n  +", " ", notes.replace("\r", ""))  # without the folds
    [note] = [line for line in whole.splitlines() if " unhealthy: " in line]
    assert "port 1 is [red]closed[/red] x x x" in note
    assert note.endswith("look there: sudo journalctl --unit imagenode --lines 50 --no-pager")


def test_without_colour_on_a_terminal_that_wants_none(nodes: FakeNodes, site: Path) -> None:
    nodes.change("lab1", chosen=OLD)
    assert "\x1b[3" not in on_a_terminal(site, "status", "lab1", NO_COLOR="1")[1]


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_narrow_terminal_has_fewer_columns_and_names_those_left_out(site: Path, columns: int) -> None:
    _, shown = on_a_terminal(site, "status", "lab1", COLUMNS=str(columns), NO_COLOR="1")
    sets, models = shown.split("\n\n")[:2]
    left_out = {60: "(2 of 8 columns left out: code, chosen)"}.get(columns)
    assert sets.splitlines()[2:] == ([left_out] if left_out else [])
    assert len(models.splitlines()) == 2
    assert all(len(line) <= columns for line in (*sets.splitlines(), *models.splitlines()))


def test_what_is_unfinished_in_the_registry_has_its_lines_and_is_no_failure(nodes: FakeNodes, site: Path) -> None:
    left = "haarcascades/.retired-2019-01-01"
    nodes.store({}, [left])
    result = run(site, "lab1")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.split("\n\n")[2] == (
        f"data1: /home/ops/sentinelcam/model_registry/{left}: a clean-up has not ended; end it there: "
        "sudo systemctl start model_cleanup\n"
    )
    found = json.loads(run(site, "lab1", "--json").stdout)
    assert found["registry"] == NOTHING | {"leftovers": [left]}
    assert found["ok"] is True


def test_some_hosts_without_the_datasink(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("data1", 255, "No route to host")
    result, line = (
        run(site, "lab1"),
        "data1 (192.168.10.50): No route to host; look at its power and its cable, then run again",
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.split("\n\n")[2] == f"{line}\n"
    found = json.loads(run(site, "lab1", "--json").stdout)
    assert found["registry"] == NOTHING | {"error": line}


def test_the_datasink_that_gives_no_answer_is_told_once(nodes: FakeNodes, site: Path) -> None:
    nodes.fail("data1", 255, "No route to host")
    result = run(site, "lab1", "data1")
    assert result.exit_code == 3
    assert len(result.stdout.split("\n\n")[2].splitlines()) == 1


def test_the_datasink_is_asked_side_by_side_with_the_hosts(nodes: FakeNodes, site: Path, tmp_path: Path) -> None:
    """Each waits for the other: one after the other would not end well."""
    for host, mine, other in (("data1", "a", "b"), ("lab1", "b", "a")):
        script = nodes.ssh.script(nodes.address(host))
        meet = f"touch {tmp_path}/{mine}; for n in $(seq 100); do [ -e {tmp_path}/{other} ] && break; sleep 0.05; done"
        nodes.ssh.answer(nodes.address(host), f"{meet}; [ -e {tmp_path}/{other} ] || exit 9\n{script}")
    result = run(site, "lab1")
    assert (result.exit_code, len(result.stdout.split("\n\n"))) == (0, 2)


OVERRIDING = """
from tests.unit.modelctl.sites import fleet, pinned, site_with
_FLEET = fleet(site_with("lab1", model_version_overrides={"mobilenet_ssd": "2026-05-01"}),
               pins=pinned(("mobilenet_ssd", "2026-05-01")))
"""


def test_an_override_is_marked(nodes: FakeNodes, site: Path) -> None:
    site.write_text(OVERRIDING, encoding="utf-8")
    result = run(site, "lab1", "east")
    assert result.stdout.split("\n\n")[1].splitlines()[1:] == [
        "lab1  imagenode  mobilenet_ssd          2026-05-01 (override)  2020-12-06",
        "east  imagenode  mobilenet_ssd_depthai  2022-04-02             2022-04-02",
    ]
    found = json.loads(run(site, "lab1", "east", "--json").stdout)["hosts"]
    assert found["lab1"]["services"]["imagenode"]["models"]["mobilenet_ssd"]["override"] is True
    assert found["east"]["services"]["imagenode"]["models"]["mobilenet_ssd_depthai"]["override"] is False
    nodes.fail("lab1", 255, "No route to host")
    assert run(site, "lab1").stdout.split("\n\n")[1].splitlines()[1].split()[3:] == [
        "2026-05-01",
        "(override)",
        "unknown",
    ]
