"""Plays the attacks with the files of a face model."""

import os
import pickle
import shutil
from pathlib import Path

import pytest

from node.errors import Refusal
from node.machine import commands
from node.protocol.registry import FaceModelFiles
from node.registry import baselines, face_model, model_labels
from node.registry.hdf5 import Unreadable
from tests.unit.attacks import evil_baselines, evil_lists, table
from tests.unit.attacks.attack import Attack, Way
from tests.unit.attacks.playing import case_of, played
from tests.unit.node.registry import bombs
from tests.unit.node.registry.asking import in_a_copy
from tests.unit.node.registry.copied_reader import fed_to_a_copy

PICKLES = {**bombs.COMMANDS, **bombs.TRICKS, **bombs.FLOODS}
TOLD = "; expected a face model of scikit-learn, {'svm': SVC, 'labels': LabelEncoder}; train it anew"
LIST_AS = "expected a face list in CSV with the columns date, event, timestamp; train it anew"
AS_IT_IS_RUN = "a function by protocol 4", "terminal escapes", "two states", "no stream", "something else"
FLOOD_SECONDS = 20


def refused_pickle(folder: Path, content: bytes) -> str:
    path = folder / "facemodel.pickle"
    path.write_bytes(content)
    with pytest.raises(Refusal) as caught:
        model_labels.read(path)
    return str(caught.value)


@played(Way.PICKLE, Way.FLOOD)
def test_a_pickle(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_labels, "SECONDS", FLOOD_SECONDS)
    if attack.way is Way.PICKLE:
        monkeypatch.setattr(commands, "fed", fed_to_a_copy)
    for case in attack.played:
        with case_of(attack, case):
            found = refused_pickle(tmp_path, PICKLES[case])
            assert attack.found in found
            assert (found.startswith("facemodel.pickle: "), found.endswith(TOLD)) == (True, True)
            assert found.isprintable()
            assert not (tmp_path / "bomb").exists()


@pytest.mark.parametrize("case", AS_IT_IS_RUN)
def test_a_pickle_is_refused_by_the_reader_as_it_is_run(case: str, tmp_path: Path) -> None:
    [attack] = [attack for attack in table.of(Way.PICKLE) if case in attack.played]
    assert attack.found in refused_pickle(tmp_path, PICKLES[case])
    assert not Path("/bomb").exists()


@pytest.mark.parametrize("case", [
    case for attack in table.of(Way.PICKLE) if attack.found in ("os.system", "posix.system") for case in attack.played
    if case != "behind an honest beginning"  # which needs scikit-learn
])  # fmt: skip
def test_what_is_called_a_bomb_is_one(case: str, tmp_path: Path) -> None:
    def load() -> None:
        os.chdir(tmp_path)
        pickle.loads(PICKLES[case])  # noqa: S301 - in a copy, in a folder of its own

    assert in_a_copy(load) == 0
    assert (tmp_path / "bomb").exists()


@played(Way.BASELINES, Way.LINKED)
def test_baselines(attack: Attack) -> None:
    is_linked = attack.way is Way.LINKED
    honest = evil_baselines.LINKED if is_linked else evil_baselines.HONEST
    for case in attack.played:
        with case_of(attack, case):
            content = (evil_baselines.EVIL_LINKS if is_linked else evil_baselines.EVIL)[case](honest)
            assert content != honest
            with pytest.raises(Unreadable) as caught:
                baselines.thresholds(content)
            assert attack.found in str(caught.value)


@played(Way.LIST)
def test_a_list(attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a model and baselines that are right."""
    monkeypatch.setattr(commands, "fed", fed_to_a_copy)
    files = FaceModelFiles("facemodel.pickle", "baselines.hdf5", "facelist.csv")
    for name, source in zip(files[:2], ("1.3.2-4.pickle", "1.3.2.hdf5"), strict=True):
        shutil.copyfile(evil_lists.MODELS / source, tmp_path / name)
    for case in attack.played:
        (tmp_path / "facelist.csv").write_bytes(evil_lists.LISTS[case])
        with case_of(attack, case), pytest.raises(Refusal) as caught:
            face_model.require_right(tmp_path, files)
        assert str(caught.value) == f"facelist.csv: {attack.found}; {LIST_AS}"
