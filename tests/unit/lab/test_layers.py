"""Layers that labs share: none goes while a lab may use it."""

from pathlib import Path

import pytest

from lab import layers, locks
from lab.layers import Layers

LAYERS = ("system", "python", "registry", "control")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The layers of a machine with two labs; this test is the first one's."""
    for name in ("sentinelcam-lab", "sentinelcam-other", "layers"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(layers, "STATE", tmp_path / "sentinelcam-lab")
    monkeypatch.setattr(layers, "FOLDER", tmp_path / "layers")
    return tmp_path / "layers"


def made(folder: Path, digest: str, *names: str) -> Layers:
    """Layers as a build leaves them."""
    for name in (*names, *LAYERS):
        (folder / f"{name}-{digest}").mkdir()
    return Layers(*(folder / f"{name}-{digest}" for name in LAYERS))


def found(folder: Path) -> set[str]:
    return {path.name.partition("-")[2] for path in folder.iterdir() if path.is_dir()}


def use(lab: str, layers_used: Layers, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a lab does when it comes up."""
    with monkeypatch.context() as patch:
        patch.setattr(layers, "STATE", layers_used.system.parent.with_name(f"sentinelcam-{lab}"))
        layers._note(layers_used)


def test_what_another_lab_uses_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for lab, digest in (("lab", "1"), ("other", "2"), ("lab", "3")):
        use(lab, made(folder, digest), monkeypatch)
    made(folder, "4.unfinished")
    current = made(folder, "5")
    layers.discard_unused(current, locks.silent)
    assert found(folder) == {"2", "5"}


def test_a_lab_s_hosts_keep_the_layers_that_they_were_booted_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = made(folder, "1"), made(folder, "2")
    for each in (old, new):
        use("other", each, monkeypatch)
    layers.discard_unused(new, locks.silent)
    assert found(folder) == {"1", "2"}
