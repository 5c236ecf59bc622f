"""Nodes run Python 3.7 or newer and have nothing but its standard library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

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
    keywords = {word.arg for call in ast.walk(tree) if isinstance(call, ast.Call) for word in call.keywords}
    methods = {
        f"{ast.unparse(part.value)}.{part.attr}" for part in ast.walk(tree) if isinstance(part, ast.Attribute)
    } - {"os.readlink"}
    newer_methods = newer - {"group"}  # that is a match's, and old
    return newer & {str(word) for word in keywords} | {
        name for name in methods if name.rsplit(".", 1)[1] in newer_methods
    }


def test_the_disk_is_changed_through_files_alone() -> None:
    """So that the kill tests see each change."""
    for path in FILES:
        assert path.name == "files.py" or not own_changes(path), path


def own_changes(path: Path) -> set[str]:
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
    return {name for name in found if not name.startswith("files.")}
