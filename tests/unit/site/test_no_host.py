"""What an operator gets who types something else than an inventory, its hosts and what to do: one line, and exit 1."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelctl.product import CHECKOUT
from tests import warm
from tests.chandler import FOLDER, INVENTORY
from tests.unit.cases import each

PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
DEPLOY = ("deploys/models.py", "--dry")
EXEC = ("exec", "--", "true")
EXPECTED = "expected an inventory file, as inventory.py"


def pyinfra(*arguments: str | Path, cwd: Path = CHECKOUT) -> tuple[int, list[str]]:
    """Run pyinfra without a terminal: its exit code, and what it says beside its steps."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "NO_COLOR": "1", "HOME": "/nonexistent"}
    done = warm.run([PYINFRA, *map(str, arguments)], cwd, environment, limit=60)
    return done.returncode, [line for line in done.stderr.splitlines() if line and not line.startswith("--> L")]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site in a folder of its own: its inventory file."""
    shutil.copytree(FOLDER, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site" / "inventory.py"


@each("words", [DEPLOY, EXEC])
def test_a_slip_in_the_name_of_an_inventory(words: tuple[str, ...]) -> None:
    """S8: nothing to do on no host is an error."""
    assert pyinfra("lab/inventry.py", *words) == (
        1,
        [f"lab/inventry.py: no such file; {EXPECTED}; did you mean lab/inventory.py?"],
    )


@each("name", ["east", "@local"])
def test_our_deploys_need_the_hosts_of_a_site(name: str) -> None:
    """S8: a host's name in place of the inventory."""
    assert pyinfra(name, *DEPLOY) == (
        1,
        [
            f"{name}: no such file; {EXPECTED}, and the hosts after --limit: "
            "pyinfra inventory.py deploys/models.py --limit HOST"
        ],
    )


def test_a_host_that_nobody_knows() -> None:
    """S8: also for what any host could do."""
    assert pyinfra("nosuchhost", *EXEC) == (
        1,
        [f"nosuchhost: no such file, and no host; {EXPECTED}, or hosts: a,b or @local"],
    )


def test_a_list_of_hosts_with_a_gap() -> None:
    assert pyinfra("127.0.0.1,", *EXEC) == (1, ["127.0.0.1,: found an empty name; expected hosts as a,b"])


def test_whatever_is_no_site_is_still_pyinfras() -> None:
    code, said = pyinfra("@local", *EXEC)
    assert code == 0, said


@each("inventory", [INVENTORY, "@local"])
def test_a_limit_whose_hosts_are_all_excluded(inventory: str | Path) -> None:
    """S8: nobody is left."""
    name = "@local" if inventory == "@local" else "east"
    assert pyinfra(inventory, *EXEC[:1], "--limit", name, "--exclude", name, *EXEC[1:]) == (
        1,
        ["--limit and --exclude leave no host; expected one at least"],
    )


def test_nothing_to_do() -> None:
    """S8: on hosts that there are."""
    line = "exec: found nothing to do; expected pyinfra INVENTORY exec -- COMMAND"
    assert pyinfra("@local", "exec") == (1, [line])


def test_data_without_a_value() -> None:
    assert pyinfra(INVENTORY, *DEPLOY, "--data", "models") == (1, ["--data: found 'models'; allowed: KEY=VALUE"])


@each("option", ["--same-sudo-password", "--ssh-password-prompt"])
def test_a_password_without_a_terminal(option: str) -> None:
    code, said = pyinfra("@local", *EXEC[:1], option, *EXEC[1:])
    what = "sudo" if "sudo" in option else "SSH"
    assert (code, said) == (
        1,
        [f"--> pyinfra error: {what} password: no terminal to type it at, so nothing was done; run this at a terminal"],
    )


@each("code", ["0", "None"])
def test_a_site_that_ends_the_program(site: Path, code: str) -> None:
    """S8: `sys.exit(0)` in registry.py likewise."""
    path = site.parent / "inventory" / "registry.py"
    path.write_text(f"import sys\nsys.exit({code})\n")
    line = f"{path}:2: found an exit in the site; expected only its values"
    assert pyinfra(site, "debug-inventory") == (1, [line])


def test_a_site_that_quits(site: Path) -> None:
    path = site.parent / "inventory" / "site.py"
    path.write_text("quit()\n")
    assert pyinfra(site, *EXEC) == (1, [f"{path}:1: found an exit in the site; expected only its values"])


def test_an_ssh_key_that_is_none() -> None:
    code, said = pyinfra("127.0.0.1", *EXEC[:1], "--ssh-key", "/nosuch/key", *EXEC[1:])
    assert (code, said[-1]) == (1, "--> pyinfra error: No such private key file: /nosuch/key")
    assert "Traceback" not in "".join(said)


def test_an_ssh_key_that_wants_a_password_without_a_terminal(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(key)], check=True)
    code, said = pyinfra("127.0.0.1", *EXEC[:1], "--ssh-key", key, *EXEC[1:])
    assert (code, said[-1]) == (
        1,
        f"--> pyinfra error: {key}: its password is wanted, and there is no terminal to type it at; "
        "add the key to your ssh-agent: ssh-add",
    )
    assert "Traceback" not in "".join(said)


def test_the_checkouts_settings_in_another_folder(tmp_path: Path) -> None:
    """The deploys would not find each other."""
    words = (CHECKOUT / DEPLOY[0], *DEPLOY[1:])
    assert pyinfra("--config", CHECKOUT / "config.py", INVENTORY, *words, cwd=tmp_path) == (
        1,
        [f"{tmp_path}: pyinfra finds its settings and the deploys in the checkout only; go there: cd {CHECKOUT}"],
    )


def test_a_folder_without_the_checkouts_settings(site: Path) -> None:
    code, said = pyinfra(site, CHECKOUT / "deploys" / "models.py", "-y", cwd=site.parent)
    assert (code, said) == (
        1,
        [f"{site.parent}: found no config.py of the product's checkout; run pyinfra there: cd {CHECKOUT}"],
    )


@each("name", ["inventry.py", "@local", "127.0.0.1"])
def test_a_folder_where_pyinfra_reads_nothing_of_ours(name: str, tmp_path: Path) -> None:
    """S8: else it would go on with no host, and exit 0."""
    code, said = pyinfra(name, CHECKOUT / "deploys" / "models.py", "-y", cwd=tmp_path)
    assert (code, said[-1]) == (
        1,
        f"{tmp_path}: pyinfra finds its settings and the deploys in the checkout only; go there: cd {CHECKOUT}",
    )
    assert "Traceback" not in "".join(said)


def test_another_ones_work_in_such_a_folder(tmp_path: Path) -> None:
    (tmp_path / "models.py").touch()
    assert pyinfra("@local", "models.py", "-y", cwd=tmp_path)[0] == 0


@each("words", [(), (INVENTORY,)])
def test_no_words(words: tuple[str | Path, ...]) -> None:
    """pyinfra's own line, and its own exit code for a faulty command line."""
    code, said = pyinfra(*words)
    assert (code, said[-1]) == (2, f"Error: Missing argument '{'OPERATIONS...' if words else 'INVENTORY'}'.")


def test_a_number_below_zero() -> None:
    code, said = pyinfra("@local", "--parallel", "-1", *EXEC)
    assert (code, said) == (1, ["--parallel: found -1; allowed: 0 or more"])


@each("words", [(INVENTORY, *DEPLOY), ("@local", *EXEC)])
def test_a_run_whose_hosts_do_not_wait(words: tuple[str | Path, ...]) -> None:
    """S8: pyinfra would exit 0 though hosts fail."""
    line = "--no-wait: found a run whose hosts do not wait for each other; run it without --no-wait"
    assert pyinfra("--no-wait", *words) == (1, [line])


@each(
    "words, line",
    [
        (
            ("server.shell", "true", "nosuch=1"),
            "server.shell: got an unexpected keyword argument 'nosuch'; allowed: commands",
        ),
        (
            ("fact", "server.Date", "nosuch=1"),
            "server.Date: got an unexpected keyword argument 'nosuch'; allowed: none",
        ),
    ],
)
def test_an_argument_that_an_operation_or_a_fact_does_not_take(words: tuple[str, ...], line: str) -> None:
    """S8: one more of its kind, without a traceback."""
    code, said = pyinfra("@local", *words)
    assert (code, line in said) == (1, True), said
    assert "Traceback" not in "".join(said)


def test_a_site_without_hosts(site: Path) -> None:
    """S8: it has nobody to deploy to."""
    path = site.parent / "inventory" / "site.py"
    path.write_text(path.read_text() + "\nSITE = SITE.model_copy(update={'hosts': {}})\n")
    line = "site.hosts: found {}; allowed: Dictionary should have at least 1 item after validation, not 0"
    code, said = pyinfra(site, *EXEC)
    assert (code, said) == (1, [line])


def test_a_group_without_hosts() -> None:
    """S8: one more of its kind."""
    code, said = pyinfra(INVENTORY, "--limit", "legacy_nodes", *EXEC)
    assert (code, len(said)) == (1, 1)
    assert said[0].startswith("--limit: found 'legacy_nodes'; allowed: all, ")
