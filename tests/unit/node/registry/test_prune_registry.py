"""The clean-up of the registry: it removes what is on the list and past its time, and says what that freed."""

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from node import cli, codec, layout, root_commands
from node.errors import Refusal
from node.protocol.versions import Listed, RenewDeleteList
from node.registry import delete_list, prune_registry
from node.registry.prune_registry import Place
from node.store import files, history
from tests.unit.node.places import fill, manifest_of, sha256, tree, uid

NOW, PAST, FUTURE = "2026-11-29T03:00:00Z", "2026-11-29T03:00:00Z", "2026-11-29T03:00:01Z"
BYTES = {"cats.bin": b"meow" * 10}


@pytest.fixture
def depot(tmp_path: Path) -> Place:
    (tmp_path / "registry").mkdir()
    (tmp_path / "logs").mkdir()
    return Place(tmp_path / "registry", tmp_path / "logs" / "model_cleanup.log")


def store(depot: Place, version: str, contents: Mapping[str, bytes] = BYTES, model: str = "cats") -> Path:
    folder = depot.registry / model / version
    fill(folder, manifest_of(model, version), contents)
    return folder


def entry(folder: Path, **changes: Any) -> dict[str, Any]:
    """A version as it would be listed now."""
    model, version = folder.parent.name, folder.name
    return {
        "model": model,
        "version": version,
        "manifest": sha256(manifest_of(model, version)),
        "bytes": prune_registry.freed_by(folder),
        "due": PAST,
        "since": "2026-11-22T00:00:00Z",
        "operator": "anna@ramrod",
    } | changes


def write(*entries: dict[str, Any]) -> None:
    was = delete_list.show(Path("/nowhere")).digest
    delete_list.renew(RenewDeleteList(was, [codec.decode(Listed, each) for each in entries], {}))


def lines(depot: Place) -> list[str]:
    return depot.log.read_text().splitlines() if depot.log.exists() else []


def test_what_is_due_goes_with_a_line_and_the_rest_stays(depot: Place) -> None:
    due, later, other = store(depot, "2019-01-01"), store(depot, "2019-01-02"), store(depot, "2019-01-01.2")
    (depot.registry / "coral_packages").mkdir()
    write(entry(due), entry(later, due=FUTURE))
    freed = prune_registry.freed_by(due)
    before = tree(depot.registry)
    assert prune_registry.clean(depot, NOW) == []
    assert not due.exists()
    assert tree(depot.registry) == {name: content for name, content in before.items() if "2019-01-01/" not in name}
    assert sorted(path.name for path in (depot.registry / "cats").iterdir()) == [other.name, later.name]
    assert lines(depot) == [f"{NOW} removed cats/2019-01-01, {freed} bytes; listed 2026-11-22T00:00:00Z by anna@ramrod"]
    assert freed == len(b"meow" * 10) + len(manifest_of("cats", "2019-01-01"))


def test_again_it_does_nothing(depot: Place) -> None:
    write(entry(store(depot, "2019-01-01")))
    prune_registry.clean(depot, NOW)
    before = lines(depot)
    assert prune_registry.clean(depot, NOW) == []
    assert lines(depot) == before


def test_what_was_stored_anew_was_not_listed(depot: Place) -> None:
    write(entry(store(depot, "2019-01-01")))
    prune_registry.clean(depot, NOW)
    folder = store(depot, "2019-01-01")
    assert delete_list.show(depot.log).entries == []
    assert prune_registry.clean(depot, NOW) == []
    assert folder.is_dir()
    write(entry(folder, since="2026-11-23T00:00:00Z"))
    assert prune_registry.clean(depot, NOW) == []
    assert not folder.exists()


def test_without_a_list_it_does_nothing(depot: Place) -> None:
    store(depot, "2019-01-01")
    before = tree(depot.registry)
    assert prune_registry.clean(depot, NOW) == []
    assert tree(depot.registry) == before
    assert not layout.cleanup().exists()


def test_a_damaged_list_removes_nothing(depot: Place) -> None:
    folder = store(depot, "2019-01-01")
    store(depot, ".retired-2019-01-02")
    files.folder(layout.cleanup())
    (layout.cleanup() / "list.json").write_text(json.dumps([entry(folder), {**entry(folder), "due": "now"}]))
    before = tree(depot.registry)
    with pytest.raises(Refusal, match="so nothing is removed"):
        prune_registry.clean(depot, NOW)
    assert tree(depot.registry) == before


def test_what_was_spared_since_it_began_stays(depot: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = store(depot, "2019-01-01"), store(depot, "2019-01-02")
    write(entry(first), entry(second))

    def spare(moment: str, _: Path) -> None:
        if moment == "after append":
            delete_list.keep_referenced(["cats/2019-01-02"], {})

    monkeypatch.setattr(files, "observer", spare)
    assert prune_registry.clean(depot, NOW) == []
    assert (first.exists(), second.exists()) == (False, True)


def as_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def below_a_link(folder: Path) -> None:
    folder.parent.rename(folder.parent.with_name("dogs"))
    folder.parent.symlink_to("dogs")


def as_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


def with_another_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").write_text("name: cats\nversion: 2019-01-01 \n")


def with_a_linked_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").rename(folder.parent / "manifest.yaml")
    (folder / "manifest.yaml").symlink_to("../manifest.yaml")


def without_manifest(folder: Path) -> None:
    (folder / "manifest.yaml").unlink()


def with_another_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def with_a_second_link(folder: Path) -> None:
    (folder.parent / "kept.bin").hardlink_to(folder / "cats.bin")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (as_link, "{}: a link or a file; expected a folder; it stays"),
        (below_a_link, "{.parent}: a link or a file; expected a folder; it stays"),
        (as_file, "{}: a link or a file; expected a folder; it stays"),
        (with_another_manifest, "{}/manifest.yaml: found SHA-256 "),
        (with_a_linked_manifest, "{}/manifest.yaml: not there; expected the listed version's; it stays"),
        (without_manifest, "{}/manifest.yaml: not there; expected the listed version's; it stays"),
        (with_another_file, "{}: found 75 bytes to free; listed were 71; it stays"),
        (with_a_second_link, "{}: found 31 bytes to free; listed were 71; it stays"),
    ],
)
def test_what_is_not_as_it_was_listed_stays_and_the_others_go(depot: Place, change: Any, line: str) -> None:
    folder, other = store(depot, "2019-01-01"), store(depot, "2019-01-02", model="eels")
    write(entry(folder), entry(other))
    change(folder)
    before = {name: content for name, content in tree(depot.registry).items() if not name.startswith("eels")}
    [problem] = prune_registry.clean(depot, NOW)
    assert problem.startswith(line.format(folder))
    assert problem.endswith("; to list it anew: modelctl prune registry")
    assert tree(depot.registry) == before
    assert [each.split(",")[0] for each in lines(depot)] == [f"{NOW} removed eels/2019-01-02"]


def test_the_exit_code_tells_that_one_stayed(
    depot: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(history, "now", lambda: NOW)
    folder, other = store(depot, "2019-01-01"), store(depot, "2019-01-02")
    write(entry(folder), entry(other))
    without_manifest(folder)
    assert cli.main(["retire", str(depot.registry), str(depot.log)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not other.exists()
    with_another_manifest(folder)
    write()
    assert cli.main(["retire", str(depot.registry), str(depot.log)]) == 0


def test_it_needs_no_root_and_nothing_else_does_without(
    depot: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid())
    assert cli.main(["retire", str(depot.registry), str(depot.log)]) == 0
    for name in set(root_commands.COMMANDS) - {"retire"}:
        assert cli.main([name]) == 1
        assert "needs root" in capsys.readouterr().err


def test_bytes_of_files_with_other_links_are_not_freed(depot: Place) -> None:
    folder = store(depot, "2019-01-01", {"a.bin": b"1" * 100, "b.bin": b"2" * 10})
    (folder / "more").mkdir()
    (folder / "more" / "c.bin").write_bytes(b"3")
    (folder / "link").symlink_to("/etc/passwd")
    kept = depot.registry / "kept.bin"
    kept.hardlink_to(folder / "a.bin")
    manifest = len(manifest_of("cats", "2019-01-01"))
    assert prune_registry.freed_by(folder) == 10 + 1 + manifest
    write(entry(folder))
    assert prune_registry.clean(depot, NOW) == []
    assert f"removed cats/2019-01-01, {11 + manifest} bytes;" in lines(depot)[0]
    assert kept.read_bytes() == b"1" * 100
    assert Path("/etc/passwd").exists()


def test_what_its_user_cannot_remove_is_not_begun(depot: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = store(depot, "2019-01-01")
    write(entry(folder))
    monkeypatch.setattr(os, "access", lambda name, _, dir_fd: dir_fd and name != folder.name)
    [problem] = prune_registry.clean(depot, NOW)
    assert problem == f"{folder}: not writable for the clean-up's user; chown it and run again"
    assert folder.is_dir()


def test_an_error_of_the_disk_does_not_stop_the_others(depot: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, other = store(depot, "2019-01-01"), store(depot, "2019-01-02")
    write(entry(folder), entry(other))

    def fail(moment: str, path: Path) -> None:
        if moment == "before rename" and path.name == ".retired-2019-01-01":
            raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(files, "observer", fail)
    [problem] = prune_registry.clean(depot, NOW)
    assert problem == f"{folder.parent}/.retired-2019-01-01: Input/output error; mend that and run again"
    assert (folder.exists(), other.exists()) == (True, False)


def test_a_leftover_that_is_on_no_list_any_more_is_finished(depot: Place) -> None:
    left = store(depot, ".retired-2019-01-01")
    mine = [store(depot, ".retired-mine"), store(depot, ".retired-2019-01-02", model="Own"), store(depot, ".staging")]
    (depot.registry / "cats" / ".retired-2019-01-03").symlink_to(mine[0])
    size = prune_registry.freed_by(left)
    assert prune_registry.clean(depot, NOW) == []
    assert (left.exists(), [each.exists() for each in mine]) == (False, [True, True, True])
    assert lines(depot) == [f"{NOW} removed cats/2019-01-01, {size} bytes"]


def test_a_version_that_came_again_is_not_its_leftover(depot: Place) -> None:
    left, folder = store(depot, ".retired-2019-01-01", {"a": b"1"}), store(depot, "2019-01-01")
    write(entry(folder, due=FUTURE))
    size = prune_registry.freed_by(left)
    assert prune_registry.clean(depot, NOW) == []
    assert (left.exists(), folder.exists()) == (False, True)
    assert lines(depot) == [f"{NOW} removed cats/2019-01-01, {size} bytes"]


def test_the_log_is_the_registry_owners(depot: Place) -> None:
    os.chown(depot.registry, uid(), -1)
    write(entry(store(depot, "2019-01-01")))
    prune_registry.clean(depot, NOW)
    assert (depot.log.stat().st_uid, depot.log.stat().st_mode & 0o777) == (uid(), 0o644)


def test_nothing_goes_that_could_not_be_put_on_record(depot: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = store(depot, "2019-01-01")
    write(entry(folder))
    monkeypatch.setattr(
        os, "access", lambda name, _, dir_fd: dir_fd and name not in (depot.log.name, depot.log.parent.name)
    )
    for _ in ("no log yet", "a log"):
        with pytest.raises(
            Refusal, match=f"^{depot.log}: not writable for the clean-up's user; chown it and run again$"
        ):
            prune_registry.clean(depot, "2030-01-01T00:00:00Z")
        depot.log.touch()
    assert folder.is_dir()


def test_a_full_disk_is_told_of_with_the_log_s_name(depot: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    due = store(depot, "2019-01-01")
    write(entry(due))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "append", full)
        assert prune_registry.clean(depot, NOW) == [f"{depot.log}: No space left on device; mend that and run again"]
    assert prune_registry.clean(depot, NOW) == []
    assert len(lines(depot)) == 1
