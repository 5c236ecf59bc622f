"""The command: its output, its exit codes, its help."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.desired import check as checks
from modelctl.desired.check import Checked
from modelctl.desired.render import render
from modelctl.errors import OperatorError
from modelctl.nodes.trust import HostKey
from modelctl.product import release
from tests import chandler
from tests.unit.modelctl.sites import fleet

KEY = HostKey("192.168.10.20", "AAAAC3NzaC1lZDI1NTE5AAAAIGy4sUfl9uzRb3vL9JjXwWTR6SdzD2vVbMRmEWRb8o1I")
OLD = HostKey("192.168.10.20", "AAAAC3NzaC1lZDI1NTE5AAAAIAhRfX0uQ2CWkYqFq3cVgyWGG0K3Xw4Vqz4c8X7bQm1T")
SITE = """
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from modelctl.inventory.fleet import Fleet
from modelctl.schema import Pins
_FLEET = Fleet(SITE.model_copy(update={changes}), REGISTRY, STANDARDS, Pins())
def _connect():
    open({mark!r}, "w").close()
"""


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chandler.FOLDER)


def run(*arguments: object, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli.main, [str(argument) for argument in arguments], input=answer, catch_exceptions=False)


def written(folder: Path, **changes: object) -> Path:
    path = folder / "site.py"
    path.write_text(SITE.format(changes=changes, mark=str(folder / "connected")), encoding="utf-8")
    return path


def every_command(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from every_command(command, *path, name)
        elif command is not None:
            yield (*path, name), command


ALL = list(every_command(cli.main))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) or "modelctl" for path, _ in ALL])
def test_every_command_and_option_has_help(path: tuple[str, ...], command: click.Command) -> None:
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert run(*path, "-h").output == run(*path, "--help").output
    assert run(*path, "-h").exit_code == 0


@pytest.mark.parametrize("path", [path for path, command in ALL if isinstance(command, click.Group)])
def test_a_line_of_each_command_is_not_cut_and_not_folded(path: tuple[str, ...]) -> None:
    group = dict(ALL)[path]
    assert isinstance(group, click.Group)
    shown = CliRunner().invoke(cli.main, [*path, "--help"], terminal_width=60).output
    listed = shown.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == sorted(group.list_commands(click.Context(group)))
    assert all(line.endswith(".") and not line.endswith("..") for line in listed), shown


def test_the_list_of_commands_loads_none_of_them() -> None:
    lines = ("import sys", "from modelctl.cli import main", "main(['--help'], standalone_mode=False)")
    code = "\n".join([*lines, "assert not [name for name in sys.modules if name.startswith('modelctl.commands.')]"])
    subprocess.check_output([sys.executable, "-c", code], timeout=60)


def test_the_release() -> None:
    shown = run("--version")
    assert (shown.exit_code, shown.output) == (0, f"modelctl {release()}\n")


@pytest.mark.parametrize("path", [path for path, each in ALL if any("--json" in param.opts for param in each.params)])
def test_an_error_for_programs_is_an_object_too(path: tuple[str, ...]) -> None:
    words = {"show": ["m"], "diff": ["m", "a", "b"]}.get(path[0], [])
    refused = run(*path, *words, "--json", "--site", "none.py")
    found = json.loads(refused.stdout)
    assert (refused.exit_code, found, refused.stderr) == (
        1,
        {"format": 1, "error": found["error"]},
        f"{found['error']}\n",
    )
    assert found["error"].startswith("none.py: no such file; ")
    wrong = run(*path, "--json", "--jsno")
    assert (wrong.exit_code, json.loads(wrong.stdout)["format"]) == (2, 1)
    assert wrong.stderr.endswith(f"Error: {json.loads(wrong.stdout)['error']}\n")


def test_a_command_that_is_none() -> None:
    result = run("stauts")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: No such command 'stauts'; did you mean status?; the commands: main --help\n")
    assert "did you mean" not in run("remove").stderr


def test_check_of_a_site_without_pins_and_trust() -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout == "chandler: 7 hosts, 22 files rendered, 17 warnings, no faults\n"
    assert len(result.stderr.splitlines()) == 17
    assert (
        "warning: mobilenet_ssd/2020-12-06: no pin covers it, so a deploy to sentinel, lab1, alpha5 refuses it; "
        "pin it: modelctl pin\n"
    ) in result.stderr
    assert (
        "warning: coral_packages/2025-12-19: no pin covers it, so a deploy to sentinel, alpha5 refuses it; "
        "download it: modelctl coral download, then pin it: modelctl coral pin\n"
    ) in result.stderr


def test_strictly_that_is_no_success() -> None:
    plain, strict = run("check"), run("check", "--strict")
    *warnings, why = strict.stderr.splitlines()
    assert (strict.exit_code, strict.stdout, warnings) == (1, plain.stdout, plain.stderr.splitlines())
    assert why == "--strict: a deploy could not reach every host with all that it needs; see the warnings"


def test_check_for_programs() -> None:
    plain, strict = run("check", "--json"), run("check", "--json", "--strict")
    assert (plain.exit_code, strict.exit_code, strict.stdout) == (0, 1, plain.stdout)
    assert plain.stderr == strict.stderr == ""
    found = json.loads(plain.stdout)
    assert found | {"not_ready": []} == {
        "format": 1,
        "site": "chandler",
        "hosts": 7,
        "files": 22,
        "pins": 0,
        "warnings": [],
        "not_ready": [],
    }
    assert len(found["not_ready"]) == 17


def test_what_is_deprecated_is_ready_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "check", lambda _: Checked("chandler", 7, 22, 0, ("ncs2 is deprecated",), ()))
    result = run("check", "--strict")
    assert (result.exit_code, result.stderr) == (0, "warning: ncs2 is deprecated\n")


def test_check_warns_of_ncs2(tmp_path: Path) -> None:
    path = written(tmp_path)
    sentinel = "{**SITE.hosts, 'sentinel': SITE.hosts['sentinel'].model_copy(update={'accelerator': 'ncs2'})}"
    changes = f"'hosts': {sentinel}, 'ncs2_nodes': ('sentinel',)"
    path.write_text(path.read_text().replace("update={}", f"update={{{changes}}}"))
    result = run("check", "--site", path)
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: site.hosts.sentinel: ncs2 is deprecated;")


def test_check_lists_all_faults(tmp_path: Path) -> None:
    result = run("check", "--site", written(tmp_path, primary_datasink="x", legacy_nodes=("y",), max_scan_days=0))
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "site.max_scan_days", "site.primary_datasink", "site.legacy_nodes.0",
    ]  # fmt: skip


def test_render_prints_every_file_under_its_header() -> None:
    result = run("render", "lab1")
    assert result.exit_code == 0
    headers = [line for line in result.stdout.splitlines() if line.startswith("# /")]
    assert headers == ["# /etc/systemd/system/imagenode.service root 0644", "# /home/ops/imagenode.yaml ops 0644"]
    assert all(file.content and file.content in result.stdout for file in render(fleet(), "lab1"))


def test_render_writes_every_file_below_a_folder(tmp_path: Path) -> None:
    assert run("render", "sentinel", "--output", tmp_path / "new").exit_code == 0
    files = {str(path.relative_to(tmp_path / "new")): path for path in (tmp_path / "new").rglob("*") if path.is_file()}
    assert {f"/{name}": path.read_text() for name, path in files.items()} == {
        str(file.path): file.content for file in render(fleet(), "sentinel")
    }


def test_render_refuses_a_file_as_its_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    result = run("render", "lab1", "--output", tmp_path / "file")
    assert result.exit_code == 1
    assert result.stderr == (
        f"--output: {tmp_path}/file/etc/systemd/system: Not a directory; expected a folder to write to\n"
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_render_of_a_host_without_files() -> None:
    result = run("render", "wall1")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize("command", ["render", "trust"])
def test_unknown_host(command: str) -> None:
    result = run(command, "lab2")
    assert result.exit_code == 1
    assert result.stderr == ("HOST: found 'lab2'; allowed: alpha5, data1, deepend, east, lab1, sentinel, wall1\n")


@pytest.mark.parametrize("command", [("check",), ("render", "lab1"), ("trust", "lab1"), ("status",)])
def test_missing_site_file(command: tuple[str, ...]) -> None:
    result = run(*command, "--site", "none.py")
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith("none.py: no such file")


class TestTrust:
    @pytest.fixture(autouse=True)
    def _host(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A host that shows KEY once the way to it is open."""
        self.known = tmp_path / "known_hosts"
        self.site = written(tmp_path, known_hosts=str(self.known))

        self.port = 22

        def scan(host: str, address: object, port: int) -> HostKey:
            assert (tmp_path / "connected").exists()
            assert (host, str(address), port) == ("lab1", KEY.address, self.port)
            return KEY

        monkeypatch.setattr("modelctl.nodes.trust.scan", scan)

    def trust(self, *options: str, answer: str | None = None) -> Result:
        return run("trust", "lab1", "--site", self.site, *options, answer=answer)

    def test_yes_adds_the_key(self) -> None:
        result = self.trust("--yes")
        assert result.exit_code == 0
        assert result.stdout == f"lab1 (192.168.10.20): {KEY.fingerprint}\nlab1 is trusted now, in {self.known}\n"
        assert self.known.read_text() == f"192.168.10.20 ssh-ed25519 {KEY.key} lab1\n"

    def test_asks_and_takes_yes(self) -> None:
        assert self.trust(answer="y\n").exit_code == 0
        assert self.known.exists()

    def test_asks_and_takes_no(self) -> None:
        result = self.trust(answer="n\n")
        assert (result.exit_code, result.stderr) == (1, "lab1: not trusted, nothing changed\n")
        assert not self.known.exists()

    def test_several_hosts_are_asked_about_one_by_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One that is not up, or that the operator says no to, is no other's failure."""
        keys = {"lab1": KEY, "alpha5": HostKey("192.168.10.22", KEY.key), "data1": HostKey("192.168.10.50", OLD.key)}

        def scan(host: str, *_: object) -> HostKey:
            if host not in keys:
                raise OperatorError(f"{host}: is it up?")
            return keys[host]

        monkeypatch.setattr("modelctl.nodes.trust.scan", scan)
        words = ("trust", "east", "lab1", "alpha5", "data1", "lab1", "--site", self.site)
        result = run(*words, answer="y\nn\ny\n")
        assert result.exit_code == 1
        assert result.stderr == "east: is it up?\nalpha5: not trusted, nothing changed\n"
        assert result.stdout.count("Does the host itself show this fingerprint?") == 3
        assert self.known.read_text() == (
            f"192.168.10.20 ssh-ed25519 {KEY.key} lab1\n192.168.10.50 ssh-ed25519 {OLD.key} data1\n"
        )

    def test_nobody_is_asked_about_when_one_is_no_host(self) -> None:
        result = run("trust", "lab1", "lab2", "--yes", "--site", self.site)
        assert (result.exit_code, result.stdout) == (1, "")
        assert not self.known.exists()

    def test_same_key_again(self) -> None:
        self.trust("--yes")
        result = self.trust()
        assert result.exit_code == 0
        assert result.stdout == f"lab1 (192.168.10.20): {KEY.fingerprint} is already trusted\n"

    def test_another_key_is_refused(self) -> None:
        line = f"192.168.10.20 ssh-ed25519 {OLD.key} old\n"
        self.known.write_text(line)
        result = self.trust("--yes")
        assert result.exit_code == 1
        assert result.stderr == (
            f"lab1 (192.168.10.20): found {KEY.fingerprint}, expected {OLD.fingerprint}; "
            "if its card is new: modelctl trust lab1 --replace\n"
        )
        assert self.known.read_text() == line

    def test_another_key_replaces_it_when_told(self) -> None:
        self.known.write_text(f"192.168.10.20 ssh-ed25519 {OLD.key} old\n")
        assert self.trust("--yes", "--replace").exit_code == 0
        assert self.known.read_text() == f"192.168.10.20 ssh-ed25519 {KEY.key} lab1\n"

    def test_replacing_leaves_no_other_key_beside_the_one_that_is_trusted(self) -> None:
        """H12."""
        line = f"192.168.10.20 ssh-ed25519 {KEY.key} lab1\n"
        self.known.write_text(f"{line}192.168.10.20 ssh-ed25519 {OLD.key} old\n")
        assert self.trust().stdout.endswith(" is already trusted\n")
        assert self.trust("--yes", "--replace").stdout.endswith(f"lab1 is trusted now, in {self.known}\n")
        assert self.known.read_text() == line
        assert self.trust("--yes", "--replace").stdout.endswith(" is already trusted\n")

    def test_at_another_port_pyinfra_looks_for_another_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """H13: the operator's ssh_config may name a port."""
        self.port = 2222
        monkeypatch.setattr("modelctl.nodes.remote.port", lambda *_: self.port)
        self.known.write_text(f"[192.168.10.20]:2222 ssh-ed25519 {OLD.key}\n")
        assert "; if its card is new: " in self.trust("--yes").stderr
        assert self.trust("--yes", "--replace").exit_code == 0
        assert self.known.read_text() == f"192.168.10.20,[192.168.10.20]:2222 ssh-ed25519 {KEY.key} lab1\n"
        self.known.write_text(f"192.168.10.20 ssh-ed25519 {KEY.key} lab1\n")
        assert self.trust("--yes").stdout.endswith(f"lab1 is trusted now, in {self.known}\n")
        assert self.trust().stdout.endswith(" is already trusted\n")

    @pytest.mark.parametrize("options", [("--yes",), ("--yes", "--replace")])
    def test_a_revoked_key_is_not_trusted(self, options: tuple[str, ...]) -> None:
        """H12."""
        text = f"# ours\n@revoked * ssh-ed25519 {KEY.key} stolen\n192.168.10.20 ssh-ed25519 {KEY.key}\n"
        self.known.write_text(text)
        result = self.trust(*options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            f"{self.known}:2: it revokes {KEY.fingerprint}, which lab1 (192.168.10.20) shows; expected another key; "
            "give the host a new one (ssh-keygen -A), or remove the line\n"
        )
        assert self.known.read_text() == text


def test_the_program_loads_the_commands_without_collecting_garbage_and_runs_them_with_it() -> None:
    lines = (
        "import gc",
        "import modelctl.cli",
        "modelctl.cli.main = lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)",
        "from modelctl.start import main",
        "main()",
    )
    said = subprocess.check_output([sys.executable, "-c", "\n".join(lines)], text=True, timeout=60)
    assert said == "True True\n"
