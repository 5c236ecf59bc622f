import base64
import hashlib
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from modelctl.nodes.bundle import LOADER, SOURCE, Bundle, bundle


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the loader makes its folder."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def load(
    temporary: Path, line: str, *words: str, message: str = "", loader: str = LOADER
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-I", "-c", loader, *words],
        input=line + "\n" + message,
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=temporary,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_runs_from_a_message_and_leaves_nothing(temporary: Path) -> None:
    source = {"host": "data1", "address": "10.0.0.1", "login": "ops", "registry": "/registry", "local": False}
    order = {
        "host": "node", "user": "root", "folders": [str(temporary.parent / "made")], "versions": [],
        "stack": None, "face_list": None, "sets": [], "needs": {}, "clean_up": [], "source": source,
        "commit": "c0ffee", "product": "0.1.0",
        "datasink": None,
        "options": {"unlock": False, "full": False, "diff": False},
        "operator": "anna@ramrod", "purpose": "pyinfra",
        "limits": dict.fromkeys(("pull_timeout", "pull_patience", "reserve_bytes"), 1),
    }  # fmt: skip
    result = load(temporary, bundle().line, "facts", message=json.dumps(order))
    assert result.stderr == ""
    answer = json.loads(result.stdout)
    assert answer["absent_folders"] == order["folders"]
    assert result.returncode == 0
    assert list(temporary.iterdir()) == []


def test_the_program_has_nothing_to_do_with_the_folder_that_it_is_started_in(temporary: Path) -> None:
    """R2: it is its user's, and the last place that tempfile knows."""
    said = load(temporary, Bundle({"__main__.py": "import os; print(os.getcwd())"}, "").line)
    assert said.stdout == "/\n"


@pytest.mark.parametrize(
    ("program", "code", "said"), [("import sys; sys.exit('no')", 1, "no\n"), ("1 / 0", 1, None), ("exit(3)", 3, "")]
)
def test_a_failure_is_passed_on_and_leaves_nothing(temporary: Path, program: str, code: int, said: str | None) -> None:
    result = load(temporary, Bundle({"__main__.py": program}, "").line)
    assert result.returncode == code
    if said is None:
        assert "ZeroDivisionError" in result.stderr
    else:
        assert result.stderr == said
    assert list(temporary.iterdir()) == []


def test_the_program_reads_what_follows_its_files(temporary: Path) -> None:
    files = {"__main__.py": "import sys; from part import word\nprint(word, sys.argv[1:], sys.stdin.read())",
             "part/__init__.py": "word = 'é'"}  # fmt: skip
    result = load(temporary, Bundle(files, "").line, "a b", "c", message="order")
    assert result.stdout == "é ['a b', 'c'] order\n"


def test_the_bundle_is_the_whole_program_on_one_line() -> None:
    line = bundle().line
    assert "\n" not in line
    assert len(line) < len(json.dumps(bundle().files)) / 2  # bad links
    files = json.loads(zlib.decompress(base64.b64decode(line)))
    assert set(files) == {"__main__.py"} | {
        f"node/{path.relative_to(SOURCE)}" for path in SOURCE.rglob("*.py") if path.name != "__main__.py"
    }
    assert {"node/registry/__init__.py", "node/registry/reading.py"} < set(files)
    assert files["node/cli.py"] == (SOURCE / "cli.py").read_text(encoding="utf-8")


def test_the_digest_follows_names_and_texts() -> None:
    text = json.dumps(bundle().files, sort_keys=True)
    assert bundle().digest == hashlib.sha256(text.encode()).hexdigest()
    assert Bundle({"a": "b"}, "").line != Bundle({"b": "a"}, "").line


class TestInstalled:
    WHERE = Bundle({"__main__.py": "import part", "part.py": "import os, sys; print(os.getcwd(), sys.path[0])"}, "")
    """A program that says where it runs."""

    def where(self, temporary: Path, damage: bytes | None = None) -> str:
        installed = temporary.parent / "current"
        installed.mkdir()
        for name, text in self.WHERE.files.items():
            (installed / name).write_text(text)
        if damage is not None:
            (installed / "part.py").write_bytes(damage)
        loader = LOADER.replace("/var/lib/sentinelcam/program/current", str(installed))
        assert str(installed) in loader
        said = load(temporary, self.WHERE.line, loader=loader)
        assert (said.returncode, said.stderr, said.stdout[:2]) == (0, "", "/ ")
        assert said.stdout.count("\n") == 1
        return str(Path(said.stdout[2:].strip()).relative_to(temporary.parent))

    def test_the_same_program_runs_where_it_is_installed(self, temporary: Path) -> None:
        assert self.where(temporary) == "current"

    @pytest.mark.parametrize("damage", [b"", b"\xff", b"print(1)"])
    def test_one_that_differs_does_not(self, temporary: Path, damage: bytes) -> None:
        """Another release, or what a power cut or a disk left of this one."""
        assert self.where(temporary, damage) != "current"
