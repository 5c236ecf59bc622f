"""`modelctl init`: a site that every command can use at once."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from modelctl import cli
from modelctl.inventory_file import load
from modelctl.product import CHECKOUT
from modelctl.schema import Datasink, Outpost, Sentinel
from modelctl.starting import default, files
from tests.chandler import FOLDER
from tests.unit.modelctl.starting import new_sites
from tests.unit.modelctl.starting.new_sites import run

NAMES = [
    ".github/workflows/site.yml",
    ".gitignore",
    "README.md",
    "inventory.py",
    "inventory/known_hosts",
    "inventory/pins.json",
    "inventory/registry.py",
    "inventory/site.py",
]

STEPS = re.compile(
    r"modelctl (trust|doctor|pin|check --strict|status)\b|git -C \S+ (add --all|commit)|pyinfra \S+ \S+ (--dry|-y)"
)


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    new_sites.known_to_git(monkeypatch)


def test_what_it_says(tmp_path: Path) -> None:
    site = tmp_path / "meadow"
    result = run(site)
    assert (result.exit_code, result.stdout) == (
        0,
        f"""{site}: the site meadow, 3 hosts, a git repository of its own
What to do next:
  1. write your hosts' names, addresses and cameras into {site}/inventory/site.py
  2. write the versions that the primary datasink has into {site}/inventory/registry.py
  3. modelctl trust datasink sentinel outpost
  4. modelctl doctor
  5. modelctl pin
  6. modelctl check --strict
  7. git -C {site} add --all && git -C {site} commit --message 'My hosts, their keys and pins'
  8. pyinfra inventory.py deploys/models.py --dry
  9. pyinfra inventory.py deploys/models.py -y
  10. modelctl status
""",
    )


def test_the_documents_have_its_order(tmp_path: Path) -> None:
    """README and the how-to of the first site: the words of each command, without what it is for."""

    def order(text: str) -> list[str]:
        steps = text.partition("What to do next")[2] or text.partition("modelctl init")[2]
        return ["".join(found) for found in STEPS.findall(steps)]

    said = order(run(tmp_path / "meadow").stdout)
    assert len(said) == 9
    for page in ("README.md", "docs/how-to/first-site.md"):
        assert list(dict.fromkeys(order((CHECKOUT / page).read_text(encoding="utf-8"))))[: len(said)] == said


def test_the_first_step_is_what_was_not_given(tmp_path: Path) -> None:
    given = ("--datasink", "data1=10.0.0.1", "--sentinel", "10.0.0.2", "--outpost", "10.0.0.3")
    steps = {count: run(tmp_path / str(count), *given[:count]).stdout.splitlines()[2] for count in (4, 6)}
    assert steps == {
        4: f"  1. write your hosts' names, addresses and cameras into {tmp_path}/4/inventory/site.py",
        6: f"  1. look at the cameras in {tmp_path}/6/inventory/site.py",
    }


def test_its_hints_are_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Path] = []
    monkeypatch.setattr("modelctl.hints.use", used.append)
    run(tmp_path / "meadow")
    assert used[-1] == tmp_path / "meadow" / "inventory.py"


def test_it_is_a_checkout_of_its_own(tmp_path: Path) -> None:
    site = tmp_path / "meadow"
    run(site)
    assert new_sites.git(site, "ls-files").splitlines() == NAMES
    assert new_sites.git(site, "log", "--format=%an: %s") == "Anna: Begin the site meadow"
    assert (new_sites.git(site, "branch", "--show-current"), new_sites.git(site, "status", "--short")) == ("main", "")
    for left in ("inventory/.pins.json.lock", "inventory/.deploy.lock", ".deploy.roots", "inventory/__pycache__/x"):
        assert new_sites.git(site, "check-ignore", left) == left


def test_its_python_is_clean(tmp_path: Path) -> None:
    run(tmp_path / "meadow")
    assert new_sites.lint(tmp_path / "meadow") == ""


def test_it_is_checked_at_once(tmp_path: Path) -> None:
    run(tmp_path / "meadow")
    site = str(tmp_path / "meadow" / "inventory.py")
    found = CliRunner().invoke(cli.main, ["check", "--site", site], catch_exceptions=False)
    assert (found.exit_code, found.stdout) == (0, "meadow: 3 hosts, 18 files rendered, 12 warnings, no faults\n")
    fleet = load(Path(site)).fleet
    assert [type(host) for host in fleet.site.hosts.values()] == [Datasink, Sentinel, Outpost]
    assert set(fleet.registry.models) == {model for host in fleet.site.hosts for model in fleet.versions(host)}


def test_hosts_by_name_and_address(tmp_path: Path) -> None:
    run(
        tmp_path / "m", "--datasink", "10.9.0.2", "--sentinel", "brain=10.9.0.3", "--outpost", "gate=::1", "--name", "x"
    )
    site = load(tmp_path / "m" / "inventory.py").fleet.site
    assert {name: str(host.address) for name, host in site.hosts.items()} == {
        "datasink": "10.9.0.2",
        "brain": "10.9.0.3",
        "gate": "::1",
    }
    assert (site.name, site.primary_datasink) == ("x", "datasink")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--sentinel", "foo"], "Invalid value for '--sentinel': found 'foo'; expected an IPv4 or IPv6 address"),
        (
            ["--outpost", "a\nb=10.0.0.1"],
            "Invalid value for '--outpost': found 'a b'; expected a host name: up to 63 of ",
        ),
        (
            ["--name", '")'],
            "Invalid value for '--name': found '\")'; expected a host name: up to 63 of a-z, 0-9 and -, ",
        ),
        (["--sentinel", "datasink=10.0.0.1"], "found the name datasink for two hosts; expected another one for each"),
        (["--sentinel", "192.0.2.10"], "found the address 192.0.2.10 for two hosts; expected another one for each"),
        (
            ["--from", "default", "--name", "x"],
            "--from takes another site as it is; its name and hosts are changed in ",
        ),
    ],
)
def test_wrong_usage(tmp_path: Path, words: list[str], line: str) -> None:
    result = run(tmp_path / "site", *words)
    assert (result.exit_code, result.stderr.splitlines()[-1][: len(line) + 7]) == (2, f"Error: {line}")
    assert not (tmp_path / "site").exists()


def test_it_lies_beside_this_checkout() -> None:
    result = run("inventory/site")
    expected = f"found a folder of this code's own checkout; expected one beside it, as {CHECKOUT.parent}/my-site"
    assert (result.exit_code, result.stderr) == (1, f"inventory/site: {expected}\n")


def test_a_folder_whose_name_no_site_could_have(tmp_path: Path) -> None:
    run(tmp_path / "My site")
    assert load(tmp_path / "My site" / "inventory.py").fleet.site.name == "my-site"


def test_git_has_to_know_whose_commit_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "")
    result = run(tmp_path / "site")
    expected = "git config --global user.name NAME; git config --global user.email ADDRESS"
    assert (result.exit_code, result.stderr) == (
        1,
        f"git: found no name and address for a commit; expected who you are: {expected}\n",
    )
    assert not (tmp_path / "site").exists()


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run(tmp_path / "site")
    assert (result.exit_code, result.stderr) == (1, "git: no such program; install it: apt-get install git\n")


class TestFromDefault:
    @pytest.fixture
    def checkout(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """This product's checkout, with the site of the tests in it."""
        shutil.copytree(FOLDER, tmp_path / "checkout", ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.setattr(default, "CHECKOUT", tmp_path / "checkout")
        return tmp_path / "checkout"

    def test_its_values_are_copied(self, checkout: Path, tmp_path: Path) -> None:
        (checkout / "inventory" / ".deploy.roots").touch()
        (checkout / "inventory" / "bad.json").write_text("{}\n")
        result = run(tmp_path / "copy", "--from", "default")
        assert result.stdout.startswith(f"{tmp_path}/copy: the site chandler, 7 hosts, a git repository of its own\n")
        values = [path.name for path in sorted((tmp_path / "copy" / "inventory").iterdir())]
        assert values == [
            "__init__.py",
            "bad.json",
            "known_hosts",
            "pins.json",
            "registry.py",
            "site.py",
            "standards.py",
        ]
        for name in values:
            assert (tmp_path / "copy" / "inventory" / name).read_text() == (checkout / "inventory" / name).read_text()

    def test_a_fault_of_it_is_told_where_it_is(self, checkout: Path, tmp_path: Path) -> None:
        (checkout / "inventory" / "standards.py").write_text("STANDARDS = 1 2")
        result = run(tmp_path / "copy", "--from", "default")
        assert (result.exit_code, result.stderr) == (
            1,
            f"{checkout}/inventory/standards.py:1: invalid syntax; expected Python\n",
        )
        assert not (tmp_path / "copy").exists()


class TestItsWorkflow:
    @pytest.mark.parametrize(
        ("origin", "code"),
        [
            ("git@example.com:me/deploy.git", "https://example.com/me/deploy.git"),
            ("ssh://git@example.com/me/deploy", "https://example.com/me/deploy"),
            ("https://me:secret@example.com:8443/deploy.git", "https://example.com:8443/deploy.git"),
            ("/srv/deploy.git", files.PLACEHOLDER),
            ("", files.PLACEHOLDER),
        ],
    )
    def test_it_clones_this_code(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, code: str) -> None:
        new_sites.git(tmp_path, "init", "--quiet")
        if origin:
            new_sites.git(tmp_path, "remote", "add", "origin", origin)
        monkeypatch.setattr(files, "CHECKOUT", tmp_path)
        assert files.cloned_from() == code

    @pytest.mark.parametrize(("code", "is_said"), [(files.PLACEHOLDER, True), ("https://example.com/x.git", False)])
    def test_an_examples_address_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, is_said: bool
    ) -> None:
        monkeypatch.setattr(files, "cloned_from", lambda: code)
        run(tmp_path / "meadow")
        text = (tmp_path / "meadow" / ".github" / "workflows" / "site.yml").read_text()
        assert ("# This address is an example's: write where your CI can clone the code from." in text) == is_said

    def test_it_is_the_job_of_this_code_at_its_commit(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "commit_of", lambda _: f"{'12' * 20}-dirty")
        run(tmp_path / "meadow")
        workflow = yaml.safe_load((tmp_path / "meadow" / ".github" / "workflows" / "site.yml").read_text())
        assert workflow["env"]["COMMIT"] == "12" * 20
        assert [step.get("run") for step in workflow["jobs"]["check"]["steps"]] == [
            None,
            'git clone --quiet "$CODE" code',
            'git -C code checkout --quiet "$COMMIT"',
            "code/script/site site/inventory.py",
        ]
