"""Nodes run Python 3.7 or newer and have nothing but its standard library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import node

FILES = sorted(Path(node.__file__).parent.glob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for part in ast.walk(tree):
        if isinstance(part, ast.Import):
            yield from (alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            assert part.level == 0
            yield part.module or ""


def test_there_are_files() -> None:
    assert {"__main__.py", "pull.py", "sets.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_syntax_and_imports(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 7))
    roots = {name.split(".")[0] for name in imports(tree)}
    assert roots <= sys.stdlib_module_names | {"node"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_method_or_argument_of_a_newer_python(path: Path) -> None:
    """Those that are easily used by habit: all are of 3.8 or later."""
    newer = {
        "removeprefix", "removesuffix", "is_relative_to", "readlink", "hardlink_to", "with_stem", "file_digest",
        "missing_ok", "dirs_exist_ok", "cached_property", "pairwise", "randbytes", "group", "extra_groups", "umask",
    }  # fmt: skip
    tree = ast.parse(path.read_text())
    keywords = {word.arg for call in ast.walk(tree) if isinstance(call, ast.Call) for word in call.keywords}
    methods = {
        f"{ast.unparse(part.value)}.{part.attr}" for part in ast.walk(tree) if isinstance(part, ast.Attribute)
    } - {"os.readlink"}
    assert not newer & {str(word) for word in keywords}
    newer.remove("group")  # as a method it is a match's, and old
    assert not {name for name in methods if name.rsplit(".", 1)[1] in newer}


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "files.py"], ids=lambda path: path.name)
def test_the_disk_is_changed_through_files_alone(path: Path) -> None:
    """So that the kill tests see each change."""
    changes = {
        "chmod", "chown", "hardlink_to", "link", "link_to", "mkdir", "makedirs", "rename", "replace", "rmdir", "rmtree",
        "symlink", "symlink_to", "touch", "unlink", "write_bytes", "write_text",
    }  # fmt: skip
    calls = [call for call in ast.walk(ast.parse(path.read_text())) if isinstance(call, ast.Call)]
    methods = [(call.func, len(call.args)) for call in calls if isinstance(call.func, ast.Attribute)]
    found = {
        ast.unparse(method)
        for method, arguments in methods
        if method.attr in changes and (method.attr, arguments) != ("replace", 2)  # that is a text's
    }
    assert not {name for name in found if not name.startswith("files.")}
