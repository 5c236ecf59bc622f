"""Whether the unit tests still find what they found before: lines that are broken on purpose, in two checkouts.

`python -m bench.broken_lines OLD NEW --seed 10 --lines 60` draws lines that both checkouts have. It breaks one after
the other in a copy of NEW, runs the unit tests of the folder that the line is in until one fails, and where none does,
looks whether OLD's tests find it. Prints a line for each, and the counts. Takes half an hour or more.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("modelctl", "node", "operations", "lab")
NONE_CHOSEN = 5  # pytest's exit code: all of the tests are long ones
LIMIT = 900  # seconds until tests that do not end have found something
KEPT_OUT = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis")
FLIPPED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(), ast.NotEq: ast.Eq(), ast.Lt: ast.GtE(), ast.GtE: ast.Lt(), ast.Gt: ast.LtE(),
    ast.LtE: ast.Gt(), ast.In: ast.NotIn(), ast.NotIn: ast.In(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(),
}  # fmt: skip


@dataclass(frozen=True)
class Break:
    """One line, and what is written in its place."""

    path: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}: {self.old.strip()} -> {self.new.strip()}"


def main() -> None:
    """Draw, break, run, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--seed", type=int, default=10)
    parser.add_argument("--lines", type=int, default=60)
    words = parser.parse_args()
    drawn = draw([words.old, words.new], words.seed, words.lines)
    with tempfile.TemporaryDirectory() as folder:
        old, new = copy_of(words.old, Path(folder) / "old"), copy_of(words.new, Path(folder) / "new")
        missed = [each for each in drawn if not told(is_found(new, each), "new", each)]
        lost = [each for each in missed if told(is_found(old, each), "old", each)]
    print(f"{len(drawn) - len(missed)} of {len(drawn)} found in {words.new} (seed {words.seed})")
    print(f"of the {len(missed)} others {len(lost)} found in {words.old}")


def copy_of(checkout: Path, folder: Path) -> Path:
    """A copy to break lines in. Exits 1 when its unit tests fail as it is."""
    shutil.copytree(checkout, folder / "checkout", ignore=KEPT_OUT)
    if any(not passes(folder / "checkout", [Path("tests", "unit", each)]) for each in FOLDERS):
        sys.exit(f"{checkout}: its unit tests fail with no line broken; expected them to pass")
    return folder / "checkout"


def told(is_found: bool, where: str, each: Break) -> bool:
    """Show a result, and return it."""
    print("found " if is_found else "missed", where, each, flush=True)
    return is_found


def draw(checkouts: list[Path], seed: int, count: int) -> list[Break]:
    """Lines that each checkout has once, spread over the files."""
    known = [set(breaks(checkout)) for checkout in checkouts]
    return sorted(random.Random(seed).sample(sorted(known[0] & known[1], key=str), count), key=str)  # noqa: S311


def breaks(checkout: Path) -> Iterator[Break]:
    """Every way to break one line of a checkout that stands there only once in its file."""
    for folder in FOLDERS:
        for path in sorted((checkout / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            lines = text.splitlines()
            for node in ast.walk(ast.parse(text)):
                number = getattr(node, "lineno", 0)
                if not number or number != getattr(node, "end_lineno", 0) or lines.count(lines[number - 1]) > 1:
                    continue
                if (new := broken(node)) is not None:
                    line = lines[number - 1]
                    made = line[: node.col_offset] + new + line[node.end_col_offset :]  # type: ignore[attr-defined]
                    yield Break(str(path.relative_to(checkout)), line, made)


def broken(node: ast.AST) -> str | None:
    """Other code in the place of a comparison, a condition, a call for its effect, an error, a flag or a number."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return ast.unparse(ast.Compare(left, [FLIPPED[type(op)]], [right]))
        case ast.BoolOp(op=op, values=values):
            return ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ast.unparse(operand)
        case ast.Expr(value=ast.Call()) | ast.Raise():
            return "pass"
        case ast.Constant(value=bool() as flag):
            return str(not flag)
        case ast.Constant(value=int() as value):
            return str(value + 1)
    return None


def is_found(copy: Path, each: Break) -> bool:
    """Whether a unit test fails while a line is broken; the file is as before afterwards."""
    path = copy / each.path
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"{each.old}\n", f"{each.new}\n", 1), encoding="utf-8")
    folder = copy / "tests" / "unit" / each.path.partition("/")[0]
    nearest = sorted(folder.rglob(f"test_{path.stem}*.py"))
    try:
        return not all(passes(copy, chosen) for chosen in (nearest, [folder]) if chosen)
    finally:
        path.write_text(text, encoding="utf-8")


def passes(copy: Path, tests: list[Path]) -> bool:
    """Whether these tests of a checkout pass, and end."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *map(str, tests)]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    try:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode in (0, NONE_CHOSEN)


if __name__ == "__main__":
    main()
