"""Sizes, rates and durations, as people read them."""

import pytest

from modelctl.quantities import duration, part, rate, size


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (999_940, "999.9 kB"),
        (999_960, "1.0 MB"),
        (2_500_000_000, "2.5 GB"),
        (7_000_000_000_000, "7.0 TB"),
        (7_000_000_000_000_000, "7000.0 TB"),
    ],
)
def test_a_size_has_one_decimal_and_a_decimal_unit(count: int, shown: str) -> None:
    assert size(count) == shown


@pytest.mark.parametrize(
    ("count", "whole", "shown"),
    [
        (2_400_000, 97_500_000, "2.4 of 97.5 MB"),
        (814_900, 97_500_000, "814.9 kB of 97.5 MB"),
        (0, 30_200_000, "0 B of 30.2 MB"),
        (7, 9, "7 of 9 B"),
    ],
)
def test_a_part_of_a_size_says_its_unit_where_that_is_another(count: int, whole: int, shown: str) -> None:
    assert part(count, whole) == shown


def test_a_rate_is_a_size_per_second() -> None:
    assert rate(1_900_000) == "1.9 MB/s"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (80, "1 min 20 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (259_200, "3 d"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
