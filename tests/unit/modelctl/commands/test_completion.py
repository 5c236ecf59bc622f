"""What a shell offers for a word that is begun."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from modelctl.cli import main
from tests import chandler

HOSTS = ["data1", "sentinel", "lab1", "east", "alpha5", "deepend", "wall1"]
VERSIONS = ["2026-02-02", "2025-02-25"]


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


def offered(typed: str, incomplete: str = "") -> list[str]:
    found = ShellComplete(main, {}, "modelctl", "_MODELCTL_COMPLETE").get_completions(typed.split(), incomplete)
    return [each.value for each in found]


@pytest.mark.parametrize(
    ("typed", "incomplete", "found"),
    [
        ("", "st", ["status"]),
        ("", "--v", ["--version"]),
        ("prune", "", ["registry", "nodes"]),
        ("status", "s", ["sentinel"]),
        ("doctor", "s", ["sentinel"]),
        ("status lab1 east", "", [name for name in HOSTS if name not in ("lab1", "east")]),
        ("override", "lab1,", [f"lab1,{name}" for name in HOSTS if name != "lab1"]),
        ("override lab1", "mobilenet_ssd_", ["mobilenet_ssd_depthai", "mobilenet_ssd_edgetpu"]),
        ("override lab1 face_recognition", "", VERSIONS),
        ("rollback face_recognition", "2025", ["2025-02-25"]),
        ("diff face_recognition 2026-02-02", "", VERSIONS),
        ("coral pin", "", ["2025-12-19"]),
        ("trust", "lab", ["lab1"]),
        ("collect lab1", "haar", ["haarcascades"]),
        ("rollback face_recognition --older", "wa", ["wall1"]),
        ("rollback nonsense", "", []),
    ],
)
def test_the_words_that_can_follow(typed: str, incomplete: str, found: list[str]) -> None:
    assert sorted(offered(typed, incomplete)) == sorted(found)


def test_another_site_offers_its_own(tmp_path: Path) -> None:
    site = tmp_path / "inventory.py"
    text = (
        "from tests.unit.modelctl.sites import fleet, with_datasink\nprint(1)\n_FLEET = fleet(with_datasink('data9'))\n"
    )
    site.write_text(text, encoding="utf-8")
    assert offered(f"status --site {site}", "data") == ["data1", "data9"]


@pytest.mark.parametrize("text", ["import sys; sys.exit('no')", "1 +", "raise OSError", ""])
def test_of_a_site_that_cannot_be_loaded_nothing_is_offered_and_nothing_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    site = tmp_path / "inventory.py"
    site.write_text(text, encoding="utf-8")
    assert offered(f"status --site {site}", "lab") == []
    assert offered("status --site nowhere.py", "lab") == []
    assert capfd.readouterr() == ("", "")
