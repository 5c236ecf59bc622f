"""pyinfra's command patches the standard library for gevent when it is imported.

Done late, in the midst of a test run, that deadlocks threads and subprocesses; so it comes first.
"""

import gc
import os
import posix
import subprocess

import pytest
from hypothesis import settings

from modelctl import hints

_SUBPROCESS = dict(vars(subprocess))
os.environ["GEVENT_NOWAITPID"] = "1"  # it would take the ends of all programs, also of those that it did not begin

import pyinfra_cli as pyinfra_cli  # noqa: E402  # patches

del os.environ["GEVENT_NOWAITPID"]
# gevent's own copies this whole process to begin a program, and takes five times as long. pyinfra has it all the same.
vars(subprocess).update(_SUBPROCESS)
# gevent's own puts it off: a lock stays held meanwhile, and removing a large folder runs out of handles.
os.close = posix.close

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("long", max_examples=300, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """A run that leaves no long test out (-m "") tries more examples of a property."""
    settings.load_profile("quick" if config.getoption("markexpr") else "long")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector need not look at it again and again."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _hints_for_the_default_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever site a test loads: tests/unit/modelctl/test_hints.py is about others."""
    monkeypatch.delenv(hints.SITE_VARIABLE, raising=False)
    monkeypatch.setattr(hints, "_site", hints.DEFAULT_SITE)
    monkeypatch.setattr(hints, "use", lambda _: None)
    monkeypatch.setattr(hints, "pyinfra", lambda words: f"pyinfra inventory.py {words}")
