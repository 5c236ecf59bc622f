"""The whole way, as a user sees it."""

import hashlib
import re
from pathlib import Path

import pytest

from modelctl.registry import origin
from tests.unit.trainer.trainers import FILES, NOTEBOOKS, PAIR, SETTINGS, Trainer
from trainer.alone import alone

Capture = pytest.CaptureFixture[str]


def test_whole_way(trainer: Trainer, capsys: Capture) -> None:
    trainer.order(receive=[{"says": "pinned\nred \x1b[31m \u202eletters\r\nno line end"}])
    assert trainer.publish("--notebook", str(NOTEBOOKS / "good.ipynb"), *FILES) == 0
    assert {path.name: path.read_bytes() for path in trainer.incoming.iterdir() if path.name in FILES} == FILES
    manifest = trainer.manifest()
    assert manifest["files"] == [
        {"name": name, "sha256": hashlib.sha256(FILES[name]).hexdigest(), "size": len(FILES[name])}
        for name in sorted(FILES)
    ]
    assert (manifest["name"], manifest["version"]) == PAIR
    assert (manifest["framework"], manifest["host"], manifest["previous_version"]) == ("scikit-learn", "trainer1", None)
    assert manifest["source"] == "published on trainer1 with the notebook 'good.ipynb'"
    assert manifest["training_metrics"]["accuracy"] == 0.981
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", manifest["date_deployed"])
    assert manifest["requires"] == {}
    told = origin.uploaded(PAIR, (trainer.incoming / "manifest.yaml").read_bytes())
    assert (told.source, told.host, told.metrics) == (manifest["source"], "trainer1", manifest["training_metrics"])
    shown, errors = capsys.readouterr()
    assert errors == ""
    assert shown.splitlines() == [
        f"{trainer.root}/environment: found no single version of python, scikit-learn, numpy, h5py: nobody can compare "
        "them with the fleet's",
        "snapshot: 5 files, 0.6 MB, new",
        "192.168.10.50: it has all files",
        "192.168.10.10: asking it to take face_recognition 2025-12-08 over",
        "pinned",
        "red ?[31m ?letters",
        "no line end",
        "face_recognition 2025-12-08: ended with 0",
    ]
    for line in shown.splitlines():
        assert f"Z face_recognition 2025-12-08: {line}\n" in trainer.log()


def test_requires(trainer: Trainer) -> None:
    """What is known of the training environment; the control node reads it so."""
    (trainer.root / "environment/lib/python3.8/site-packages/scikit_learn-1.3.2.dist-info").mkdir(parents=True)
    (trainer.root / "environment/pyvenv.cfg").write_text("version_info = 3.8.10.final.0\n")
    assert trainer.publish() == 0
    told = origin.uploaded(PAIR, (trainer.incoming / "manifest.yaml").read_bytes())
    assert told.requires == {"python": "3.8.10", "scikit-learn": "1.3.2"}


def test_ssh_is_told_no_more_than_it_needs(trainer: Trainer) -> None:
    assert trainer.publish() == 0
    upload, receive = trainer.calls()
    options = [
        "-o", "IdentitiesOnly=yes", "-o", f'UserKnownHostsFile="{trainer.root}/.sentinelcam/known_hosts"',
        "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15",
        "-o", "ConnectTimeout=15",
    ]  # fmt: skip
    keys = trainer.home / ".ssh"
    assert upload == [
        "-F", "none", "-T", "-i", f"{keys}/sentinelcam_upload", *options,
        "-l", "ops", "-p", "22", "--", "192.168.10.50", "upload", *PAIR,
    ]  # fmt: skip
    assert receive == [
        "-F", "none", "-T", "-i", f"{keys}/sentinelcam_receive", *options,
        "-l", "sentinelcam", "-p", "2222", "--", "192.168.10.10", "receive", *PAIR,
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "told"), [
    (3, ", stored and not made the current version: the line above says why, and what to type on the control node"),
    (7, ": the lines above say why; when that is mended, the same command goes on from here"),
])  # fmt: skip
def test_exit_code_of_the_control_node(trainer: Trainer, capsys: Capture, code: int, told: str) -> None:
    trainer.order(receive=[{"says": "older than the current one\n", "ends": code}])
    assert trainer.publish() == code
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "older than the current one",
        f"face_recognition 2025-12-08: ended with {code}{told}",
    ]


def test_leftovers_go_with_a_success(trainer: Trainer) -> None:
    other = trainer.models / ".publish" / "face_recognition-2025-01-01"
    (other / "deeper").mkdir(parents=True)
    trainer.order(receive=[{"ends": 1}])
    assert trainer.publish() == 1
    assert other.exists()
    trainer.order()
    assert trainer.publish() == 0
    assert sorted(path.name for path in other.parent.iterdir()) == [".lock", trainer.snapshot.name]


def test_link_lost_while_received(trainer: Trainer, capsys: Capture) -> None:
    trainer.order(receive=[{"says": "half\n", "ends": 255}, {"lost": "Connection refused"}, {"says": "whole\n"}])
    assert trainer.publish() == 0
    assert capsys.readouterr().out.splitlines()[-6:] == [
        "half",
        "192.168.10.10: found the link lost; trying again in 0 s",
        "Connection refused",
        "192.168.10.10: found the link lost; trying again in 0 s",
        "whole",
        "face_recognition 2025-12-08: ended with 0",
    ]


def test_paths_and_names(trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.bin").write_bytes(b"o")
    monkeypatch.chdir(tmp_path)
    assert trainer.publish("facelist.csv", "./other.bin") == 0
    assert [file["name"] for file in trainer.manifest()["files"]] == ["facelist.csv", "other.bin"]


def test_required_metrics(trainer: Trainer, capsys: Capture) -> None:
    trainer.settle({**SETTINGS, "models": {"face_recognition": {"required_metrics": ["accuracy", "recall"]}}})
    assert trainer.publish(*FILES, "--notebook", str(NOTEBOOKS / "good.ipynb")) == 1
    assert capsys.readouterr().err == (
        "metrics: found no 'recall'; expected what the site requires; name its notebook: --notebook\n"
    )


def test_second_publish_is_told(trainer: Trainer, capsys: Capture) -> None:
    lock = trainer.models / ".publish/.lock"
    with alone(lock, "face_recognition 2025-12-07"):
        assert trainer.publish() == 1
    told = "found that face_recognition 2025-12-07 is being published; wait until that ends"
    assert capsys.readouterr().err == f"{lock}: {told}\n"
    assert trainer.publish() == 0
