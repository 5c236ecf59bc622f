"""A key that is written twice in a table of a site's Python: Python takes the last one, and says nothing."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelctl.errors import Faults
from modelctl.faults import one_line


def require(paths: Iterable[Path]) -> None:
    """Raises Faults, a line for each key that a `{...}` of these files holds twice."""
    faults = [line for path in paths for line in _faults(path)]
    if faults:
        raise Faults(faults)


def _faults(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # whoever imports it says what is wrong with it
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    for table in sorted(tables, key=lambda node: (node.lineno, node.col_offset)):
        yield from (
            f"{path}:{key.lineno}: found {one_line(ast.unparse(key))} a second time, first in line {first.lineno}; "
            "expected each key once: rename one, or take it out"
            for first, key in _doubled(table)
        )


def _doubled(table: ast.Dict) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The first and each later writing of a key that stands there as itself: a value, or a name."""
    first: dict[object, ast.expr] = {}
    for key in table.keys:
        if isinstance(key, ast.Constant):
            meant: object = (type(key.value), key.value)
        elif isinstance(key, ast.Name | ast.Attribute):
            meant = ast.dump(key)
        else:
            continue
        if meant in first:
            yield first[meant], key
        first.setdefault(meant, key)
