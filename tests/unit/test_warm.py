"""What is begun in a copy of a loaded process looks to a test like a process of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT
from tests import warm
from tests.fleet.operator import MODELCTL, environment


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Path]:
    """A site that takes its time to load, while the tests ignore a signal."""
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory.py").write_text("import time\ntime.sleep(60)\n")
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    warm._server.cache_clear()  # a server that is begun now ignores what this process does
    yield tmp_path / "inventory.py"
    signal.signal(signal.SIGTERM, before)
    warm._server.cache_clear()


def begun(*words: str) -> warm.Process:
    return warm.Process([MODELCTL, *words], CHECKOUT, environment(CHECKOUT))


def test_it_ends_with_what_it_said_and_its_exit_code() -> None:
    process = begun("--version")
    out, err = process.communicate(60)
    assert (process.wait(), process.poll(), err) == (0, 0, "")
    assert out.startswith("modelctl ")
    process.kill()  # of one that has ended: nobody else is hit
    assert begun("nonsense").wait(60) == 2


def test_it_hears_signals_also_where_the_tests_ignore_them(slow: Path) -> None:
    process = begun("check", "--site", str(slow))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.2)
    os.kill(process.pid, 0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM


def test_nothing_stays_of_one_that_nobody_holds() -> None:
    process = begun("--version")
    process.wait(60)
    folder = process._folder
    assert sorted(path.name for path in folder.iterdir()) == ["err", "out", "told"]
    del process
    assert not folder.exists()
