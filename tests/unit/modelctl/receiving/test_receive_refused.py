"""What `modelctl receive` does not take over, and what a trainer's key opens."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelctl import cli
from modelctl.commands import receive as receive_command
from modelctl.receiving import unit
from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.fake_changes import FakeHosts, Stage
from tests.unit.modelctl.receiving.stages import EYE, LABEL, MODEL, NEW, pinned, receive, upload


def test_other_bytes_under_the_same_version(stage: Stage, datasink: NearDatasink, tmp_path: Path) -> None:
    upload(tmp_path)
    assert receive().exit_code == 0
    before, pin = len(stage.runs()), pinned(stage)
    upload(tmp_path, content=b"<other/>")
    result = receive()
    assert (result.exit_code, len(stage.runs()), pinned(stage)) == (1, before, pin)
    assert result.stderr.endswith(f"store the files as another version: {NEW}.2\n")
    assert (datasink.registry / MODEL / NEW / "haarcascade_eye.xml").read_bytes() == EYE


def test_the_same_bytes_under_another_version(datasink: NearDatasink, tmp_path: Path) -> None:
    upload(tmp_path)
    assert receive().exit_code == 0
    upload(tmp_path, version="2026-05-02")
    result = receive(version="2026-05-02")
    assert (result.exit_code, result.stderr) == (
        1, f"{MODEL}/2026-05-02: {LABEL} holds the same files; to store them again: --anyway\n",
    )  # fmt: skip
    assert not (datasink.registry / MODEL / "2026-05-02").exists()
    assert receive("--anyway", version="2026-05-02").exit_code == 0


@pytest.mark.parametrize(
    ("requires", "has", "wants"),
    [
        ({"numpy": "2.4.1"}, {"numpy": "1.24.4"}, "numpy"),
        ({"numpy": "1.26.0"}, {"numpy": "1.24.4"}, None),
        ({"numpy": "1.24.4"}, {"numpy": "2.4.1"}, None),
        ({"scikit-learn": "1.7.0"}, {"scikit-learn": "1.6.1"}, "scikit-learn"),
        ({"scikit-learn": "1.3.2"}, {"scikit-learn": "1.6.1"}, None),
        ({"scikit-learn": "1.6.2"}, {"scikit-learn": "1.6.1"}, None),
        ({"scikit-learn": "1.7.0", "h5py": "9"}, {}, None),
        ({"numpy": "soon"}, {"numpy": "1.24.4"}, None),
    ],
)
def test_what_no_sentinel_could_load_is_not_stored(
    stage: Stage, hosts: FakeHosts, tmp_path: Path, requires: dict[str, str], has: dict[str, str], wants: str | None
) -> None:
    hosts.packages = {"sentinel": {"python": "3.11.2", **has}}
    upload(tmp_path, requires=requires)
    result = receive()
    assert (result.exit_code, pinned(stage) is None) == ((1, True) if wants else (0, False))
    if wants:
        said = f"found {wants} {has[wants]}; the version requires {requires[wants]}; train it with {wants} {has[wants]}"
        assert result.stderr == f"sentinel: {said}\n"


@pytest.mark.parametrize(("days", "is_told"), [(-1, False), (1, False), (-2, True), (3, True)])
def test_a_clock_that_is_wrong_is_told_of(tmp_path: Path, days: int, is_told: bool) -> None:
    day = f"{datetime.now(UTC) + timedelta(days):%Y-%m-%d}"
    upload(tmp_path, date_deployed=day)
    result = receive()
    told = f"warning: {LABEL}: its snapshot is of {day}, {abs(days)} days from today; is the trainer's clock right?\n"
    assert (result.exit_code, result.stderr) == (0, told if is_told else "")


@pytest.mark.parametrize("words", [["nosuch", NEW], [MODEL, "v2.4"], ["coral_packages", NEW]])
def test_what_is_no_model_or_version(stage: Stage, words: list[str]) -> None:
    result = CliRunner().invoke(cli.main, ["receive", *words], catch_exceptions=False)
    assert (result.exit_code, stage.is_as_first()) == (1, True)
    assert result.stderr.startswith(("MODEL: found ", "VERSION: found "))


def test_what_a_trainer_s_key_opens(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[Any] = []

    def ends(*words: Any) -> int:
        run.append(words[:2])
        return 3

    monkeypatch.setattr(unit, "run", ends)
    monkeypatch.setenv(receive_command.ASKED, f"receive {MODEL} {NEW}.2")
    assert CliRunner().invoke(cli.main, ["trainer-shell"]).exit_code == 3
    words = [sys.argv[0], "receive", MODEL, f"{NEW}.2", "--site", str(stage.inventory.resolve())]
    assert run == [(words, f"sentinelcam-receive-{MODEL}-{NEW}.2")]
