"""What the lab's table says of a host, from what the host says of itself."""

import io
import json

import pytest
from rich.console import Console

from lab.hosts import HOSTS
from lab.lab import Lab
from lab.table import Row, row, rows, table

LAB1 = HOSTS["lab1"]
CONFIG = "/home/ops/imagenode.yaml"
ACTIVE = "ActiveState=active\nMainPID=36\n"
CHOSEN = json.dumps(
    {
        "digest": "3f3d843f1c63" + 52 * "0",
        "files": [{"path": "/etc/systemd/system/imagenode.service", "sha256": "aa"}, {"path": CONFIG, "sha256": "bb"}],
        "models": {"mobilenet_ssd_edgetpu": "2025-12-19", "mobilenet_ssd": "2020-12-06"},
    }
)


def status(pid: int = 36, config_sha256: str = "bb") -> str:
    """A stand-in's status file."""
    return json.dumps({"pid": pid, "config": CONFIG, "config_sha256": config_sha256})


def test_a_host_that_runs_what_was_chosen() -> None:
    found = row(LAB1, ACTIVE, CHOSEN, status())
    assert found.cells() == (
        "lab1\n198.18.0.20",
        "imagenode active\npid 36",
        "3f3d843f1c63\nlive",
        "mobilenet_ssd 2020-12-06\nmobilenet_ssd_edgetpu 2025-12-19",
    )
    assert found.is_healthy


def test_a_process_with_another_config_than_the_chosen_one_is_told() -> None:
    found = row(LAB1, ACTIVE, CHOSEN, status(config_sha256="cc"))
    assert found.cells()[2] == "3f3d843f1c63\nnot live"
    assert not found.is_healthy


def test_the_status_file_of_an_earlier_process_tells_nothing() -> None:
    found = row(LAB1, ACTIVE, CHOSEN, status(pid=35))
    assert found.is_live is None
    assert not found.is_healthy


def test_a_service_that_does_not_run() -> None:
    found = row(LAB1, "ActiveState=failed\nMainPID=0\n", CHOSEN, status())
    assert found.cells()[1] == "imagenode failed"
    assert not found.is_healthy


def test_a_service_that_is_about_to_end() -> None:
    found = row(LAB1, "ActiveState=deactivating\nMainPID=36\n", CHOSEN, status())
    assert found.is_live
    assert not found.is_healthy


def test_a_host_whose_systemd_is_silent() -> None:
    found = row(LAB1, "", CHOSEN, status())
    assert found.cells()[1] == "imagenode unknown"
    assert not found.is_healthy


def test_a_bare_host() -> None:
    found = row(LAB1, "ActiveState=inactive\nMainPID=0\n", "", "")
    assert found.cells() == ("lab1\n198.18.0.20", "imagenode inactive", "-", "-")
    assert not found.is_healthy


@pytest.mark.parametrize(("service", "shown"), [("imagenode", "imagenode off"), (None, "off")])
def test_a_host_that_is_off(service: str | None, shown: str) -> None:
    found = Row("east", "198.18.0.21", service, unit="off")
    assert found.cells()[1] == shown
    assert not found.is_healthy


def test_a_host_without_a_service_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    deepend = HOSTS["deepend"]
    monkeypatch.setattr(Lab, "running", lambda *_: True)
    [found] = rows(Lab({deepend.name: deepend}))
    assert found.cells() == ("deepend\n198.18.0.100", "-", "-", "-")
    assert found.is_healthy


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    text = io.StringIO()
    found = row(LAB1, ACTIVE, CHOSEN.replace("mobilenet_ssd_edgetpu", "face_detection_edgetpu"), status())
    Console(file=text, width=80).print(table([found]))
    assert [line.rstrip() for line in text.getvalue().splitlines()] == [
        "host         service           chosen set    model versions",
        79 * "─",
        "lab1         imagenode active  3f3d843f1c63  face_detection_edgetpu 2025-12-19",
        "198.18.0.20  pid 36            live          mobilenet_ssd 2020-12-06",
    ]
