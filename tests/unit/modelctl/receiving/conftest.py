"""A clone that receives."""

from pathlib import Path

import pytest

from tests.unit.modelctl.datasinks import NearDatasink
from tests.unit.modelctl.fake_changes import FakeHosts, Stage, use
from tests.unit.modelctl.receiving import stages
from tests.unit.modelctl.receiving.stages import Origin


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return stages.built(tmp_path)


@pytest.fixture
def origin(stage: Stage, tmp_path: Path) -> Origin:
    return Origin(stage, tmp_path)


@pytest.fixture(autouse=True)
def hosts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> FakeHosts:
    return use(stage, monkeypatch)


@pytest.fixture(autouse=True)
def datasink(tmp_path: Path, hosts: FakeHosts, monkeypatch: pytest.MonkeyPatch) -> NearDatasink:
    del hosts  # which is asked what this one is not
    return stages.near(tmp_path, monkeypatch)
