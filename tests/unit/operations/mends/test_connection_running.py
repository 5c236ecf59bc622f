"""How pyinfra goes through its hosts, and that it is still broken."""

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyinfra.api import Config, operations
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State


class TestFailureInItsGreenlet:
    """A host that fails last ends the run, in a greenlet of its own."""

    @staticmethod
    def fail_last() -> None:
        state = State(Inventory((["lab1"], {})), Config())
        state.activate_host(state.inventory.get_host("lab1"))
        with pytest.raises(PyinfraError, match=r"^No hosts remaining!$"):
            state.pool.spawn(state.fail_hosts, set(state.inventory)).get()

    def test_gevent_still_shows_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        hub = operations.gevent.get_hub()
        monkeypatch.setattr(hub, "NOT_ERROR", tuple(set(hub.NOT_ERROR) - {PyinfraError}))
        self.fail_last()
        assert "Traceback" in capfd.readouterr().err

    def test_mended(self, capfd: pytest.CaptureFixture[str]) -> None:
        self.fail_last()
        assert "Traceback" not in capfd.readouterr().err


class TestHostOrder:
    def test_pyinfra_still_has_no_order(self) -> None:
        assert isinstance(State(Inventory((["lab1"], {})), Config()).active_hosts, set)
        source = inspect.getsourcefile(Inventory)
        assert source is not None
        assert "return list(self.state.active_hosts)" in Path(source).read_text()

    def test_mended(self) -> None:
        names = [f"host{number}" for number in range(20)]
        inventory = Inventory((names, {}))
        active = set(inventory) - {inventory.get_host("host7")}
        cast("Any", inventory).state = SimpleNamespace(active_hosts=active)
        assert [host.name for host in inventory.get_active_hosts()] == [name for name in names if name != "host7"]
