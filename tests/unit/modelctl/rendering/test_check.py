from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl.errors import Faults
from modelctl.rendering import render as rendering
from modelctl.rendering.check import check, warnings
from tests.unit.modelctl.sites import fleet, pinned


@pytest.fixture
def _no_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rendering, "TEMPLATES", tmp_path)
    rendering.environment.cache_clear()
    yield
    rendering.environment.cache_clear()


def test_pinned_fleet_has_no_warnings() -> None:
    assert check(fleet()) == 22
    assert warnings(fleet(pins=pinned())) == []


@pytest.mark.usefixtures("_no_templates")
def test_faults_of_all_hosts_are_listed_each_once() -> None:
    with pytest.raises(Faults) as caught:
        check(fleet())
    services = [line.removeprefix("templates/").split("/")[0] for line in caught.value.faults]
    assert services == ["datapump"] * 2 + ["sentinel"] * 12 + ["imagenode"] * 2
    assert caught.value.faults[0].startswith("templates/datapump/datapump.service.j2: TemplateNotFound: ")
