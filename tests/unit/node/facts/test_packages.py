"""Versions of packages, from folders as pip, Debian and the tools that make environments leave them."""

import os
import subprocess
from pathlib import Path

import pytest

from node.errors import Refusal
from node.facts import packages
from node.protocol.packages import FindPackages, FoundPackages

NAMES = ["scikit-learn", "numpy", "h5py"]
VENV = "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n"
VIRTUALENV = (
    "home = /usr\nimplementation = CPython\nversion_info = 3.11.2.final.0\ninclude-system-site-packages = true\n"
)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    environment = tmp_path / ".opencv"
    site_packages(environment).mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text(VENV)
    return environment


def site_packages(environment: Path) -> Path:
    return environment / "lib" / "python3.11" / "site-packages"


def install(environment: Path, *names: str) -> None:
    for name in names:
        (site_packages(environment) / name).mkdir()


def find(environment: Path) -> FoundPackages:
    return packages.find(FindPackages("root", environment, NAMES))


def test_what_pip_installed(environment: Path) -> None:
    install(
        environment, "numpy", "numpy-1.24.4.dist-info", "scikit_learn-1.6.1.dist-info", "h5py-3.12.1+local.dist-info"
    )
    install(environment, "numpy_stl-9.9.dist-info", "~umpy-9.9.dist-info", "numpy.libs")
    expected = {"python": "3.11.2", "scikit-learn": "1.6.1", "numpy": "1.24.4", "h5py": "3.12.1+local"}
    assert find(environment) == FoundPackages(expected)


def test_what_is_not_there(environment: Path) -> None:
    assert find(environment) == FoundPackages({"python": "3.11.2"})


@pytest.mark.parametrize("folder", ["usr/local/lib/python3.11/dist-packages", "usr/lib/python3/dist-packages"])
def test_debians_packages_where_the_environment_sees_them(
    folder: str, environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    for name in ("numpy-1.24.2.egg-info", "scikit_learn-1.2.1-py3.11.egg-info"):
        (tmp_path / folder / name).mkdir(parents=True)
    install(environment, "numpy-1.24.4.dist-info")
    assert find(environment).versions == {"python": "3.11.2", "numpy": "1.24.4"}
    (environment / "pyvenv.cfg").write_text(VIRTUALENV)
    assert find(environment) == FoundPackages({"python": "3.11.2", "numpy": "1.24.4", "scikit-learn": "1.2.1"})


@pytest.mark.parametrize("notes", ["", "version = 3.9.1\n", "version = x\n", "\0"])
def test_without_notes_of_its_own_the_folder_tells_the_python(notes: str, environment: Path) -> None:
    (environment / "pyvenv.cfg").write_text(notes)
    assert find(environment).versions == {"python": "3.11"}


def test_what_is_there_twice_is_unknown(environment: Path) -> None:
    install(
        environment, "numpy-1.24.4.dist-info", "numpy-1.26.4.dist-info", "h5py-\x1b.dist-info", "scikit_learn.dist-info"
    )
    assert find(environment) == FoundPackages({"python": "3.11.2"}, {
        "numpy": "found 1.24.4, 1.26.4; expected one version",
        "h5py": "found ?; expected one version",
        "scikit-learn": "found ; expected one version",
    })  # fmt: skip


@pytest.mark.parametrize(("others", "found"), [
    ([], "no Python"), (["python3.9", "python3.11"], "several Pythons: 3.11, 3.9"),
])  # fmt: skip
def test_no_environment_or_several_pythons(others: list[str], found: str, tmp_path: Path) -> None:
    for name in others:
        (tmp_path / "lib" / name).mkdir(parents=True)
    why = f"{tmp_path}/lib: found {found}; expected one"
    assert find(tmp_path) == FoundPackages({}, dict.fromkeys(["python", *NAMES], why))


def test_a_real_environment(tmp_path: Path) -> None:
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", tmp_path / "real"], check=True, timeout=60)
    said = subprocess.run(["/usr/bin/python3", "-V"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert find(tmp_path / "real").versions == {"python": said.split()[1]}


def test_a_link_of_the_user_counts_for_the_user_alone(environment: Path) -> None:
    moved = environment.rename(environment.with_name("elsewhere"))
    environment.symlink_to(moved)
    os.chown(environment, 65534, 65534, follow_symlinks=False)
    with pytest.raises(Refusal, match="a link that nobody made"):
        find(environment)
    assert packages.find(FindPackages("nobody", environment, NAMES)).versions == {"python": "3.11.2"}


def test_an_unknown_user(environment: Path) -> None:
    with pytest.raises(Refusal, match="user nemo: not on this node"):
        packages.find(FindPackages("nemo", environment, NAMES))
