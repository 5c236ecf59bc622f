"""What a user types wrong, or writes wrong into a site: never a traceback, but a line that says where, what was found,
what is expected or what to type, and the exit code of docs/reference/exit-codes.md.

A case is what is typed, the exit code, and what the line begins and goes on with.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelctl import cli
from modelctl.product import CHECKOUT
from tests import warm
from tests.chandler import FOLDER

REFUSED, USAGE = 1, 2
SERVED = "allowed: alpha5, data1, east, lab1, sentinel"
MODELS = "allowed: coral_packages, face_detection, "
DATE = "allowed: a real date as YYYY-MM-DD"
TYPED = [
    ("stauts", USAGE, "No such command 'stauts'", "did you mean status?; the commands: modelctl --help"),
    ("remove", USAGE, "No such command 'remove'", "the commands: modelctl --help"),
    ("--jsno", USAGE, "No such option '--jsno'", ""),
    ("status --jsno", USAGE, "No such option '--jsno'", "Did you mean '--json'?"),
    ("status lab2", REFUSED, "HOST: found 'lab2'", SERVED),
    ("status lab1,east", REFUSED, "HOST: found 'lab1,east'", SERVED),
    ("status --site nowhere.py", REFUSED, "nowhere.py: no such file", "expected an inventory file"),
    ("status --site .", REFUSED, ".: found a folder", "--site inventory.py"),
    ("status --site notes.txt", REFUSED, "notes.txt:1: ", "expected Python"),
    ("status --site empty.py", REFUSED, "empty.py: found no _FLEET", "expected _FLEET = Fleet("),
    ("status lab1", REFUSED, "lab1: wants mobilenet_ssd/2020-12-06, which no pin covers", "pin it: modelctl pin"),
    ("doctor lab2", REFUSED, "HOST: found 'lab2'", "allowed: alpha5, data1, "),
    ("show", USAGE, "Missing argument 'MODEL'", ""),
    ("show mobilnet_ssd", REFUSED, "MODEL: found 'mobilnet_ssd'", "did you mean mobilenet_ssd?"),
    ("show mobilenet_ssd v2.4", REFUSED, "VERSION: found 'v2.4'", DATE),
    ("show mobilenet_ssd 2026-13-40", REFUSED, "VERSION: found '2026-13-40'", DATE),
    ("list extra", USAGE, "Got unexpected extra argument (extra)", ""),
    ("verify nomodel", REFUSED, "MODEL: found 'nomodel'", MODELS),
    ("diff face_recognition 2025-02-25", USAGE, "Missing argument 'SECOND'", ""),
    ("diff face_recognition 2025-02-25 2024", REFUSED, "VERSION: found '2024'", DATE),
    ("rollback face_recognition", REFUSED, "VERSION: found nothing", "allowed: a version, or --previous, and not both"),
    ("rollback face_recognition 2025-02-25 --previous", REFUSED, "VERSION: found '2025-02-25'", "and not both"),
    ("rollback face_recognition 2024-01-01", REFUSED, "VERSION: found '2024-01-01'", "allowed: a pinned version of "),
    ("rollback mobilenet_ssd --previous", REFUSED, "registry.models.mobilenet_ssd.previous_version: found nothing",
     "name one: modelctl rollback mobilenet_ssd VERSION"),
    ("promote face_recognition", REFUSED, "VERSION: found nothing", "allowed: a pinned version of face_recognition: "),
    ("promote face_recognition 2024-01-01", REFUSED, "VERSION: found '2024-01-01'",
     "one that is stored: modelctl pin face_recognition 2024-01-01"),
    ("override lab2 mobilenet_ssd 2020-12-06", REFUSED, "HOST: found 'lab2'", "allowed: alpha5, data1, "),
    ("override lab1, mobilenet_ssd 2020-12-06", REFUSED, "HOST: found ''", "allowed: alpha5, data1, "),
    ("override lab1 haarcascades 2020-03-25", REFUSED, "MODEL: found 'haarcascades'",
     "allowed: a model that lab1 gets: mobilenet_ssd"),
    ("override lab1 mobilenet_ssd", REFUSED, "VERSION: found nothing", "allowed: a version, or --clear, and not both"),
    ("override lab1 mobilenet_ssd 2020-12-06 --clear", REFUSED, "VERSION: found '2020-12-06'", "and not both"),
    ("override lab1 mobilenet_ssd ../../etc", REFUSED, "VERSION: found '../../etc'", DATE),
    ("undo now", USAGE, "Got unexpected extra argument (now)", ""),
    ("import face_recognition 2026-04-04 old/folder", REFUSED, "PATH: found 'old/folder'", "the absolute path"),
    ("import face_recognition 2026-04-04 /x --map a", REFUSED, "--map: found 'a'", "allowed: OLD=NEW"),
    ("import coral_packages 2026-04-04 /x", REFUSED, "MODEL: found 'coral_packages'", "modelctl coral download"),
    ("pin mobilenet_ssd 2026-1-1", REFUSED, "VERSION: found '2026-1-1'", DATE),
    ("coral pin 2030-01-01", REFUSED, "VERSION: found '2030-01-01'", "allowed: a version in registry.coral: "),
    ("coral download --from /nonexistent", USAGE, "Invalid value for '--from'", "does not exist"),
    ("prune registy", USAGE, "No such command 'registy'", "Did you mean 'registry'?"),
    ("prune nodes --json", REFUSED, "--json: it cannot ask", "add --dry-run or --yes"),
    ("collect lab1 mobilenet_ssd 2020-12-06", REFUSED, "MODEL: found 'mobilenet_ssd'", "a model with linked files"),
    ("collect data1 face_recognition 2026-02-02", REFUSED, "HOST: found 'data1'", "a host with a models folder: "),
    ("restore lab2", REFUSED, "HOST: found 'lab2'", "allowed: alpha5, data1, "),
    ("revoke data1", REFUSED, "HOST: found 'data1'", "allowed: a host that pulls or uploads: "),
    ("trust", USAGE, "Missing argument 'HOST...'", ""),
    ("trust lab2", REFUSED, "HOST: found 'lab2'", "allowed: alpha5, data1, "),
    ("render lab1 --output notes.txt", REFUSED, "--output: notes.txt/etc", "expected a folder to write to"),
    ("receive face_recognition yesterday", REFUSED, "VERSION: found 'yesterday'", DATE),
    ("trainer-shell", REFUSED, "SSH_ORIGINAL_COMMAND: found nothing", "allowed: receive MODEL VERSION"),
    ("check --strict=yes", USAGE, "Option '--strict' does not take a value", ""),
    ("init .", REFUSED, ".: found ", "expected an empty folder, or none yet: name another"),
    ("init new --from nothing", USAGE, "Invalid value for '--from'", "'nothing' is not 'default'"),
    ("init new --from-ansible nowhere", REFUSED, "nowhere: No such file", "expected the folder of an Ansible "),
    ("revoke lab1", REFUSED, "pull_ca ", "expected the CA that has certified lab1"),
]  # fmt: skip
"""Of modelctl."""

WRITTEN = [
    ("site.py", "SITE = Site(", "SITE = Site(,", "site.py:", "expected Python"),
    ("site.py", "SITE = Site(", "SITE = Sitee(", "site.py:", "NameError: name 'Sitee' is not defined; expected Python"),
    (
        "site.py",
        "SITE = Site(",
        "import nothing\nSITE = Site(",
        "site.py:",
        "No module named 'nothing'; expected Python",
    ),
    ("site.py", "SITE = Site(", "\0", "site.py: source code string cannot contain null bytes", "expected Python"),
    ("known_hosts", "", "|1|x\n", "known_hosts:1: found |1|x", "mend the line, or remove it"),
    ("site.py", '"east": Outpost(', '"lab1": Outpost(', "site.py:", "expected each key once"),
    (
        "site.py",
        "primary_datasink=",
        "primary_datasnk=",
        "site.primary_datasnk: found 'data1'",
        "did you mean primary_",
    ),
    ("site.py", '"192.168.10.20"', '"192.168.10.2O"', "site.hosts.lab1.address: found '192.168.10.2O'", "allowed: "),
    ("registry.py", '"2026-02-02"', '"2026-2-2"', "registry.models.face_recognition.current_version: ", "allowed: "),
    ("registry.py", "REGISTRY = ", "REGISTY = ", "registry.py: found no REGISTRY", "expected REGISTRY = Registry(...)"),
    ("registry.py", "REGISTRY = ", "import sys; sys.exit(0)\nREGISTRY = ", "registry.py:", "expected only its values"),
    (
        "registry.py",
        '"haarcascades": ',
        '"haarcascade": ',
        "registry.models.haarcascades: found nothing",
        "to this one",
    ),
    (
        "registry.py",
        '"prototxt": ',
        '"prototext": ',
        "registry.models.mobilenet_ssd.files.prototxt: found",
        "to this one",
    ),
    ("pins.json", "{", "{]", "pins.json", "expected"),
]
"""A file of the site, what is replaced in it, and by what (S8, S10, U10)."""

EXPECTED = "expected an inventory file, as inventory.py"
RUN = [
    ("inventry.py deploys/models.py --dry", "inventry.py: no such file", EXPECTED),
    ("east deploys/models.py --dry", "east: no such file", "the hosts after --limit: "),
    (
        "lab/ deploys/models.py --dry",
        "lab/: found a folder",
        "inventory file: pyinfra lab/inventory.py deploys/models.py",
    ),
    ("SITE deploys/modles.py --dry", "No deploy file: deploys/modles.py", ""),
    ("SITE deploys/models.py --dry --limit east,lab1", "--limit: found 'east,lab1'", "--limit east --limit lab1"),
    ("SITE deploys/models.py --dry --limit nobody", "--limit: found 'nobody'", "allowed: all, alpha5, "),
    ("SITE deploys/models.py --dry --data modles=x", "--data modles: found 'x'", "did you mean models?"),
    ("SITE deploys/models.py --dry --data exit=maybe", "--data exit: found 'maybe'", "allowed: changes"),
    ("SITE deploys/models.py -y --data exit=changes", "--data exit: found 'changes'", "allowed: with --dry"),
    ("SITE deploys/models.py --dry --data canary=lab1,east", "--data canary: found 'east, lab1'", "one host of a role"),
    ("SITE deploys/models.py --dry --data models", "--data: found 'models'", "allowed: KEY=VALUE"),
    ("SITE deploys/models.py --dry --parallel -1", "--parallel: found -1", "allowed: 0 or more"),
    ("SITE exec", "exec: found nothing to do", "expected pyinfra INVENTORY exec -- COMMAND"),
]
"""Of pyinfra; SITE is the site's inventory file."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site in a git repository of its own, and files beside it that are none."""
    folder = tmp_path_factory.mktemp("wrong") / "site"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "notes.txt").write_text("what I meant to do\n")
    (folder / "empty.py").write_text("")
    git = ["git", "-C", str(folder), "-c", "user.name=anna", "-c", "user.email=anna@ramrod"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "A site"]):
        subprocess.run([*git, *words], check=True)
    return folder


@pytest.fixture
def site(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("SSH_ORIGINAL_COMMAND", raising=False)
    return made


def assert_told(lines: list[str], begins: str, goes_on: str) -> None:
    assert "Traceback" not in "\n".join(lines)
    [line] = [line for line in lines if begins in line]
    assert goes_on in line


@pytest.mark.parametrize(("typed", "code", "begins", "goes_on"), TYPED, ids=[case[0] for case in TYPED])
@pytest.mark.usefixtures("site")
def test_typed(typed: str, code: int, begins: str, goes_on: str) -> None:
    done = CliRunner().invoke(cli.main, typed.split(), prog_name="modelctl", catch_exceptions=False)
    lines = done.stderr.splitlines()
    assert done.exit_code == code, done.output
    assert_told(lines, begins, goes_on)
    assert lines[-1].removeprefix("Error: ").startswith(begins)
    if code == REFUSED:
        assert len(lines) == 1
    else:
        assert all(line.startswith(("Usage: ", "Try 'modelctl", "Error: ")) for line in lines if line)


@pytest.mark.parametrize(("file", "old", "new", "begins", "goes_on"), WRITTEN, ids=[case[2] for case in WRITTEN])
def test_written(site: Path, tmp_path: Path, file: str, old: str, new: str, begins: str, goes_on: str) -> None:
    shutil.copytree(site, tmp_path / "site")
    path = tmp_path / "site" / "inventory" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    words = ["check", "--site", str(tmp_path / "site" / "inventory.py")]
    done = CliRunner().invoke(cli.main, words, prog_name="modelctl", catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (REFUSED, "")
    assert_told(done.stderr.splitlines(), begins, goes_on)


@pytest.fixture
def pyinfra(made: Path) -> Callable[[str], "subprocess.CompletedProcess[str]"]:
    program = str(Path(sys.executable).with_name("pyinfra"))
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1", "HOME": "/nonexistent"}

    def run(typed: str) -> "subprocess.CompletedProcess[str]":
        words = [str(made / "inventory.py") if word == "SITE" else word for word in typed.split()]
        return warm.run([program, *words], CHECKOUT, environment, limit=60)

    return run


@pytest.mark.parametrize(("typed", "begins", "goes_on"), RUN, ids=[case[0] for case in RUN])
def test_typed_to_pyinfra(
    pyinfra: Callable[[str], "subprocess.CompletedProcess[str]"], typed: str, begins: str, goes_on: str
) -> None:
    done = pyinfra(typed)
    assert done.returncode == REFUSED, done.stderr
    assert_told(done.stderr.splitlines(), begins, goes_on)


def test_outside_the_checkout_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """U8."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.main, ["status"], prog_name="modelctl", catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (
        REFUSED,
        f"{tmp_path}: no inventory.py here; go where one is: cd {CHECKOUT}; or name a site's: --site PATH\n",
    )
