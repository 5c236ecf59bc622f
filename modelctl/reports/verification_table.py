"""What a verification found, for people: a table, then what is missing, extra and changed, then what to do."""

from collections.abc import Iterator

from modelctl import hints
from modelctl.inventory.fleet import Fleet
from modelctl.reports.verification import ABSENT, Checked, Verification
from modelctl.table import BAD, ODD, UNKNOWN, WELL, Report, Row, Table, number

COLUMNS = ("host", "folder", "model", "version", "against", "missing", "extra", "changed")


def report(fleet: Fleet, verified: Verification) -> Report:
    """The table and the lines."""
    table = Table(COLUMNS, tuple(map(_row, verified.versions)), frozenset(COLUMNS[-3:]))
    notes = [*_differences(verified), *_errors(verified), *_unpinned(verified), *_remedies(fleet, verified)]
    return Report((table,), tuple(notes))


def _row(checked: Checked) -> Row:
    place = (checked.host, checked.folder, checked.model, checked.version, checked.against)
    if checked.error is not None:
        return Row((*place, *[UNKNOWN] * 3), ODD)
    found = checked.found
    counts = (number(len(each)) for each in (found.missing, found.extra, found.changed))
    return Row((*place, *counts), BAD if found else WELL)


def _differences(verified: Verification) -> Iterator[str]:
    for kind in ("missing", "extra", "changed"):
        yield from sorted(
            f"{kind}: {each.host} {each.folder}: {each.model}/{each.version}: {line}"
            for each in verified.versions
            for line in getattr(each.found, kind)
        )


def _errors(verified: Verification) -> list[str]:
    return list(dict.fromkeys(each.error for each in verified.versions if each.error is not None))


def _unpinned(verified: Verification) -> Iterator[str]:
    for each in verified.versions:
        if each.against == "manifest" and each.found != ABSENT:
            label, pin = f"{each.model}/{each.version}", hints.modelctl(f"pin {each.model} {each.version}")
            yield f"{each.host} {each.folder}: {label}: not pinned, so its own manifest counts; to pin it: {pin}"
    yield from (f"{each}: not read, no pin covers it" for each in verified.unchecked)


def _remedies(fleet: Fleet, verified: Verification) -> Iterator[str]:
    differing = dict.fromkeys((each.host, each.folder) for each in verified.versions if each.found)
    for host, folder in differing:
        if folder == "registry":
            where = fleet.registry_folder()
            then = f"or name another version; then: {hints.modelctl('verify')}"
            yield f"{host} {folder}: put the files back below {where}, {then}"
        else:
            deploy = hints.pyinfra(f"deploys/models.py --limit {host} --data verify=full -y")
            yield f"{host} {folder}: a deploy mends what the host gets, and leaves what is extra: {deploy}"
