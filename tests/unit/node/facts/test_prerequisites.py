"""What a host must have before a run: missed where it is needed, and nowhere else."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from node.codec import Text
from node.coral import stick
from node.desired_state import DesiredState, Stack
from node.facts import coral_host, prerequisites
from node.machine import releases
from node.machine.releases import Release
from node.protocol.facts import DatasinkState, Facts, Missing, PullAccess, SetState, StackState
from node.pull import access
from node.store.service_set import NOTHING as NOTHING_SHOWN
from node.store.service_set import SetStack
from tests.unit.node.places import USER, Place, installed, service_set

STILL = SetState(
    chosen="d1", models={}, differences=[], not_ready=None, health=None, may_restart=False, queue=None, live={},
    commit=None, last=None, known_good=False,
)  # fmt: skip
MOVED = STILL._replace(differences=["chosen set none"])
SETTLED = Facts(
    current_program=None,
    damaged=[],
    absent_folders=[],
    missing_versions=[],
    stack=None,
    face_list=[],
    sets={"engine": STILL},
    pull_access=PullAccess(Text("key"), Text(""), Text("")),
    history=[],
    datasink=None,
)
KEYLESS = PullAccess(None, None, None)
UNPACKED = StackState(libusb=False, rule=False, group=False, to_restart=[], udevd=False)
LACKING = UNPACKED._replace(missing=True)
MOVING = {"engine": MOVED}
NOTHING = Missing()


@pytest.fixture
def desired(place: Place) -> DesiredState:
    """For a host that pulls from another one, with a service whose code is there."""
    script = place.root / "engine.py"
    script.touch()
    desired = place.desired(sets=[service_set("d1", installed(place.root / "engine.yaml", "new"))])
    return desired._replace(source=desired.source._replace(local=False), needs={"engine": [str(script), "/bin/sh"]})


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program is installed."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(access, "rsync_version", lambda: ())


def missing(desired: DesiredState, **found: Any) -> Missing:
    return prerequisites.missing(desired, SETTLED._replace(**found))


def letting_in(authorized: bool | None) -> DatasinkState:
    """What a datasink says, of which only this matters here."""
    return DatasinkState(authorized, revoked=[], registry=[], logged={}, clean_up=[])


@pytest.mark.usefixtures("bare")
def test_a_settled_host_needs_nothing(desired: DesiredState) -> None:
    """S9: also where it would not do for a bare one."""
    assert missing(desired._replace(user="nosuchuser", needs={"engine": ["/nosuch"]})) == NOTHING
    assert missing(desired._replace(source=desired.source._replace(local=True)), datasink=letting_in(True)) == NOTHING


def test_a_host_that_has_it_all(desired: DesiredState) -> None:
    found = {
        "sets": MOVING,
        "missing_versions": ["cats/2026-01-01"],
        "absent_folders": [Path("/a")],
        "pull_access": KEYLESS,
    }
    for program in prerequisites.PACKAGES:
        assert shutil.which(program), "these tests need it"
    assert missing(desired, **found) == NOTHING


@pytest.mark.usefixtures("bare")
def test_a_pull_needs_rsync_and_ssh(desired: DesiredState) -> None:
    """S9: a bare host without rsync."""
    lines = [
        "rsync: not installed; sudo apt-get install rsync",
        "ssh: not installed; sudo apt-get install openssh-client",
    ]
    assert missing(desired, missing_versions=["cats/2026-01-01"]) == Missing(models=lines)
    assert missing(desired, face_list=["facelist.csv"]).models == lines
    assert missing(desired, face_list=[]) == NOTHING
    local = desired._replace(source=desired.source._replace(local=True))
    assert missing(local, face_list=["facelist.csv"], datasink=letting_in(True)).models == [
        lines[0], "setpriv: not installed; sudo apt-get install util-linux",
    ]  # fmt: skip


@pytest.mark.usefixtures("bare")
def test_a_key_needs_ssh_keygen(desired: DesiredState) -> None:
    line = "ssh-keygen: not installed; sudo apt-get install openssh-client"
    assert missing(desired, pull_access=KEYLESS) == Missing(access=[line])


@pytest.mark.usefixtures("bare")
def test_a_datasink_needs_rrsync(desired: DesiredState) -> None:
    """S9: one more of its kind, once it is to let others pull."""
    local = desired._replace(source=desired.source._replace(local=True))
    for datasink in (letting_in(None), letting_in(False), None):
        [line] = missing(local, datasink=datasink).access
        assert line.startswith("/usr/bin/rrsync: rsync not installed; expected rrsync of 3.5.0 or newer")


def test_the_services_user(desired: DesiredState) -> None:
    """S9: told once for each step, and nothing that only follows from it."""
    line = "user nosuchuser: not on this node; expected the service's user; sudo useradd --create-home nosuchuser"
    nobody = desired._replace(user="nosuchuser", needs={"engine": ["/nosuch"]})
    assert missing(nobody, absent_folders=[Path("/a")], sets=MOVING) == Missing(models=[line], configs=[line])


def test_the_services_own_code(desired: DesiredState, place: Place) -> None:
    """S9: a bare host without the service's folder."""
    script = place.root / "gone" / "engine.py"
    incomplete = desired._replace(needs={"engine": [str(script), "/bin/sh"], "other": ["/nosuch"]})
    line = (
        f"{script}: no file that {USER} can read; expected engine's own code and Python, which a deploy does not bring"
    )
    assert missing(incomplete, sets=MOVING) == Missing(configs=[line])


def test_a_service_that_is_not_to_run_needs_no_code(desired: DesiredState) -> None:
    stopped = desired._replace(sets=[desired.sets[0]._replace(state="stopped")], needs={"engine": ["/nosuch"]})
    assert missing(stopped, sets=MOVING) == NOTHING


def test_a_link_to_the_code_will_do(desired: DesiredState, place: Place) -> None:
    """As the Python of an environment is one."""
    link: Path = place.root / "python"
    link.symlink_to("/bin/sh")
    assert missing(desired._replace(needs={"engine": [str(link)]}), sets=MOVING) == NOTHING


def of_release(
    desired: DesiredState, monkeypatch: pytest.MonkeyPatch, name: str, reason: str | None = None
) -> DesiredState:
    """The same, with an imagenode of this release."""
    monkeypatch.setattr(releases, "look", lambda *_: Release(name, reason))
    [wanted] = desired.sets
    script = Path("/home/ops/imagenode/imagenode/imagenode.py")
    return desired._replace(sets=[wanted._replace(service="imagenode", work=NOTHING_SHOWN._replace(script=script))])


@pytest.mark.parametrize(
    ("name", "is_fit"), [("0.2", True), ("between 0.2 and 0.3", False), ("0.3", False), ("unknown", True)]
)
def test_configs_go_to_the_release_that_they_are_for(
    desired: DesiredState, monkeypatch: pytest.MonkeyPatch, name: str, is_fit: bool
) -> None:
    desired = of_release(desired, monkeypatch, name)._replace(needs={})
    lines = missing(desired, sets={"imagenode": MOVED}, missing_versions=["cats/2026-01-01"])
    expected = (
        f"/home/ops/imagenode/imagenode/imagenode.py: of imagenode {name}; expected 0.2, which this checkout's "
        "configs are for; install that release"
    )
    assert (expected in lines.configs, expected in lines.models) == (not is_fit, not is_fit)
    assert missing(desired, sets={"imagenode": STILL}) == NOTHING


@pytest.mark.parametrize(("name", "count"), [("0.2", 0), ("0.3", 0), ("unknown", 1)])
def test_code_that_nobody_knows_is_remarked_on(
    desired: DesiredState, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    lines = prerequisites.remarks(of_release(desired, monkeypatch, name, "outpost.py: missing"))
    line = "imagenode: of a release that is not known (outpost.py: missing); this checkout's configs may not fit it"
    assert lines == [line] * count


@pytest.fixture
def coral_desired(desired: DesiredState, stack: Stack) -> DesiredState:
    """The same for a host with a stick, whose service is to have a stack."""
    [service] = desired.sets
    own = SetStack(stack.version.version, "ab", stack.digest, Path("/home/.opencv/bin/python"), Path("/"), [])
    return desired._replace(stack=stack, sets=[service._replace(stack=own)])


def test_a_stack_for_another_host_is_refused_before_it_comes(
    coral_desired: DesiredState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coral_host, "unfit", lambda *_: iter(["built for another"]))
    assert missing(coral_desired, stack=LACKING).coral == ["built for another"]
    assert missing(coral_desired, stack=UNPACKED) == NOTHING


@pytest.mark.usefixtures("bare")
def test_a_stack_needs_programs_to_come_with(coral_desired: DesiredState) -> None:
    lines = missing(coral_desired, stack=LACKING).coral
    assert [line for line in lines if "not installed" in line] == [
        "rsync: not installed; sudo apt-get install rsync",
        "ssh: not installed; sudo apt-get install openssh-client",
        "dpkg-deb: not installed; sudo apt-get install dpkg",
    ]


def test_what_another_tool_installed_is_told_once(coral_desired: DesiredState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coral_host, "leftovers", lambda _: ["libedgetpu1-std", "/x/pycoral-2.0.0.dist-info"])
    assert prerequisites.remarks(coral_desired) == [
        "libedgetpu1-std, /x/pycoral-2.0.0.dist-info: installed by another tool; it stays, and engine loads the stack "
        "coral_packages/2026-01-10 instead"
    ]
    assert coral_desired.stack is not None
    coral_desired.stack.version.directory.mkdir(parents=True)
    assert prerequisites.remarks(coral_desired) == []


def test_a_stick_that_its_user_may_not_use_is_remarked_on(
    coral_desired: DesiredState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stick, "device_problem", lambda user: f"not for {user}")
    assert prerequisites.remarks(coral_desired) == [f"not for {USER}"]
    assert prerequisites.remarks(coral_desired._replace(stack=None)) == []
