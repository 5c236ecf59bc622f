import stat
import subprocess
from pathlib import Path

import pytest

from node import layout, program
from node.machine import services
from node.store import files


@pytest.fixture(autouse=True)
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd was told; enabling makes the link that systemd would make."""
    words: list[str] = []

    def control(*said: str, **_: object) -> None:
        words.append(" ".join(said))
        if said[0] == "enable":
            wants = layout.UNITS / "multi-user.target.wants"
            wants.mkdir(exist_ok=True)
            files.link(wants / said[-1], str(layout.UNITS / said[-1]))

    monkeypatch.setattr(services, "control", control)
    return words


def test_units_and_command_are_put_in_place(done: list[str]) -> None:
    assert not program.units_are_installed()
    program.install_units()
    assert program.units_are_installed()
    assert done == ["daemon-reload", "enable --quiet sentinelcam-recover.service"]
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in [layout.CONSOLE_COMMAND, *layout.UNITS.glob("*.*ce")]
    }
    assert modes == {
        "sentinelcam-node": 0o755, "sentinelcam-recover.service": 0o644, "sentinelcam-recover@.service": 0o644,
    }  # fmt: skip


def test_the_boot_unit_comes_before_every_service_and_only_after_a_switch_that_died() -> None:
    program.install_units()
    unit = (layout.UNITS / "sentinelcam-recover.service").read_text().splitlines()
    assert f"ConditionPathExistsGlob={layout.STATE}/sets/*/pending" in unit
    [before] = [line for line in unit if line.startswith("Before=")]
    assert set(before[7:].split()) >= {"sentinel.service", "imagenode.service", "datapump.service"}
    assert f"ExecStart=/usr/bin/python3 -I -S -B {layout.STATE}/program/current recover-at-boot" in unit
    assert "WantedBy=multi-user.target" in unit


def test_the_unit_after_a_death_tries_until_it_has_returned() -> None:
    program.install_units()
    unit = (layout.UNITS / "sentinelcam-recover@.service").read_text().splitlines()
    assert f"ExecStart=/usr/bin/python3 -I -S -B {layout.STATE}/program/current recover %i" in unit
    assert {"Restart=on-failure", "StartLimitIntervalSec=0"} <= set(unit)


def test_the_command_passes_its_words_on() -> None:
    current = layout.STATE / "program" / "current"
    current.parent.mkdir(parents=True)
    current.write_text("import sys; print(sys.argv[1:])")
    program.install_units()
    said = subprocess.run([layout.CONSOLE_COMMAND, "revert", "a b"], stdout=subprocess.PIPE, check=True, text=True)
    assert said.stdout == "['revert', 'a b']\n"


def test_what_is_right_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    program.install_units()
    monkeypatch.delattr(files, "write")
    program.install_units()


@pytest.mark.parametrize("name", ["sentinelcam-recover.service", "sentinelcam-recover@.service", "sentinelcam-node"])
@pytest.mark.parametrize("drift", ["content", "mode", "absent"])
def test_drift_is_seen_and_heals(name: str, drift: str) -> None:
    program.install_units()
    path: Path = layout.CONSOLE_COMMAND if name == "sentinelcam-node" else layout.UNITS / name
    match drift:
        case "content":
            path.write_text(path.read_text() + "#")
        case "mode":
            path.chmod(0o600)
        case "absent":
            path.unlink()
    assert not program.units_are_installed()
    program.install_units()
    assert program.units_are_installed()


def test_a_boot_unit_that_is_not_enabled_is_not_installed() -> None:
    program.install_units()
    (layout.UNITS / "multi-user.target.wants" / program.BOOT_UNIT).unlink()
    assert not program.units_are_installed()
