"""New sites for tests: who commits, and what the linter says of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli

WHO = {"NAME": "Anna", "EMAIL": "anna@example.org"}


def known_to_git(patch: pytest.MonkeyPatch) -> None:
    """Commits are Anna's, whatever git knows of whoever runs the tests."""
    for role in ("AUTHOR", "COMMITTER"):
        for part, value in WHO.items():
            patch.setenv(f"GIT_{role}_{part}", value)


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, ["init", *map(str, words)], catch_exceptions=False)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def lint(folder: Path) -> str:
    """What ruff, as it is without settings, finds to say; nothing of Python that is clean."""
    ruff = [sys.executable, "-m", "ruff"]
    said = ""
    for words in (["format", "--check"], ["check", "--select", "E4,E7,E9,F,I"]):
        done = subprocess.run(
            [*ruff, *words, "--isolated", "--quiet", folder], capture_output=True, text=True, check=False
        )
        said += done.stdout + done.stderr
    return said
