"""What is unfinished on the datasink, a line each with the command that ends it."""

from pathlib import Path

import pytest

from modelctl.reports import registry_state
from modelctl.reports.registry_state import RegistryState
from tests.unit.modelctl.fake_nodes import FakeNodes
from tests.unit.modelctl.sites import fleet, pinned

FLEET = fleet(pins=pinned())
NEW = ("haarcascades", "2026-05-01")
LEFT = ("haarcascades/.import-2026-06-01.ab12", "haarcascades/.retired-2019-01-01")
PART = "sentinel/face_recognition/2026-02-02/.facelist.csv.ab12ab12ab12.part"
REGISTRY = "/home/ops/sentinelcam/model_registry"
COLLECTED = "/home/ops/sentinelcam/collected"


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    return FakeNodes(FLEET, tmp_path, monkeypatch)


def lines(state: RegistryState) -> list[str]:
    return list(registry_state.notes(FLEET, state))


def test_what_is_unfinished(nodes: FakeNodes) -> None:
    nodes.store({("haarcascades", "2020-03-25"): {}, NEW: {}}, LEFT)
    nodes.leave(PART)
    found = registry_state.look(FLEET)
    assert found == RegistryState(("haarcascades/2026-05-01",), LEFT, (PART,))
    assert lines(found) == [
        "data1: haarcascades/2026-05-01 is stored and not pinned; to pin it: modelctl pin haarcascades 2026-05-01",
        f"data1: {REGISTRY}/{LEFT[0]}: an import has not ended; import again, or remove it there: "
        f"sudo rm -r -- {REGISTRY}/{LEFT[0]}",
        f"data1: {REGISTRY}/{LEFT[1]}: a clean-up has not ended; end it there: sudo systemctl start model_cleanup",
        f"data1: {COLLECTED}/{PART}: a collect has not ended; modelctl collect sentinel face_recognition 2026-02-02, "
        "which keeps it if it came whole, and says so if not",
    ]


def test_a_download_that_has_not_ended(nodes: FakeNodes) -> None:
    left = "coral_packages/.import-2025-12-19"
    nodes.store({}, (left,))
    assert lines(registry_state.look(FLEET)) == [
        f"data1: {REGISTRY}/{left}: a download has not ended; end it: modelctl coral download, or remove it there: "
        f"sudo rm -r -- {REGISTRY}/{left}"
    ]


def test_what_keeps_it_from_being_swept_and_what_ends_soon(nodes: FakeNodes) -> None:
    nodes.keep(held="nothing is known", notes=["the roots of east end in 3 days"], free=1_999_999_999)
    found = registry_state.look(FLEET)
    assert lines(found) == [
        "data1: its registry is not swept: nothing is known",
        f"data1: {REGISTRY}: 2.0 GB are free; expected 2.0 GB; see what goes: modelctl prune registry --dry-run",
        "data1: the roots of east end in 3 days",
    ]


def test_where_no_sweep_is_installed_none_is_missed(nodes: FakeNodes) -> None:
    nodes.keep(held="nothing is known", notes=["the roots of east end in 3 days"], is_installed=False)
    assert lines(registry_state.look(FLEET)) == []


def test_a_datasink_whose_program_knows_no_sweep(nodes: FakeNodes) -> None:
    script = nodes.ssh.script(nodes.address("data1"))
    older = 'case "$command" in *retention*) echo "found retention; allowed: status" >&2; exit 64;; esac'
    nodes.ssh.answer(nodes.address("data1"), f"{older}\n{script}")
    assert registry_state.look(FLEET) == RegistryState()


def test_a_datasink_that_refuses(nodes: FakeNodes) -> None:
    script = nodes.ssh.script(nodes.address("data1"))
    locked = 'case "$command" in *retention*) echo "sudo: a password is required" >&2; exit 1;; esac'
    nodes.ssh.answer(nodes.address("data1"), f"{locked}\n{script}")
    nodes.leave(PART)
    found = registry_state.look(FLEET)
    """U11: one more of its kind."""
    remedy = "put 'ops ALL=(ALL) NOPASSWD: ALL' there: sudo visudo -f /etc/sudoers.d/sentinelcam"
    line = f"data1 (192.168.10.50): sudo wants a password there; expected none; {remedy}"
    assert found == RegistryState(parts=(PART,), error=line)


def test_nothing(nodes: FakeNodes) -> None:
    assert nodes
    assert registry_state.look(FLEET) == RegistryState()
    assert lines(RegistryState()) == []


def test_hostile_names_are_quoted(nodes: FakeNodes) -> None:
    nodes.store({}, ["haarcascades/.import-$(reboot) ;\x1b"])
    nodes.leave("gone/a/b/.$(reboot) ;.part")
    folder, part = lines(registry_state.look(FLEET))
    assert folder.endswith(f"sudo rm -r -- '{REGISTRY}/haarcascades/.import-$(reboot) ;?'")
    old, new = (f"'{COLLECTED}/gone/a/b/{name}'" for name in (".$(reboot) ;.part", "$(reboot) ;.part"))
    assert part.endswith(f"; keep it under a plain name: sudo mv -n -- {old} {new}")


@pytest.mark.parametrize(
    "part",
    [
        "sentinel/a/b/.\x1b.part",
        "sentinel/a/b/.c  d.part",
        f"sentinel/a/b/.{'c' * 300}.part",
        "a",
        "a/b/c/d/.e",
        "a/b/c/d",
        "",
    ],
)
def test_nothing_is_advised_to_type_about_an_odd_path(nodes: FakeNodes, part: str) -> None:
    nodes.leave(part)
    [line] = lines(registry_state.look(FLEET))
    assert line.endswith(": a collect has not ended; look at it there")
    assert line.isprintable()


@pytest.mark.parametrize(
    "place", ["--yes/haarcascades/2026-05-01", "sentinel/--yes/2026-05-01", "sentinel/haarcascades/--yes"]
)
def test_no_collect_is_advised_that_could_not_be_typed(nodes: FakeNodes, place: str) -> None:
    nodes.leave(f"{place}/.a.part")
    path = f"{COLLECTED}/{place}"
    assert lines(registry_state.look(FLEET)) == [
        f"data1: {path}/.a.part: a collect has not ended; keep it under a plain name: "
        f"sudo mv -n -- {path}/.a.part {path}/a.part"
    ]


def test_an_unreachable_datasink(nodes: FakeNodes) -> None:
    nodes.fail("data1", 255, "No route to host")
    line = "data1 (192.168.10.50): No route to host; look at its power and its cable, then run again"
    assert registry_state.look(FLEET) == RegistryState(error=line)
    assert lines(RegistryState(error=line)) == [line]
