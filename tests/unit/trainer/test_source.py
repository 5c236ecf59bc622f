"""The trainer has Python 3.6 and its standard library; vermin looks at what the library of 3.6 lacks."""

import ast
import subprocess
import sys
from pathlib import Path

import trainer
from modelctl.product import CHECKOUT

FILES = sorted(Path(trainer.__file__).parent.glob("*.py"))
VERMIN = [line for line in (CHECKOUT / "script/test").read_text().splitlines() if line.startswith(".venv/bin/vermin")]


def test_there_are_files() -> None:
    assert {"__main__.py", "publish.py", "snapshot.py"} <= {path.name for path in FILES}


def test_imports_only_itself_and_the_standard_library() -> None:
    for path in FILES:
        for part in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in part.names] if isinstance(part, ast.Import) else []
            names += [part.module or ""] if isinstance(part, ast.ImportFrom) else []
            assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"trainer"}, path


def vermin(*words: str) -> subprocess.CompletedProcess[str]:
    line, _, _ = VERMIN[0].partition(" trainer #")
    command = line.removeprefix(".venv/bin/vermin").split()
    program = str(Path(sys.executable).with_name("vermin"))
    return subprocess.run([program, *command, *words], capture_output=True, text=True, timeout=60, check=False)


def test_vermin_finds_nothing() -> None:
    result = vermin(str(CHECKOUT / "trainer"))
    assert result.returncode == 0, result.stdout


def test_vermin_looks_at_syntax_and_library(tmp_path: Path) -> None:
    """As script/test calls it: each of these is newer than 3.6."""
    newer = [
        "from __future__ import annotations\n", "import dataclasses\n",
        "if (n := 1):\n    pass\n", "def f(a, /): ...\n",
        "import subprocess\nsubprocess.run(['a'], capture_output=True)\n", "'a'.isascii()\n",
        "from datetime import date\ndate.fromisoformat('2025-12-08')\n", "import time\ntime.time_ns()\n",
        "import shlex\nshlex.join([])\n", "def f(a: list[int]) -> None: ...\n", "f'{a=}'\n",
    ]  # fmt: skip
    for number, source in enumerate(newer):
        path = tmp_path / f"newer{number}.py"
        path.write_text(source)
        result = vermin(str(path))
        assert (result.returncode, "!2, 3." in result.stdout) == (1, True), source
