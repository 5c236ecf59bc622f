from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from modelctl.inventory import values
from tests.unit.cases import each


@pytest.mark.parametrize("text", ["2026-02-02", "2024-02-29", "2026-02-02.2", "2026-02-02.10"])
def test_version_is_a_real_date_and_perhaps_a_number(text: str) -> None:
    assert TypeAdapter(values.Version).validate_python(text) == text


@each(
    "text",
    [
        "2026-02-30", "2025-02-29", "2026-13-01", "2026-2-2", "26-02-02", "2026-02-02.1", "2026-02-02.0",
        "2026-02-02.02", "2026-02-02.", "2026-02-02\n", " 2026-02-02", "20260202", "2026-02-02/..", "٢٠٢٦-02-02",
        "", "latest",
    ],
)  # fmt: skip
def test_version_refuses(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(values.Version).validate_python(text)


def test_version_key_sorts_by_date_then_number() -> None:
    in_order = ["2025-12-31.3", "2026-02-02", "2026-02-02.2", "2026-02-02.10", "2026-02-03"]
    assert sorted(sorted(in_order, reverse=True), key=values.version_key) == in_order


@given(st.dates(min_value=date(1000, 1, 1)), st.integers(2, 9999))
def test_version_key_reads_what_is_written(day: date, number: int) -> None:
    assert values.version_key(f"{day}.{number}") == (day, number)
    assert values.version_key(str(day)) == (day, 1)


HOSTILE = [
    "", "..", "../x", "a/b", "/a", "a b;c", "a$(x)", "a\nb", "a\n", "-rf", "a" * 200, "é", "a\0", "`x`", "%h", "a'b",
    "{{x}}",
]  # fmt: skip


@pytest.mark.parametrize(
    "kind", [values.HostName, values.ModelName, values.FileName, values.NodeName, values.CameraName]
)
@each("text", HOSTILE)
def test_names_refuse_hostile_text(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (values.HostName, "data-1", "Data1"),
        (values.HostName, "a", "a-"),
        (values.ModelName, "mobilenet_ssd", "mobilenet-ssd"),
        (values.FileName, "mobilenet-ssd_openvino_2021.4_6shave.blob", "manifest.yaml"),
        (values.FileName, "a.b", ".a"),
        (values.NodeName, "outpost_2", "_x"),
        (values.CameraName, "P10", "P"),
        (values.CameraName, "W1", "X1"),
        (values.Login, "ops", "Ops"),
        (values.Sha256, "0" * 64, "0" * 63),
        (values.HomePath, ".opencv/bin/python", "../x"),
        (values.HomePath, "a/b", "/a"),
    ],
)
def test_names_have_strict_patterns(kind: Any, good: str, bad: str) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    assert adapter.validate_python(good) == good
    with pytest.raises(ValidationError):
        adapter.validate_python(bad)


@pytest.mark.parametrize("text", ["192.168.10.50", "fd00::1"])
def test_address_is_an_ip_address(text: str) -> None:
    assert str(TypeAdapter(values.Address).validate_python(text)) == text


@pytest.mark.parametrize("text", ["192.168.10.256", "data1", "192.168.10.50/24", ""])
def test_address_refuses(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(values.Address).validate_python(text)
