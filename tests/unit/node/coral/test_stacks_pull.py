"""A Coral stack comes to a node: its packages as a model's files do, then it is unpacked, and they are left nowhere."""

import os
from pathlib import Path

import pytest

from node import layout
from node.coral import stacks, unpacking
from node.desired_state import DesiredState, Stack
from node.errors import Refusal
from node.store.service_set import LIBRARY
from tests.unit.node.places import Place, sha256
from tests.unit.node.wheels import PYCORAL, TFLITE

LABEL = "coral_packages/2026-01-10"


@pytest.fixture
def packages(place: Place) -> Path:
    """Where the registry has the packages."""
    return place.registry / LABEL


@pytest.fixture
def desired(place: Place, stack: Stack) -> DesiredState:
    return place.desired(stack=stack)


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_it_comes_whole_and_leaves_no_package_behind(desired: DesiredState, stack: Stack) -> None:
    unpacking.bring(desired)
    assert stacks.is_verified(stack.digest)
    assert below(layout.coral() / layout.STAGING) == []
    assert [path.name for path in layout.coral().iterdir() if path.name != layout.STAGING] == [stack.digest]


def test_a_host_without_a_stick_asks_for_nothing(place: Place, fetched: list[str]) -> None:
    unpacking.bring(place.desired())
    assert (fetched, layout.coral().exists()) == ([], False)


def test_what_is_there_is_not_asked_for(desired: DesiredState, fetched: list[str]) -> None:
    unpacking.bring(desired)
    assert len(fetched) == 3
    unpacking.bring(desired)
    assert len(fetched) == 3


def test_a_damaged_one_is_mended(desired: DesiredState, stack: Stack) -> None:
    unpacking.bring(desired)
    (stack.version.directory / LIBRARY).write_bytes(b"torn")
    assert not stacks.is_verified(stack.digest)
    unpacking.bring(desired)
    assert stacks.is_verified(stack.digest)


def test_one_that_was_only_touched_is_read_and_not_asked_for(
    desired: DesiredState, stack: Stack, fetched: list[str]
) -> None:
    """As what a copy of the card brings back."""
    unpacking.bring(desired)
    os.utime(stack.version.directory / LIBRARY)
    assert not stacks.is_verified(stack.digest)
    unpacking.bring(desired)
    assert (len(fetched), stacks.is_verified(stack.digest)) == (3, True)


@pytest.mark.parametrize("full", [True, False])
def test_one_that_rotted_under_its_times_is_mended_when_all_is_read(
    desired: DesiredState, stack: Stack, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    unpacking.bring(desired)
    (stack.version.directory / LIBRARY).write_bytes(b"rotten")
    with monkeypatch.context() as patched:
        patched.setattr(stacks, "is_verified", lambda _: True)
        unpacking.bring(desired._replace(options=desired.options._replace(full=full)))
    assert stacks.is_verified(stack.digest) == full


def test_other_bytes_than_the_pinned_ones_are_never_unpacked(
    desired: DesiredState, stack: Stack, packages: Path
) -> None:
    right, other = (packages / PYCORAL).read_bytes(), b"PK of another day"
    pinned = sha256(right)
    (packages / PYCORAL).write_bytes(other)
    with pytest.raises(Refusal) as refused:
        unpacking.bring(desired)
    assert str(refused.value) == (
        f"{LABEL}/{PYCORAL}: the registry's copy has SHA-256 {sha256(other)[:12]}, expected the pinned {pinned[:12]}; "
        "restore that file on the datasink"
    )
    assert not stack.version.directory.exists()
    (packages / PYCORAL).write_bytes(right)
    unpacking.bring(desired)
    assert stacks.is_verified(stack.digest)


def test_what_the_registry_lacks_is_named(desired: DesiredState, packages: Path) -> None:
    for name in (TFLITE, PYCORAL):
        (packages / name).unlink()
    with pytest.raises(Refusal) as refused:
        unpacking.bring(desired)
    assert str(refused.value) == (
        f"{LABEL}: {PYCORAL}, {TFLITE} not in the registry of depot; expected what pins.json names; store it there or "
        "choose another version"
    )


def test_packages_that_do_not_fit_leave_what_is_there(desired: DesiredState, place: Place, stack: Stack) -> None:
    unpacking.bring(desired)
    with pytest.raises(Refusal, match="built for cp311-cp311-linux_aarch64; expected cp311 and x86_64"):
        unpacking.bring(place.desired(stack=stack._replace(architecture="amd64", digest="d2")))
    assert stacks.is_verified(stack.digest)
