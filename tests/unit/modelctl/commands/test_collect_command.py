"""`modelctl collect`: linked files, from a folder that stands for the sentinel to one that stands for the datasink."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.collecting import linked_files
from modelctl.inventory.json_files import Pin, PinnedFile, Pins
from modelctl.inventory_file import Inventory
from tests import chandler
from tests.unit.modelctl.fake_collect import DATA, LIST, VERSION, Hosts, near
from tests.unit.modelctl.sites import fleet


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """Hosts that are asked with ssh."""
    if os.geteuid() != 0:
        pytest.skip("the node program runs as root")
    monkeypatch.chdir(chandler.FOLDER)
    load_with(monkeypatch, Pins())
    return Hosts(tmp_path, monkeypatch)


@pytest.fixture
def hosts(far: Hosts, monkeypatch: pytest.MonkeyPatch) -> Hosts:
    near(monkeypatch)
    return far


def load_with(monkeypatch: pytest.MonkeyPatch, pins: Pins) -> None:
    inventory = Inventory(Path("inventory.py"), fleet(pins=pins), lambda: None, {})
    monkeypatch.setattr("modelctl.commands.options.load", lambda _: inventory)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["collect", *words], catch_exceptions=False)


def collect(*words: str) -> Result:
    return run("sentinel", *VERSION, *words)


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    return line


@contextmanager
def writing(path: Path) -> Iterator[int]:
    program = "import sys; file = open(sys.argv[1], 'r+b'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.communicate()


def test_both_files_are_collected_byte_by_byte(far: Hosts) -> None:
    result = collect("--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    data, rows = digest(DATA)[:12], digest(LIST)[:12]
    assert result.stdout == (
        "sentinel: face_recognition/2026-02-02:\n\n"
        "linked file      size  SHA-256       where\n"
        f"facedata.hdf5  2.4 MB  {data}  to {far.collected}/facedata.hdf5.{data}\n"
        f"facelist.csv     15 B  {rows}  to {far.collected}/facelist.csv.{rows}\n"
        "facedata.hdf5: collected, and verified at both ends\n"
        "facelist.csv: collected, and verified at both ends\n"
    )
    assert {path.name: path.read_bytes() for path in far.collected.iterdir()} == {
        f"facedata.hdf5.{data}": DATA, f"facelist.csv.{rows}": LIST,
    }  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in far.collected.iterdir()} == {0o640}
    assert far.collected.stat().st_mode & 0o777 == 0o750
    assert (far.version / "facedata.hdf5").read_bytes() == DATA
    # No name is on a command line.
    assert len([line for line in far.calls() if line.startswith("192.168.10.")]) == 8
    assert not [line for line in far.calls() if "face" in line or str(far.models) in line]


@pytest.mark.usefixtures("hosts")
def test_what_takes_long_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    shown = collect("--yes").stderr
    assert "reading the linked files of face_recognition/2026-02-02 on sentinel" in shown
    assert "collecting facedata.hdf5, 2.4 MB" in shown


def test_what_is_collected_already_is_said_and_stays(hosts: Hosts) -> None:
    collect("--yes")
    before = {path.name: path.stat().st_ino for path in hosts.collected.iterdir()}
    again = collect()
    assert again.exit_code == 0
    assert again.stdout.splitlines()[3:] == [
        f"facedata.hdf5  2.4 MB  {digest(DATA)[:12]}  collected already: "
        f"{hosts.collected}/facedata.hdf5.{digest(DATA)[:12]}",
        f"facelist.csv     15 B  {digest(LIST)[:12]}  collected already: "
        f"{hosts.collected}/facelist.csv.{digest(LIST)[:12]}",
        "",
        "nothing to collect: sentinel has nothing of face_recognition/2026-02-02 that is not elsewhere",
    ]
    (hosts.version / "facelist.csv").write_bytes(LIST + b"more\n")
    assert collect("--yes").stdout.splitlines()[-1] == "facelist.csv: collected, and verified at both ends"
    assert {path.name: path.stat().st_ino for path in hosts.collected.iterdir()}.items() >= before.items()
    assert len(list(hosts.collected.iterdir())) == 3


def test_what_equals_the_registry_s_copy_does_not_move(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"facemodel.pickle": b"1", "baselines.hdf5": b"2", "facelist.csv": LIST, "facedata.hdf5": b"another"}
    table = {name: PinnedFile(sha256=digest(content), size=len(content)) for name, content in files.items()}
    load_with(monkeypatch, Pins(models={VERSION[0]: {VERSION[1]: Pin(manifest="a" * 64, files=table)}}))
    stored = hosts.data / "model_registry" / VERSION[0] / VERSION[1]
    stored.mkdir(parents=True)
    (stored / "facelist.csv").write_bytes(LIST)
    row = f"facelist.csv     15 B  {digest(LIST)[:12]}  "
    result = collect("--yes")
    assert f"{row}as the registry of data1 has it\n" in result.stdout
    assert [path.name for path in hosts.collected.iterdir()] == [f"facedata.hdf5.{digest(DATA)[:12]}"]
    (stored / "facelist.csv").write_bytes(b"the registry has lost it")
    assert f"{row}to {hosts.collected}/facelist.csv.{digest(LIST)[:12]}\n" in collect("--yes").stdout
    assert len(list(hosts.collected.iterdir())) == 2


def test_without_a_yes_nothing_moves(hosts: Hosts) -> None:
    assert refusal(collect()) == "no terminal to ask at, nothing was collected; without a question: --yes"
    assert not (hosts.data / "collected").exists()


def test_a_file_that_is_not_there(hosts: Hosts) -> None:
    (hosts.version / "facedata.hdf5").unlink()
    result = collect("--yes")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[3] == "facedata.hdf5                      not there"
    assert [path.name for path in hosts.collected.iterdir()] == [f"facelist.csv.{digest(LIST)[:12]}"]


def test_a_file_that_is_open_for_writing(hosts: Hosts) -> None:
    with writing(hosts.version / "facedata.hdf5") as process:
        assert refusal(collect("--yes")) == (
            f"sentinel (192.168.10.60): {hosts.version}/facedata.hdf5 (process {process}): open for writing; "
            "expected the task to finish; run again later"
        )
    assert not (hosts.data / "collected").exists()


def test_a_file_that_changes_before_it_is_sent(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    look = linked_files.look

    def look_and_change(*words: object) -> linked_files.Linked:
        linked = look(*words)  # type: ignore[arg-type]
        with (hosts.version / "facelist.csv").open("r+b") as file:
            file.write(b"DATE")
        return linked

    monkeypatch.setattr(linked_files, "look", look_and_change)
    result = collect("--yes")
    assert refusal(result) == (
        f"sentinel (192.168.10.60): {hosts.version}/facelist.csv: it has changed since it was looked at; run again"
    )
    assert [path.name for path in hosts.collected.iterdir()] == [f"facedata.hdf5.{digest(DATA)[:12]}"]


def test_a_link_in_a_file_s_place_is_not_followed(hosts: Hosts) -> None:
    (hosts.version / "facelist.csv").unlink()
    (hosts.version / "facelist.csv").symlink_to("/etc/hostname")
    assert refusal(collect("--yes")) == (
        f"sentinel (192.168.10.60): {hosts.version}/facelist.csv: Too many levels of symbolic links; expected a plain "
        "file"
    )


def test_a_collected_file_that_was_damaged(hosts: Hosts) -> None:
    collect("--yes")
    path = hosts.collected / f"facelist.csv.{digest(LIST)[:12]}"
    path.write_bytes(b"rotten")
    assert refusal(collect("--yes")) == (
        f"data1: {path}: found SHA-256 {digest(b'rotten')}, expected {digest(LIST)}; move it away and run it again"
    )
    assert path.read_bytes() == b"rotten"


def test_a_link_that_dies_on_the_way_leaves_nothing_half(far: Hosts) -> None:
    (far.folder / "cut").write_bytes(DATA)
    assert refusal(collect("--yes")).startswith("sentinel (192.168.10.60): no reason given; look at its power")
    assert list(far.collected.iterdir()) == []
    (far.folder / "cut").unlink()
    assert collect("--yes").exit_code == 0


def test_what_a_killed_one_left_is_written_anew(hosts: Hosts) -> None:
    hosts.collected.mkdir(parents=True)
    part = hosts.collected / f".facedata.hdf5.{digest(DATA)[:12]}.part"
    part.write_bytes(b"half" * 1_000_000)
    assert collect("--yes").exit_code == 0
    assert not part.exists()
    assert (hosts.collected / f"facedata.hdf5.{digest(DATA)[:12]}").read_bytes() == DATA


class TestWhatKilledOnesLeft:
    """Of states of the file that are no more, or that are there yet."""

    @pytest.fixture
    def part(self, hosts: Hosts) -> Path:
        """A part of a file."""
        hosts.collected.mkdir(parents=True)
        part = hosts.collected / ".facedata.hdf5.0123456789ab.part"
        part.write_bytes(b"half")
        return part

    def test_a_part_stays_and_is_told(self, part: Path) -> None:
        said = (
            f"{part}: it never came whole, and stays; if sentinel lost that state of the file, it is all there is; "
            f"else remove it there: sudo rm -- {part}\n"
        )
        first, again = collect("--yes"), collect()
        for result in (first, again):
            assert (result.exit_code, result.stdout.endswith(said), part.read_bytes()) == (0, True, b"half")

    def test_one_whose_name_cannot_be_shown_is_not_advised_to_be_removed(self, part: Path) -> None:
        part.rename(part.with_name(".face\x1b[2J.0123456789ab.part"))
        assert collect("--yes").stdout.endswith("it is all there is; else look at it there\n")

    def test_what_is_whole_is_kept_whatever_becomes_of_the_rest(self, hosts: Hosts, part: Path) -> None:
        """The host has lost it, or is away."""
        final = hosts.collected / f"facedata.hdf5.{digest(DATA)[:12]}"
        part.rename(final.with_name(f".{final.name}.part")).write_bytes(DATA)
        shutil.rmtree(hosts.version)
        result = collect("--yes")
        assert result.exit_code == 1
        assert result.stdout == f"{final}: kept; it had come whole when a collect was broken off\n\n"
        assert final.read_bytes() == DATA

    def test_what_is_whole_is_not_sent_again(self, hosts: Hosts, part: Path) -> None:
        final = hosts.collected / f"facedata.hdf5.{digest(DATA)[:12]}"
        part.rename(final.with_name(f".{final.name}.part")).write_bytes(DATA)
        assert f"collected already: {final}" in collect("--yes").stdout
        assert final.read_bytes() == DATA


def test_too_little_space(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    look = linked_files.look

    def full(*words: object) -> linked_files.Linked:
        linked = look(*words)  # type: ignore[arg-type]
        return linked_files.Linked(**{**vars(linked), "free": 200_000_001})

    monkeypatch.setattr(linked_files, "look", full)
    assert refusal(collect("--yes")) == (
        f"data1: {hosts.data}/collected: too little space: 2.4 MB needed, 1 B free beside a reserve of "
        "200.0 MB; remove something there and run it again"
    )
    assert not (hosts.data / "collected").exists()


def test_what_is_refused_without_a_connection(far: Hosts) -> None:
    assert refusal(run("data1", *VERSION)) == (
        "HOST: found 'data1'; allowed: a host with a models folder: sentinel, lab1, east, alpha5"
    )
    assert refusal(run("sentinel", "haarcascades", "2020-03-25")) == (
        "MODEL: found 'haarcascades'; allowed: a model with linked files: face_recognition"
    )
    assert refusal(run("sentinels", *VERSION)).startswith("HOST: found 'sentinels'; allowed: alpha5, ")
    assert refusal(run("sentinel", "faces", "2020-03-25")).startswith("MODEL: found 'faces'; allowed: ")
    assert refusal(run("sentinel", VERSION[0], "../x")).startswith("VERSION: found '../x'; allowed: ")
    assert far.calls() == []


@pytest.mark.usefixtures("hosts")
def test_a_version_that_the_host_lacks() -> None:
    assert refusal(run("sentinel", VERSION[0], "2025-02-25")) == (
        "sentinel (192.168.10.60): face_recognition/2025-02-25: not on this node; versions of face_recognition that "
        "are: 2026-02-02"
    )


def test_a_host_that_is_unreachable(far: Hosts) -> None:
    (far.folder / "away").write_text("192.168.10.60")
    assert refusal(collect("--yes")) == (
        "sentinel (192.168.10.60): ssh: connect to host 192.168.10.60: No route to host; look at its power "
        "and its cable, then run again"
    )


def test_a_node_with_an_older_program(far: Hosts) -> None:
    (far.folder / "bin" / "sudo").write_text("#!/bin/sh\necho 'found linked-files; allowed: status' >&2; exit 64\n")
    assert refusal(collect("--yes")) == (
        "sentinel (192.168.10.60): its sentinelcam-node knows no linked-files; a deploy brings one: "
        "pyinfra inventory.py deploys/models.py --limit sentinel -y"
    )
