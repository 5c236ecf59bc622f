"""Sizes, rates and durations, as people read them."""

_UNITS = ("kB", "MB", "GB", "TB")
_SECONDS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_LARGEST_SHOWN = 999.95  # from here one decimal would show 1000.0


def size(count: float) -> str:
    """A number of bytes: 999 B, 12.3 MB."""
    if round(count) < 1000:
        return f"{count:.0f} B"
    power = 1
    while count / 1000**power >= _LARGEST_SHOWN and power < len(_UNITS):
        power += 1
    return f"{count / 1000**power:.1f} {_UNITS[power - 1]}"


def part(count: float, whole: float) -> str:
    """A number of bytes of another: 2.4 of 97.5 MB, 814.9 kB of 97.5 MB."""
    (number, unit), total = size(count).split(" "), size(whole)
    return f"{number} of {total}" if total.endswith(f" {unit}") else f"{number} {unit} of {total}"


def rate(bytes_per_second: float) -> str:
    """How fast bytes come: 1.9 MB/s."""
    return f"{size(bytes_per_second)}/s"


def duration(seconds: float) -> str:
    """A time span: 45 s, 1 min 20 s, 2 h 5 min, 3 d. Below 10 s with a decimal, for there it counts: 0.4 s."""
    if 0 < seconds < 9.95:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for unit, length in _SECONDS:
        count, left = divmod(left, length)
        if count or parts:
            parts.append((count, unit))
        if len(parts) == 2:
            break
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"
