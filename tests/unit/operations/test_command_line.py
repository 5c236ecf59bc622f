from types import SimpleNamespace
from typing import Any

import click
import pyinfra
import pytest

from modelctl import locks
from modelctl.changes import ancestry
from modelctl.errors import Faults, OperatorError
from modelctl.inventory.fleet import Fleet, groups
from modelctl.inventory_file import Inventory
from operations import command_line
from tests.chandler import INVENTORY, SOURCES
from tests.unit.modelctl.sites import fleet as fleet_of
from tests.unit.modelctl.sites import pinned

HOSTS_AND_GROUPS = (
    "all, alpha5, data1, datasinks, deepend, east, lab1, legacy_nodes, ml_trainers, outposts, primary_datasink, "
    "sentinel, sentinels, wall1, watchtowers"
)


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The words of the pyinfra command; a deploy of all hosts unless a test says otherwise."""
    words: dict[str, Any] = {"limit": (), "exclude": (), "data": (), "operations": ("deploys/models.py",)}
    words |= dict.fromkeys(("dry", "yes", "json_output", "debug_facts", "debug_operations"), False)
    monkeypatch.setattr(click, "get_current_context", lambda **_: SimpleNamespace(params=words))
    return words


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows when the site's lock is taken."""
    taken: list[str] = []
    monkeypatch.setattr(locks, "hold", lambda path: taken.append(str(path)))
    return taken


def check(fleet: Fleet) -> None:
    command_line.check(Inventory(INVENTORY, fleet, lambda: None, {"_SOURCES": SOURCES}), groups(fleet, SOURCES))


def faults(fleet: Fleet) -> list[str]:
    with pytest.raises(Faults) as caught:
        check(fleet)
    return list(caught.value.faults)


def test_a_pinned_fleet_passes(fleet: Fleet) -> None:
    check(fleet)


@pytest.mark.parametrize("option", ["limit", "exclude"])
@pytest.mark.parametrize(("pattern", "hint"), [("sentinal", "; did you mean sentinel?"), ("zz*", "")])
def test_a_pattern_that_matches_nothing(
    fleet: Fleet, said: dict[str, Any], option: str, pattern: str, hint: str
) -> None:
    said[option] = (pattern,)
    assert faults(fleet) == [f"--{option}: found '{pattern}'; allowed: {HOSTS_AND_GROUPS}{hint}"]


def test_every_pattern_must_match(fleet: Fleet, said: dict[str, Any]) -> None:
    said.update(limit=("lab1", "x1", "x2"), exclude=("x3",))
    assert [line.split(";")[0] for line in faults(fleet)] == [
        "--limit: found 'x1'",
        "--limit: found 'x2'",
        "--exclude: found 'x3'",
    ]


def test_an_empty_group_matches_nothing(fleet: Fleet, said: dict[str, Any]) -> None:
    said["limit"] = ("legacy_nodes",)
    assert faults(fleet)[0].startswith("--limit: found 'legacy_nodes'")


def unpinned(*but: str) -> Fleet:
    """A fleet with no pins but those of some models."""
    pins = pinned()
    return fleet_of(pins=pins.model_copy(update={"models": {name: pins.models[name] for name in but}}))


@pytest.mark.parametrize(
    ("limit", "exclude", "named"),
    [
        (("east",), (), {"east"}),
        (("outposts",), (), {"lab1", "east", "alpha5"}),
        (("outposts",), ("e*", "lab1"), {"alpha5"}),
        (("data*", "east"), (), {"data1", "east"}),
        (("ml_trainers",), (), set()),
        ((), (), {"data1", "sentinel", "lab1", "east", "alpha5"}),
    ],
)
def test_the_unpinned_are_refused_by_name_in_the_limit(
    said: dict[str, Any], limit: tuple[str, ...], exclude: tuple[str, ...], named: set[str]
) -> None:
    said.update(limit=limit, exclude=exclude)
    found = faults(unpinned()) if named else []
    assert {line.split(":")[0] for line in found} == named
    if not named:
        check(unpinned())


def test_an_unpinned_version_is_named(said: dict[str, Any]) -> None:
    said["limit"] = ("alpha5",)
    assert faults(unpinned("mobilenet_ssd")) == [
        "alpha5: wants coral_packages/2025-12-19, which no pin covers; download it: modelctl coral download, "
        "then pin it: modelctl coral pin",
        "alpha5: wants mobilenet_ssd_edgetpu/2025-12-19, which no pin covers; pin it: modelctl pin",
    ]


@pytest.fixture
def downloading(said: dict[str, Any]) -> dict[str, Any]:
    said["data"], said["operations"] = ("stage=download",), ("deploys/coral.py",)
    return said


def test_a_download_needs_no_pins(downloading: dict[str, Any]) -> None:
    check(unpinned())
    downloading["limit"] = ("data1",)
    check(unpinned())


def test_preparing_hosts_needs_no_pins_unless_models_are_deployed_too(said: dict[str, Any]) -> None:
    said["operations"] = ("deploys/prepare.py",)
    check(unpinned())
    said["operations"] = ("deploys/prepare.py", "deploys/models.py")
    assert faults(unpinned())


def test_a_download_is_a_deploy_of_its_own_on_the_datasink(downloading: dict[str, Any]) -> None:
    downloading["limit"], downloading["operations"] = ("lab1",), ("deploys/models.py", "deploys/coral.py")
    assert faults(unpinned()) == [
        "--data stage: found 'download'; allowed: with deploys/coral.py alone; found deploys/models.py",
        "--limit: found 'lab1'; allowed: with data1, which the packages are stored on",
    ]


def test_another_stage(downloading: dict[str, Any]) -> None:
    downloading["data"] = ("stage=upload",)
    assert faults(unpinned()) == ["--data stage: found 'upload'; allowed: download"]


def test_a_deploys_data_is_checked(fleet: Fleet, said: dict[str, Any]) -> None:
    said["data"] = ("models=haarcascade", "verify=full", "x=1")
    assert [line.split(";")[0] for line in faults(fleet)] == [
        "--data models: found 'haarcascade'",
        "--data x: found 1",
    ]


@pytest.mark.parametrize("operations", [("exec", "--", "true"), ("fact", "server.Date"), ("debug-inventory",)])
def test_other_commands_take_any_data_and_need_no_pins(said: dict[str, Any], operations: tuple[str, ...]) -> None:
    said.update(operations=operations, data=("x=1",))
    check(unpinned())


def test_groups_match_as_pyinfra_has_it(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same patterns by pyinfra's own rule."""
    from pyinfra.api.inventory import Inventory
    from pyinfra_cli import cli

    made = groups(fleet, SOURCES)
    named = {name: group if isinstance(group, tuple) else (group, {}) for name, group in made.items()}
    inventory = Inventory(made["all"], **named)
    for pattern in ("all", "outposts", "data*", "[el]*", "lab1", "sentinel"):
        theirs = {host.name for host in cli._get_inventory_pattern_matches(inventory, [pattern], "--limit")}
        monkeypatch.setattr(command_line, "desired", lambda *_: None)
        assert command_line._matching([pattern], made) == theirs != set()


def test_a_deploy_says_once_what_is_deprecated_or_unknown(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Fleet, "warnings", lambda _: ["site.hosts.sentinel: ncs2 is deprecated"])
    monkeypatch.setattr(ancestry, "warnings", lambda _: ["/srv/x: no git repository"])
    monkeypatch.setattr(pyinfra.logger, "warning", shown.append)
    check(fleet)
    assert shown == ["site.hosts.sentinel: ncs2 is deprecated", "/srv/x: no git repository"]


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"\xff\0", b"# ssh-ed25519\n", b"ssh-ed25519 AAAA\n"])
def test_a_damaged_pull_ca_is_said_before_the_first_connection(fleet: Fleet, content: bytes) -> None:
    """H1: else the datasink would be told to trust nobody, host by host."""
    fleet.site.pull_ca.with_name("pull_ca.pub").write_bytes(content)
    with pytest.raises(OperatorError) as caught:
        check(fleet)
    key = fleet.site.pull_ca
    assert str(caught.value).startswith(f"pull_ca {key}.pub: found ")
    assert str(caught.value).endswith(
        f"; expected its public half in a line; make it anew: ssh-keygen -y -f {key} >{key}.pub"
    )
    assert str(caught.value).isprintable()


def test_hosts_outside_the_run_cannot_be_named(fleet: Fleet, said: dict[str, Any]) -> None:
    said.update(limit=("lab1", "east"), data=("canary=alpha5", "older=alpha5"))
    assert faults(fleet) == [
        "--data canary: found 'alpha5'; allowed: east, lab1",
        "--data older: found 'alpha5'; allowed: east, lab1",
    ]


@pytest.mark.parametrize("words", [{}, {"yes": True}, {"yes": True, "json_output": True}])
def test_a_deploy_holds_the_site(fleet: Fleet, said: dict[str, Any], held: list[str], words: dict[str, Any]) -> None:
    said.update(words)
    check(fleet)
    assert held == [str(SOURCES / ".deploy.lock")]


@pytest.mark.parametrize(
    "words",
    [
        {"dry": True},
        {"dry": True, "yes": True},
        {"json_output": True},
        {"debug_operations": True},
        {"debug_facts": True},
        {"operations": ("exec", "--", "true")},
        {"operations": ("debug-inventory",)},
    ],
)
def test_what_changes_nothing_holds_nothing(
    fleet: Fleet, said: dict[str, Any], held: list[str], words: dict[str, Any]
) -> None:
    said.update(words)
    check(fleet)
    assert held == []


def test_a_faulty_command_holds_nothing(fleet: Fleet, said: dict[str, Any], held: list[str]) -> None:
    said["data"] = ("canary=nobody",)
    assert faults(fleet)
    assert held == []


def test_pyinfra_still_has_these_words() -> None:
    from pyinfra_cli.cli import cli

    assert {"dry", "yes", "json_output", "debug_facts", "debug_operations"} <= {word.name for word in cli.params}


@pytest.mark.parametrize(("dry", "yes"), [(False, False), (False, True), (True, True)])
def test_only_a_prediction_can_be_asked_for_changes(fleet: Fleet, said: dict[str, Any], dry: bool, yes: bool) -> None:
    said.update(data=("exit=changes",), dry=dry, yes=yes)
    assert faults(fleet) == [
        "--data exit: found 'changes'; allowed: with --dry, and without -y, which predicts nothing"
    ]
    said.update(dry=True, yes=False)
    check(fleet)
