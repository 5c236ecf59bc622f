"""The site's own job in CI: strict as soon as anything is pinned."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT
from tests.chandler import FOLDER

HASH = "0" * 64
PINS = {
    "haarcascades": {"2020-03-25": {"manifest": HASH, "files": {"haarcascade_eye.xml": {"sha256": HASH, "size": 1}}}}
}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The job in a checkout that has its packages: those of the tests."""
    checkout = tmp_path / "checkout"
    (checkout / ".venv-site" / "bin").mkdir(parents=True)
    (checkout / "script").mkdir()
    shutil.copy(CHECKOUT / "script" / "site", checkout / "script")
    for name in ("requirements.lock", ".venv-site/installed.lock"):
        (checkout / name).touch()
    modelctl = checkout / ".venv-site" / "bin" / "modelctl"
    main = "from modelctl.start import main; main()"
    modelctl.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -c "{main}" "$@"\n')
    modelctl.chmod(0o755)
    return checkout / "script" / "site"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in a folder of its own."""
    return shutil.copytree(FOLDER, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))


def run(job: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Run the job in the site's folder."""
    return subprocess.run([job], cwd=site, capture_output=True, text=True, check=False)


def test_a_site_without_pins_has_only_to_be_valid(job: Path, site: Path) -> None:
    done = run(job, site)
    assert (done.returncode, done.stdout) == (0, "chandler: 7 hosts, 22 files rendered, 17 warnings, no faults\n")


def test_one_with_a_pin_has_to_be_ready_for_a_deploy(job: Path, site: Path) -> None:
    (site / "inventory" / "pins.json").write_text(json.dumps(PINS))
    done = run(job, site)
    assert (done.returncode, done.stdout) == (1, "chandler: 7 hosts, 22 files rendered, 16 warnings, no faults\n")
    assert "warning: mobilenet_ssd/2020-12-06: no pin covers it" in done.stderr


def test_a_faulty_one_is_told_in_lines(job: Path, site: Path) -> None:
    (site / "inventory" / "standards.py").write_text("STANDARDS = 1 2")
    done = run(job, site)
    assert (done.returncode, done.stderr) == (
        1,
        f"{site}/inventory/standards.py:1: invalid syntax; expected Python\n",
    )
