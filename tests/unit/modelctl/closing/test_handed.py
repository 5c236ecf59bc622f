import pytest

from modelctl.closing import handed
from modelctl.closing.host_end import Closing, HostEnd, Standing

CLOSING = Closing(
    hosts=[
        HostEnd("data1", Standing.UNCHANGED, "", runs=True),
        HostEnd("lab1", Standing.ROLLED_BACK, "imagenode: why", runs=False),
        HostEnd("east", Standing.UNKNOWN, "", runs=False),
    ],
    commit="unknown",
    dirty=[],
    is_real=True,
    is_whole=True,
)


def test_whoever_started_the_deploy_reads_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    with handed.listening() as failures:
        assert failures.read() == []
        monkeypatch.setenv(handed.VARIABLE, failures.environment[handed.VARIABLE])
        handed.over(CLOSING)
        assert failures.read() == ["lab1 rolled back: imagenode: why", "east unknown"]


def test_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(handed.VARIABLE, raising=False)
    handed.over(CLOSING)
