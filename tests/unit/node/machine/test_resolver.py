"""Names of other hosts: getent says whether a service here would find them."""

from pathlib import Path

import pytest

from node.machine import resolver
from tests.unit.modelctl import fake_programs


def test_a_name_that_is_found() -> None:
    assert resolver.fault("localhost") is None


def test_a_name_that_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_programs.put(tmp_path, monkeypatch, getent='#!/bin/sh\n[ "$1 $2" = "ahosts dada1" ] && exit 2\n')
    assert resolver.fault("dada1") == "does not find dada1"
    assert resolver.fault("data1") == "does not find data1"


def test_a_name_server_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_programs.put(tmp_path, monkeypatch, getent="#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(resolver, "SECONDS", 0.1)
    assert resolver.fault("data1") == "no answer about data1 within 0.1 s"
