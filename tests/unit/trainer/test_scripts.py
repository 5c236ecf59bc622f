"""The two scripts of the trainer, as they are typed there."""

import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

import trainer as package
from modelctl.product import CHECKOUT
from tests.unit.cases import each
from tests.unit.trainer.trainers import FILES, NOTEBOOKS, PAIR, Trainer

PAPERMILL = """#!/bin/sh
# Runs as papermill does, as far as a shell sees it.
pwd
echo "$@"
echo trouble >&2
[ ! -e "$HOME/notebook" ] || cp "$HOME/notebook" "$6"
exit $(cat "$HOME/code")
"""


@pytest.fixture
def installed(trainer: Trainer) -> Trainer:
    """With the program, its scripts and a training environment."""
    program = Path(package.__file__).parent
    shutil.copytree(program, trainer.root / ".sentinelcam/trainer", ignore=shutil.ignore_patterns("__pycache__"))
    for script in (CHECKOUT / "templates/trainer").iterdir():
        shutil.copy(script, trainer.root)
    papermill = trainer.root / "environment/bin/papermill"
    papermill.parent.mkdir(parents=True)
    papermill.write_text(PAPERMILL)
    papermill.chmod(0o755)
    (trainer.root / "notebooks").mkdir()
    (trainer.root / "notebooks/train_face_model.ipynb").write_text("{}")
    return trainer


def train(installed: Trainer, code: int, *words: str) -> subprocess.CompletedProcess[str]:
    (installed.home / "code").write_text(str(code))
    shutil.copy(NOTEBOOKS / "plain.ipynb", installed.home / "notebook")
    return run(installed, "train_face_model.sh", *words)


def run(installed: Trainer, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(installed.root / words[0]), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd="/")


def test_training_and_the_next_command(installed: Trainer) -> None:
    result = train(installed, 0, PAIR[1])
    notebooks, output = installed.root / "notebooks", f"{installed.root}/notebooks/output/train_face_model-{PAIR[1]}"
    command = (
        f"--no-progress-bar --log-output --cwd {notebooks} {notebooks}/train_face_model.ipynb {output}.running.ipynb "
        f"-p model_version {PAIR[1]}"
    )
    upload = f"{installed.root}/upload_and_deploy.sh {' '.join(PAIR)} {' '.join(FILES)} --notebook {output}.ipynb"
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"/\n{command}\ntrouble\nNext: {upload}\n"


@each("code", [1, 2, 137])
def test_exit_code_of_papermill(installed: Trainer, code: int) -> None:
    result = train(installed, code, PAIR[1])
    output = installed.root / f"notebooks/output/train_face_model-{PAIR[1]}"
    log = installed.root / f"logs/train_face_model-{PAIR[1]}.log"
    assert (result.returncode, result.stderr) == (
        code,
        f"papermill ended with {code}; see {log} and {output}.failed.ipynb\n",
    )
    assert [path.name for path in output.parent.iterdir()] == [f"{output.name}.failed.ipynb"]
    assert log.read_text().splitlines()[-1] == "trouble"


@each("words", [[], ["-h"], ["2025-12-08", "2025-12-09"]])
def test_usage_of_training(installed: Trainer, words: list[str]) -> None:
    result = train(installed, 0, *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"Usage: {installed.root}/train_face_model.sh VERSION\n"


def test_refused_trainings(installed: Trainer) -> None:
    result = train(installed, 0, "../2025-12-08")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("VERSION: found '../2025-12-08'; expected a real date")
    (installed.root / "environment/bin/papermill").unlink()
    result = train(installed, 0, PAIR[1])
    path = installed.root / "environment/bin/papermill"
    assert (result.returncode, result.stderr) == (
        1,
        f"{path}: found no such file; expected a training environment with papermill\n",
    )


def test_publish(installed: Trainer) -> None:
    installed.order(receive=[{"ends": 3, "says": "naïve 写\n"}])
    result = run(installed, "upload_and_deploy.sh", *PAIR, *FILES)
    assert (result.returncode, result.stderr) == (3, "")
    assert "naïve 写\n" in result.stdout
    assert not list((installed.root / ".sentinelcam").rglob("*.pyc"))


def test_publish_in_a_terminal_of_ascii(installed: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")  # which -I leaves aside
    monkeypatch.setenv("LC_ALL", "POSIX")
    installed.order(receive=[{"says": "写 \x1b]0;title\x07\n"}])
    assert run(installed, "upload_and_deploy.sh", *PAIR, *FILES).returncode == 0


def test_nobody_looks_any_more(installed: Trainer) -> None:
    """A pipe whose reader went ends nothing, and what was said is in the log."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [str(installed.root / "upload_and_deploy.sh"), *PAIR, *FILES]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (0, b"")
    assert installed.log().endswith("ended with 0\n")


def test_on_a_terminal_a_line_is_drawn_over(installed: Trainer) -> None:
    progress = installed.root / ".sentinelcam/trainer/progress.py"
    progress.write_text(progress.read_text().replace("REDRAW = 0.5", "REDRAW = 0.0"))
    leader, follower = pty.openpty()
    command = [str(installed.root / "upload_and_deploy.sh"), *PAIR, *FILES]
    with subprocess.Popen(command, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        try:
            while True:
                shown += os.read(leader, 65536)
        except OSError:  # all who had the terminal ended
            pass
    os.close(leader)
    assert process.returncode == 0
    drawn = b"sent 0.6 of 0.6 MB (100 %)"
    assert drawn + b"\r" + b" " * len(drawn) + b"\r192.168.10.50: it has all files\r\n" in shown
    assert "sent" not in installed.log()
