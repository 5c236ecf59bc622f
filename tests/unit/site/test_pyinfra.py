"""A site, as pyinfra sees it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT
from tests import warm
from tests.chandler import FOLDER, INVENTORY

GROUPS = {
    "data1": {"datasinks", "primary_datasink"},
    "sentinel": {"sentinels"},
    "lab1": {"outposts"},
    "east": {"outposts"},
    "alpha5": {"outposts"},
    "deepend": {"ml_trainers"},
    "wall1": {"watchtowers"},
}


def pyinfra(*arguments: str | Path, cwd: Path = CHECKOUT) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("pyinfra")), *map(str, arguments)]
    return warm.run(command, cwd, {**os.environ, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1"}, limit=60)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in a folder of its own: its inventory file."""
    shutil.copytree(FOLDER, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site" / "inventory.py"


def test_hosts_and_groups() -> None:
    result = pyinfra(INVENTORY, "debug-inventory", "--json")
    assert result.returncode == 0, result.stderr
    hosts = json.loads(result.stdout)
    assert {host["name"]: set(host["groups"]) - {"inventory"} for host in hosts} == GROUPS


def test_debug_inventory_shows_clean_data() -> None:
    result = pyinfra(INVENTORY, "debug-inventory")
    assert result.returncode == 0
    assert "object at 0x" not in result.stdout + result.stderr
    assert '"ssh_hostname": "192.168.10.20"' in result.stdout + result.stderr


def test_a_faulty_site_is_told_in_lines(site: Path) -> None:
    text = (site.parent / "inventory" / "site.py").read_text()
    text += "\nSITE = SITE.model_copy(update={'primary_datasink': 'x', 'max_scan_days': 0})\n"
    (site.parent / "inventory" / "site.py").write_text(text)
    result = pyinfra(site, "debug-inventory")
    assert result.returncode == 1
    assert result.stderr.splitlines()[2:] == [
        "site.max_scan_days: found 0; allowed: greater than 0",
        "site.primary_datasink: found 'x'; allowed: data1",
    ]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("registry.py", "REGISTRY = [1 2]", ":1: invalid syntax. Perhaps you forgot a comma?; expected Python"),
        ("site.py", "SITE = Sites()", ":1: NameError: name 'Sites' is not defined; expected Python that runs; mend it"),
        ("standards.py", "STANDARD = 1", ": found no STANDARDS; expected STANDARDS = Standards(...)"),
        ("registry.py", None, ": no such file; expected one that says REGISTRY = Registry(...)"),
        ("pins.json", "{", ": Expecting property name enclosed in double quotes: line 1 column 2 (char 1); "
         "expected JSON; restore it with git"),
    ],
    ids=["comma", "name", "value", "file", "pins"],
)  # fmt: skip
@pytest.mark.parametrize("deploy", [("debug-inventory",), ("deploys/models.py", "--dry")], ids=["shown", "deployed"])
def test_a_slip_in_its_files_is_one_line(
    site: Path, deploy: tuple[str, ...], name: str, text: str | None, line: str
) -> None:
    path = site.parent / "inventory" / name
    path.unlink()
    if text is not None:
        path.write_text(text)
    result = pyinfra(site, *deploy)
    said = [each for each in result.stderr.splitlines() if not each.startswith("--> Loading")]
    assert (result.returncode, said) == (1, [f"{path}{line}"])


def test_outside_the_checkout_nothing_is_mended_so_nothing_is_run(site: Path) -> None:
    result = pyinfra(site, CHECKOUT / "deploys" / "models.py", cwd=site.parent)
    assert result.returncode == 1
    assert result.stderr.splitlines()[2:] == [
        f"{site.parent}: found no config.py of the product's checkout; run pyinfra there: cd {CHECKOUT}"
    ]


def test_another_checkouts_library_is_refused(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(CHECKOUT / "config.py", other)
    result = pyinfra(site, "debug-inventory", cwd=other)
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        f"{other}/config.py: found modelctl of {CHECKOUT}, expected it beside this file; cd {CHECKOUT}, or install it "
        "here: pip install --no-deps --editable ."
    ]


def test_what_opens_the_way_to_its_hosts_is_called_before_any_connection(site: Path) -> None:
    """Else a run on the lab would leave the lab's network."""
    site.write_text(site.read_text() + "\ndef _connect():\n    raise SystemExit('the way is opened')\n")
    result = pyinfra(site, "exec", "--", "true")
    assert (result.returncode, result.stderr.splitlines()[2:]) == (1, ["the way is opened"])


def test_groups_of_its_own_are_groups_too(site: Path) -> None:
    site.write_text(site.read_text() + '\ngarden = ["east", "lab1"]\n')
    result = pyinfra(site, "debug-inventory", "--json")
    assert {host["name"] for host in json.loads(result.stdout) if "garden" in host["groups"]} == {"east", "lab1"}


@pytest.mark.parametrize("inventory", [INVENTORY, CHECKOUT / "lab" / "inventory.py"])
def test_modelctl_loads_it_without_pyinfra(inventory: Path) -> None:
    """Which would take longer than all else that a command loads."""
    lines = (
        "import sys",
        "from pathlib import Path",
        "from modelctl.inventory_file import load",
        f"load(Path({str(inventory)!r}))",
        "print([name for name in sys.modules if name.startswith('pyinfra')])",
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    said = subprocess.check_output([sys.executable, "-c", "\n".join(lines)], cwd=CHECKOUT, env=environment, text=True)
    assert said == "[]\n"


def test_nothing_else_knows_a_host_by_name() -> None:
    sources = [path for folder in ("deploys", "operations", "modelctl") for path in (CHECKOUT / folder).rglob("*.py")]
    names = [f'"{host}"' for host in GROUPS if host != "sentinel"]
    assert sources
    assert [(path, name) for path in sources for name in names if name in path.read_text(encoding="utf-8")] == []
