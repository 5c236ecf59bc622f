"""Versions of the training environment, from the names of its files."""

from pathlib import Path

from tests.unit.cases import each
from trainer.environment import requires

NOTHING = {"python": None, "scikit-learn": None, "numpy": None, "h5py": None}


def environment(folder: Path, config: str, *names: str) -> Path:
    packages = folder / "lib/python3.8/site-packages"
    for name in names:
        (packages / name).mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(config)
    return folder


def test_a_virtual_environment(tmp_path: Path) -> None:
    config = "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.8.10\n"
    names = [
        "scikit_learn-1.3.2.dist-info", "numpy-1.24.4.dist-info", "h5py-3.8.0.dist-info",
        "numpy_financial-1.0.dist-info", "numpy", "sklearn", "~umpy-1.0.dist-info",
    ]  # fmt: skip
    assert requires(environment(tmp_path, config, *names)) == {
        "python": "3.8.10", "scikit-learn": "1.3.2", "numpy": "1.24.4", "h5py": "3.8.0",
    }  # fmt: skip


def test_as_virtualenv_and_old_setuptools_write_it(tmp_path: Path) -> None:
    config = "implementation = CPython\nversion_info = 3.8.10.final.0\nvirtualenv = 20.4.2\n"
    names = ["scikit_learn-1.3.2-py3.8.egg-info", "NumPy-1.24.4.post1+mine.7.dist-info"]
    assert requires(environment(tmp_path, config, *names)) == {
        "python": "3.8.10", "scikit-learn": "1.3.2", "numpy": "1.24.4.post1", "h5py": None,
    }  # fmt: skip


def test_two_versions_are_none(tmp_path: Path) -> None:
    names = ["numpy-1.24.4.dist-info", "numpy-1.19.5.dist-info"]
    assert requires(environment(tmp_path, "version = 3.8.10\nversion_info = 3.9.1.final.0\n", *names)) == NOTHING


@each("name", ["absent", "file"])
def test_no_environment(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    assert requires(tmp_path / name) == NOTHING
