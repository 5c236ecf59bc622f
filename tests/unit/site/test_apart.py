"""inventory/ is the user's: no test, no lab and no check of the product's reads it, whatever it holds."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT

READERS = [*(path for folder in ("tests", "lab", "bench") for path in sorted((CHECKOUT / folder).rglob("*.py")))]
OWN_FOLDER = re.compile(r"""(ROOT|CHECKOUT|parents\[\d\]) / ["']inventory""")
KEPT = re.compile(r"^\.|__pycache__|\.egg-info$|^build$|^docs$")
FILES = {
    "__init__.py": "",
    "site.py": """
from   modelctl import schema as m
HOSTS = dict(depot = m.Datasink(address = '10.9.0.2'), eye = m.Sentinel(address='10.9.0.3', accelerator='cpu'),
   gate=m.Outpost(address='10.9.0.4', cameras={'W1': m.WebCamera(viewname='Gate', resolution=(640,480), framerate=10,
   detectobjects='motion')}))
SITE=m.Site(name='small',hosts=HOSTS,primary_datasink='depot',known_hosts='known_hosts',pull_ca='pull_ca')
""",
    "registry.py": """
import sys
from modelctl.schema import *
def one(framework, version, **files): return Model(framework=framework, current_version=version, files=files)
REGISTRY = Registry(models = dict(
  mobilenet_ssd=one('caffe', '2021-01-01', prototxt='a.prototxt', caffemodel='a.caffemodel'),
  mobilenet_ssd_depthai=one('blob', '2021-01-01', blob='a.blob'),
  mobilenet_ssd_edgetpu=one('tflite', '2021-01-01', tflite='a.tflite', labels='labels.txt'),
  face_detection=one('caffe', '2021-01-01', prototxt='f.prototxt', caffemodel='f.caffemodel'),
  face_detection_edgetpu=one('tflite', '2021-01-01', tflite='f.tflite'),
  face_detection_blazeface=one('tflite', '2021-01-01', short='s.tflite'),
  face_recognition=Model(framework='pickle', current_version='2021-01-01', previous_version='2021-01-02',
    files=dict(facemodel='m', baselines='b', facelist='l.csv', facedata='d'), linked={'facelist', 'facedata'}),
  haarcascades=one('xml', '2021-01-01', eye='eye.xml'), openface_torch=one('t7', '2021-01-01', embedder='e.t7')))
""",
    "standards.py": "from modelctl.schema import Standards as S\nSTANDARDS = S()\n",
    "pins.json": "{}",
}
"""A three-host site without Coral, in a style of its own that the product's linter would refuse."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def test_nothing_of_the_product_imports_it_or_names_its_files() -> None:
    assert len(READERS) > 200
    importing = [path for path in READERS if any(name.partition(".")[0] == "inventory" for name in imported(path))]
    naming = [path for path in READERS if OWN_FOLDER.search(path.read_text(encoding="utf-8"))]
    assert (importing, naming) == ([], [])


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout with another site."""
    folder = tmp_path_factory.mktemp("other") / "checkout"
    shutil.copytree(CHECKOUT, folder, ignore=lambda _, names: [name for name in names if KEPT.search(name)])
    shutil.copy(CHECKOUT / ".gitignore", folder)
    shutil.rmtree(folder / "inventory")
    (folder / "inventory").mkdir()
    for name, text in FILES.items():
        (folder / "inventory" / name).write_text(text)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this Python in another checkout."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_another_site_is_valid_and_no_concern_of_the_linter(other: Path) -> None:
    checked = run(other, "-c", "from modelctl.start import main; main()", "check")
    assert (checked.returncode, checked.stdout) == (0, "small: 3 hosts, 18 files rendered, 12 warnings, no faults\n")
    linted = run(other, "-m", "ruff", "check", ".")
    assert (linted.returncode, linted.stdout) == (0, "All checks passed!\n")
    assert run(other, "-m", "ruff", "format", "--check", ".").returncode == 0


@pytest.mark.parametrize(
    "selected",
    [
        (
            "tests/unit/modelctl/test_cli.py",
            "tests/unit/modelctl/test_inventory_file.py",
            "tests/unit/lab/test_hosts.py",
        ),
        pytest.param(("tests/unit", "--ignore=tests/unit/site/test_apart.py"), marks=pytest.mark.long),
    ],
    ids=["some", "all"],
)
def test_with_another_site_unit_tests_pass(other: Path, selected: tuple[str, ...]) -> None:
    done = run(other, "-m", "pytest", "-q", "-p", "no:cacheprovider", *selected)
    assert done.returncode == 0, done.stdout
