"""Shell scripts in the place of programs that a command runs."""

import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def put(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Let these come first on the PATH; each may name its {folder}, the checkout's {root}, and this {python}."""
    words = {"folder": shlex.quote(str(folder)), "root": shlex.quote(str(ROOT)), "python": sys.executable}
    for name, text in scripts.items():
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text.format(**words))
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:/usr/bin:/bin")
