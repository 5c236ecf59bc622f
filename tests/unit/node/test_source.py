"""What the sources of the node program must not hold: newer Python, a path opened beside the handles, endless waits."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import node
from node import layout, program
from node.layout import PYTHON

FILES = sorted(Path(node.__file__).parent.rglob("*.py"))
TEMPLATES = sorted(Path(node.__file__).parents[1].glob("templates/*/*.service.j2"))


def imports(tree: ast.AST) -> Iterator[str]:
    for part in ast.walk(tree):
        if isinstance(part, ast.Import):
            yield from (alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            assert part.level == 0
            yield part.module or ""


def test_there_are_files() -> None:
    assert {"__main__.py", "pull.py", "sets.py", "collected.py"} <= {path.name for path in FILES}


def test_syntax_and_imports() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text(), path.name, feature_version=(3, 7))
        roots = {name.split(".")[0] for name in imports(tree)}
        assert roots <= sys.stdlib_module_names | {"node"}, path


def test_no_method_or_argument_of_a_newer_python() -> None:
    for path in FILES:
        assert not newer_words(path), path


def newer_words(path: Path) -> set[str]:
    """Those that are easily used by habit: all are of 3.8 or later."""
    newer = {
        "removeprefix", "removesuffix", "is_relative_to", "readlink", "hardlink_to", "with_stem", "file_digest",
        "missing_ok", "dirs_exist_ok", "cached_property", "pairwise", "randbytes", "group", "extra_groups", "umask",
    }  # fmt: skip
    tree = ast.parse(path.read_text())
    keywords = {word.arg for name, call in calls(path) if name != "StackState" for word in call.keywords}
    methods = {
        f"{ast.unparse(part.value)}.{part.attr}" for part in ast.walk(tree) if isinstance(part, ast.Attribute)
    } - {"os.readlink"}
    newer_methods = newer - {"group"}  # that is a match's, and old
    return newer & {str(word) for word in keywords} | {
        name for name in methods if name.rsplit(".", 1)[1] in newer_methods
    }


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Each call in a module, by what is called."""
    for call in ast.walk(ast.parse(path.read_text())):
        if isinstance(call, ast.Call):
            yield ast.unparse(call.func), call


CHANGES = {
    "chmod", "chown", "hardlink_to", "link", "link_to", "mkdir", "makedirs", "rename", "replace", "rmdir", "rmtree",
    "symlink", "symlink_to", "touch", "unlink", "write_bytes", "write_text",
}  # fmt: skip


def test_the_disk_is_changed_through_files_alone() -> None:
    """So that the kill tests see each change, and none is led astray."""
    for path in FILES:
        assert path.name == "files.py" or not own_changes(path), path


def own_changes(path: Path) -> set[str]:
    found = {
        name for name, call in calls(path)
        if name.rsplit(".", 1)[-1] in CHANGES and "." in name
        and (name.rsplit(".", 1)[1], len(call.args)) != ("replace", 2)  # that is a text's
    }  # fmt: skip
    return {name for name in found if not name.startswith(("files.", "stopping."))}


LOOKS = {
    "access", "exists", "expanduser", "glob", "group", "is_dir", "is_file", "is_mount", "is_symlink", "isdir", "isfile",
    "islink", "iterdir", "lexists", "listdir", "lstat", "open", "owner", "read_bytes", "read_text", "readlink",
    "realpath", "resolve", "rglob", "samefile", "scandir", "stat", "statvfs", "walk", "fwalk",
}  # fmt: skip
OPENS = {"disk.py", "files.py", "handles.py"}
ELSEWHERE = {
    "__main__.py": {"os.path.realpath"},  # its own folder
    "access.py": {"os.access"},  # /usr/bin/rrsync
    "deb.py": {"tarfile.open"},  # bytes
    "wheel.py": {"archive.open"},  # bytes
    "importing.py": {"os.path.realpath"},  # nothing is opened by that name
    "own.py": {"os.open"},  # through a handle
    "lock.py": {"open", "os.open", "path.open", "path.read_text"},  # below STATE, which is root's alone
    "processes.py": {  # /proc
        "os.listdir",
        "(PROC / str(pid) / name).open",
        "(PROC / str(pid) / 'fd').iterdir",
        "handle.stat",
        "path.read_text",
    },
    "mapped.py": {"(PROC / pid / 'maps').open", "os.readlink"},  # /proc
    "prerequisites.py": {"os.access"},  # the programs of PATH
    "program.py": {"new.rglob", "path.is_dir"},  # below STATE
    "sockets.py": {"os.listdir", "os.readlink", "table.open"},  # /proc
    "trial_probe.py": {"open", "os.path.realpath", "os.path.samefile"},  # no root runs it
}  # fmt: skip
"""What opens paths that no user can lead astray."""


def test_paths_are_opened_through_handles_alone() -> None:
    """R4: below a home a link that its user owns would lead root elsewhere."""
    for path in FILES:
        if path.name not in OPENS:
            assert own_looks(path) == ELSEWHERE.get(path.name, set()), path


def own_looks(path: Path) -> set[str]:
    others = ("disk.", "handles.", "layout.", "match.", "found.")  # a part of a text
    found = {name for name, _ in calls(path) if name.rsplit(".", 1)[-1] in LOOKS}
    return {name for name in found if not name.startswith(others)} - {"opened"}


def test_every_program_has_a_time_limit() -> None:
    """R5, H17: what a run starts on a node ends, whatever holds it up."""
    found = {
        (path.name, name): {word.arg for word in call.keywords}
        for path in FILES for name, call in calls(path) if name.startswith("subprocess.")
    }  # fmt: skip
    assert set(found) == {
        ("commands.py", "subprocess.run"),
        ("commands.py", "subprocess.Popen"),
        ("transfer.py", "subprocess.Popen"),
    }
    assert "timeout" in found["commands.py", "subprocess.run"]


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES))
def test_what_root_runs_in_a_unit_is_isolated(template: str) -> None:
    """R1, R8: nor does a variable reach the lines that root runs."""
    [path] = [path for path in TEMPLATES if path.name == template]
    lines = path.read_text().splitlines()
    assert not [line for line in lines if line.startswith(("Environment", "PassEnvironment"))]
    ours = [line for line in lines if "/usr/bin/python3" in line or "=+" in line]
    assert all("/usr/bin/python3 -I -S -B {{ state }}/program/current" in line for line in ours)


def test_what_root_runs_beside_units_is_isolated() -> None:
    assert layout.PYTHON == ("/usr/bin/python3", "-I", "-S", "-B") == PYTHON
    for path in FILES:
        assert "sys.executable" not in path.read_text(), path
    texts = [re.sub(r"(?m)^# .*", "", text.decode()) for text in program._files().values()]
    assert len(texts) == 3
    assert all(text.count("/usr/bin/python3 -I -S -B ") == text.count("python") == 1 for text in texts)


def test_the_program_takes_nothing_from_the_environment_but_who_asks(tmp_path: Path) -> None:
    """R1, R8: whatever folder it is called from, and whatever variables lead Python or other programs elsewhere."""
    for name in ("json.py", "node.py", "sitecustomize.py", "usercustomize.py"):
        (tmp_path / name).write_text("open('taken', 'w')")
    (tmp_path / "systemctl").write_text("#!/bin/sh\ntouch taken")
    (tmp_path / "systemctl").chmod(0o755)
    program = tmp_path / "program"
    shutil.copytree(Path(node.__file__).parent, program / "node")
    shutil.copy(program / "node" / "__main__.py", program)
    misleading = {name: str(tmp_path) for name in ("PATH", "PYTHONPATH", "PYTHONHOME", "HOME", "TMPDIR")}
    done = subprocess.run(
        [*layout.PYTHON, program, "status"], cwd=tmp_path, env=misleading, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "taken").exists()
