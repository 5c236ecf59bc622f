"""What a service's own code imports that its Python has not: told from texts and names of folders."""

from pathlib import Path

import pytest

from node.errors import Unknown
from node.facts import imports, packages
from node.facts.imports import Import
from node.store.rights import ROOT
from tests.unit.cases import each

NOTES = "home = {root}/usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose Python has os, json and a compiled module; the packages of Debian's are another folder."""
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    place(tmp_path / "usr/lib/python3.11", "os.py", "json/__init__.py", "lib-dynload/_ctypes.cpython-311.so")
    place(tmp_path / "usr/lib/python3/dist-packages", "yaml/__init__.py")
    environment = tmp_path / "home" / ".opencv"
    place(environment / "lib/python3.11/site-packages", "cv2/__init__.py", "six.py", "_rt.abi3.so", "zmq-1.dist-info/x")
    (environment / "pyvenv.cfg").write_text(NOTES.format(root=tmp_path))
    return environment


def place(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def absent(environment: Path | None, code: str, **others: str) -> list[str]:
    assert environment is not None
    folder = environment.parent / "service"
    for name, text in {"main.py": code, **others}.items():
        place(folder, name, text=text)
    return imports.absent(folder / "main.py", environment, ROOT)


def test_what_its_python_has(environment: Path) -> None:
    assert absent(environment, "import os, json.decoder as j\nimport cv2, six, _rt, _ctypes, sys, time\n") == []


def test_what_it_has_not(environment: Path) -> None:
    """A package's metadata alone is none: an uninstallation may have left it."""
    assert absent(environment, "from zmq import (a,\n b as c)\nimport yaml.x\n") == ["yaml", "zmq"]


def test_debians_packages_count_where_the_environment_sees_them(environment: Path) -> None:
    notes = (environment / "pyvenv.cfg").read_text()
    (environment / "pyvenv.cfg").write_text(notes.replace("false", "true"))
    assert absent(environment, "import yaml\n") == []


def test_only_what_each_start_imports_counts(environment: Path) -> None:
    code = '"""\nimport no1\n"""\nif a:\n    import no2\ntry:\n    import no3\nexcept E:\n    from no4 import x\n'
    assert absent(environment, f"{code}def f():\n    import no5\n# import no6\nx = '''\nimport no7\n'''\n") == []


def test_its_own_modules_are_looked_into(environment: Path) -> None:
    others = {
        "tools.py": "import depthai\n",
        "pack/__init__.py": "from . import deep\n",
        "pack/deep.py": "from ..tools import x\nfrom .other import *\n",
        "pack/other.py": "import imagezmq\n",
        "pack/idle.py": "import nobody\n",
    }
    assert absent(environment, "import tools\nfrom pack import deep\n", **others) == ["depthai", "imagezmq"]


def test_what_a_file_of_paths_adds(environment: Path) -> None:
    packages_of = environment / "lib/python3.11/site-packages"
    place(environment / "egg", "imagezmq.py")
    place(packages_of, "x.pth", text="# a note\nimport sys\n../../../egg\n")
    assert absent(environment, "import imagezmq\n") == []
    place(packages_of, "__editable__.x.pth", text="import __editable___x_finder\n")
    with pytest.raises(Unknown, match=r"__editable__\.x\.pth: decides at each start what can be imported$"):
        absent(environment, "import imagezmq\n")


def test_code_that_imports_nothing_foreign_needs_no_environment(environment: Path) -> None:
    place(environment.parent, "main.py", text="x = 1\n")
    assert imports.absent(environment.parent / "main.py", None, ROOT) == []


@each("code", ["x = '''\n", "  x\n y\n", "x = \x00\nimport a\n", "(" * 1000])
def test_a_text_that_is_no_python_is_unknown(code: str, environment: Path) -> None:
    try:
        assert absent(environment, code) in ([], ["a"])
    except Unknown as error:
        assert str(error).startswith(f"{environment.parent}/service/main.py: ")  # noqa: PT017


@pytest.mark.parametrize("part", ["pyvenv.cfg", "lib/python3.11"])
def test_an_environment_that_tells_nothing_is_unknown(part: str, environment: Path) -> None:
    (environment / part).rename(environment / "away")
    with pytest.raises(Unknown):
        absent(environment, "import cv2\n")


def test_relative_imports() -> None:
    found = list(imports.imports(b"from . import a\nfrom ...x import b\nimport c; import d\n", Path("f")))
    assert found == [Import(1, "a"), Import(3, "x"), Import(3, "x.b"), Import(0, "c"), Import(0, "d")]
