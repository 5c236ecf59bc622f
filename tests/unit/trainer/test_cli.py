"""What a user types wrong, and how a command ends then."""

from typing import Any

import pytest

from tests.unit.cases import each
from tests.unit.trainer.trainers import FILES, PAIR, SETTINGS, Trainer
from trainer import cli

Capture = pytest.CaptureFixture[str]
MODEL = "expected a letter of a-z, then up to 62 of a-z, 0-9 and _"
VERSION = "expected a real date as YYYY-MM-DD, or YYYY-MM-DD.N with N from 2 for a later one of that day"
NAME = "a name of a letter or digit, then up to 126 of A-Z, a-z, 0-9 and ._+-, other than manifest.yaml"
FILE = f"expected {NAME}; rename it"


ODD = ["2025-12-08\n", "٢٠٢٥-12-08", "0000-01-01", "2025-12-08.99999"]


@each("words", [[], ["publish"], ["publish", "m"], ["publish", *PAIR], ["training"], ["other"]])
def test_usage(trainer: Trainer, words: list[str]) -> None:
    try:
        code = cli.main(trainer.root, words)
    except SystemExit as error:  # argparse's own
        code = int(str(error.code))
    assert code == cli.USAGE


@each("model", ["", "Face", "1face", "../face", "a" * 64, "face recognition", "face\n", "fáce", "-face"[1:].upper()])
def test_models(trainer: Trainer, capsys: Capture, model: str) -> None:
    assert cli.main(trainer.root, ["publish", model, PAIR[1], "a"]) == 1
    assert capsys.readouterr().err == f"MODEL: found {model!a}; {MODEL}\n"
    assert not (trainer.remote / "calls.jsonl").exists()


@each(
    "version",
    [
        "",
        "v2.4",
        "2025-13-01",
        "2025-02-29",
        "2025-12-08.1",
        "2025-12-08.02",
        "2025-12-8",
        "2025-12-08\n",
        "٢٠٢٥-12-08",
    ],
)
def test_versions(trainer: Trainer, capsys: Capture, version: str) -> None:
    assert cli.main(trainer.root, ["publish", PAIR[0], version, "a"]) == 1
    assert capsys.readouterr().err == f"VERSION: found {version!a}; {VERSION}\n"


@each("name", ["manifest.yaml", ".hidden", "two words", "\x1b[2J", "é", "a" * 128, "x/manifest.yaml", "..", "./"])
def test_file_names(trainer: Trainer, capsys: Capture, name: str) -> None:
    assert trainer.publish(name) == 1
    shown = ascii(name if "/" in name else str(trainer.models / name)) if name != "./" else "'.'"
    told = capsys.readouterr().err
    assert (told.startswith("FILE: found "), told.endswith(f"; {FILE}\n")) == (True, True)
    assert shown[:150] in told


def test_a_name_twice_and_too_many(trainer: Trainer, capsys: Capture) -> None:
    assert trainer.publish("a", "x/a") == 1
    assert capsys.readouterr().err == "FILE: found a twice; expected each name once; leave one out\n"
    assert trainer.publish(*(f"f{number}" for number in range(32))) == 1
    assert capsys.readouterr().err == "FILE: found 32 files; expected up to 31; leave some out\n"


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in SETTINGS.items() if key != name}


CONTROL = {"user": "sentinelcam", "address": "192.168.10.10"}


@each(
    "settings, found",
    [
        ([], "TypeError: list indices must be integers or slices, not str"),
        ({**SETTINGS, "format": 2}, "ValueError: format '2'"),
        (without("host"), "KeyError: 'host'"),
        (without("datasink"), "KeyError: 'datasink'"),
        ({**SETTINGS, "control": None}, "AttributeError: 'NoneType' object has no attribute 'get'"),
        ({**SETTINGS, "control": {**CONTROL, "address": "-oProxyCommand=x"}}, "ValueError: '-oProxyCommand=x'"),
        ({**SETTINGS, "control": {**CONTROL, "user": "a b"}}, "ValueError: 'a b'"),
        ({**SETTINGS, "control": {**CONTROL, "port": "22"}}, "ValueError: port '22'"),
        ({**SETTINGS, "control": {**CONTROL, "port": 65536}}, "ValueError: port '65536'"),
        ({**SETTINGS, "models": {"Face": {}}}, "ValueError: 'Face'"),
    ],
)
def test_settings(trainer: Trainer, capsys: Capture, settings: dict[str, Any], found: str) -> None:
    trainer.settle(settings)
    assert trainer.publish() == 1
    assert capsys.readouterr().err == (
        f"{trainer.root}/.sentinelcam/settings.json: found {found}; expected the settings that a deploy writes; "
        "ask for: pyinfra inventory.py deploys/trainer.py\n"
    )


def test_no_settings(trainer: Trainer, capsys: Capture) -> None:
    (trainer.root / ".sentinelcam/settings.json").unlink()
    assert trainer.publish() == 1
    assert ".sentinelcam/settings.json: found No such file or directory; expected" in capsys.readouterr().err


def test_smallest_settings(trainer: Trainer, capsys: Capture) -> None:
    """Nobody is asked where the site names no control node, and the files are with the datasink."""
    trainer.settle({name: SETTINGS[name] for name in ("format", "host", "datasink")})
    assert trainer.publish() == 1
    assert capsys.readouterr().err == (
        "settings: found no control node that can be asked; expected one; "
        "have it typed on the control node: modelctl receive face_recognition 2025-12-08\n"
    )
    assert trainer.manifest()["framework"] is None


def test_what_the_system_refuses(trainer: Trainer, capsys: Capture) -> None:
    (trainer.models / ".publish").write_text("in the way")
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{trainer.models}/.publish: File exists; mend that and run it again\n"


def test_a_log_that_cannot_be_written(trainer: Trainer, capsys: Capture) -> None:
    (trainer.root / "logs").write_text("in the way")
    assert trainer.publish() == 1
    assert capsys.readouterr().err == f"{trainer.root}/logs: File exists; mend that and run it again\n"


def test_interrupted(trainer: Trainer, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trainer.publish.upload", interrupt)
    assert trainer.publish() == cli.INTERRUPTED
    assert capsys.readouterr().err == "interrupted; the same command goes on where this one ended\n"


def test_a_title_does_not_write_lines_of_the_log(trainer: Trainer) -> None:
    cli.main(trainer.root, ["publish", "x\nforged", "\udcff", "a"])
    assert all("x?forged ?: " in line for line in trainer.log().splitlines())


def test_the_log_grows(trainer: Trainer) -> None:
    assert trainer.publish() == 0
    first = trainer.log()
    assert trainer.publish() == 0
    assert trainer.log().startswith(first)
    assert trainer.log().count(": begins\n") == 2


def test_what_is_left(trainer: Trainer) -> None:
    assert trainer.publish() == 0
    assert {path.name for path in trainer.snapshot.iterdir()} == {*FILES, "manifest.yaml", ".snapshot.json"}
