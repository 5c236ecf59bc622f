"""The default site, as pyinfra sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelctl.inventory_file import load

ROOT = Path(__file__).resolve().parents[3]
GROUPS = {
    "data1": {"datasinks", "primary_datasink"},
    "sentinel": {"sentinels"},
    "lab1": {"outposts"},
    "east": {"outposts"},
    "alpha5": {"outposts"},
    "deepend": {"ml_trainers"},
    "wall1": {"watchtowers"},
}


def pyinfra(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pyinfra", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_hosts_and_groups() -> None:
    result = pyinfra("inventory.py", "debug-inventory", "--json")
    assert result.returncode == 0, result.stderr
    hosts = json.loads(result.stdout)
    assert {host["name"]: set(host["groups"]) - {"inventory"} for host in hosts} == GROUPS


def test_debug_inventory_shows_clean_data() -> None:
    result = pyinfra("inventory.py", "debug-inventory")
    assert result.returncode == 0
    assert "object at 0x" not in result.stdout + result.stderr
    assert '"ssh_hostname": "192.168.10.20"' in result.stdout + result.stderr


def test_a_faulty_site_is_told_in_lines(tmp_path: Path) -> None:
    text = (ROOT / "inventory.py").read_text(encoding="utf-8")
    changes = "{'primary_datasink': 'x', 'max_scan_days': 0}"
    text = text.replace("_Fleet(_SITE,", f"_Fleet(_SITE.model_copy(update={changes}),")
    path = tmp_path / "faulty.py"
    path.write_text(text.replace("_Path(__file__).parent", f"_Path({str(ROOT)!r})"), encoding="utf-8")
    result = pyinfra(str(path), "debug-inventory")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-2:] == [
        "site.max_scan_days: found 0; allowed: greater than 0",
        "site.primary_datasink: found 'x'; allowed: data1",
    ]


def test_addresses_of_the_default_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    fleet = load(ROOT / "inventory.py").fleet
    assert {name: str(host.address).removeprefix("192.168.10.") for name, host in fleet.site.hosts.items()} == {
        "data1": "50", "sentinel": "60", "lab1": "20", "east": "21", "alpha5": "22", "deepend": "100", "wall1": "70",
    }  # fmt: skip
    assert fleet.host("deepend").login == "pyimagesearch"


@pytest.mark.parametrize("inventory", ["inventory.py", "lab/inventory.py"])
def test_modelctl_loads_it_without_pyinfra(inventory: str) -> None:
    """Which would take longer than all else that a command loads."""
    lines = (
        "import sys",
        "from pathlib import Path",
        "from modelctl.inventory_file import load",
        f"load(Path({inventory!r}))",
        "print([name for name in sys.modules if name.startswith('pyinfra')])",
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.check_output([sys.executable, "-c", "\n".join(lines)], cwd=ROOT, env=environment, text=True)
    assert said == "[]\n"


def test_models_of_the_default_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    models = load(ROOT / "inventory.py").fleet.registry.models
    assert {name: model.current_version for name, model in models.items()} == {
        "mobilenet_ssd": "2020-12-06",
        "mobilenet_ssd_depthai": "2022-04-02",
        "mobilenet_ssd_edgetpu": "2025-12-19",
        "face_detection": "2020-03-25",
        "face_detection_edgetpu": "2025-12-19",
        "face_detection_blazeface": "2026-01-02",
        "face_recognition": "2026-02-02",
        "haarcascades": "2020-03-25",
        "openface_torch": "2020-03-25",
    }
    assert {name: model.previous_version for name, model in models.items() if model.previous_version} == {
        "face_recognition": "2025-02-25"
    }


def test_nothing_else_knows_a_host_by_name() -> None:
    sources = [path for folder in ("deploys", "operations", "modelctl") for path in (ROOT / folder).rglob("*.py")]
    names = [f'"{host}"' for host in GROUPS if host != "sentinel"]
    assert sources
    assert [(path, name) for path in sources for name in names if name in path.read_text(encoding="utf-8")] == []
