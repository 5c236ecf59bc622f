"""What an operator types, and what comes of it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm

CHECKOUT = Path(__file__).parent.parent.parent
PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
MODELCTL = str(Path(sys.executable).with_name("modelctl"))
DEFAULT_SITE = CHECKOUT / "lab" / "inventory.py"
LIMIT = 300.0  # seconds

SWITCH_CANARIES = "deploys/configs.py | Switch the canaries"
SWITCH_OTHERS = "deploys/configs.py | Switch the other hosts"
COLLECT = "deploys/configs.py | Collect the deployment log"


@dataclass(frozen=True)
class Run:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        data = json.loads(self.out)
        assert isinstance(data, dict)
        return data

    def changed(self) -> dict[str, set[str]]:
        """Return the operations that changed something, each with its hosts. Needs --json."""
        operations = self.json["results"]["operations"]
        return {each["name"]: set(each["success"]) for each in operations if each["success"]}

    def predicted(self) -> dict[str, set[str]]:
        """Return the operations that would change something, each with its hosts. Needs --json --dry."""
        return {each["name"]: set(each["hosts_with_change"]) for each in self.json["plan"] if each["hosts_with_change"]}

    def failed(self) -> set[str]:
        return set(self.json["results"]["failed_hosts"])

    def lines_with(self, text: str) -> list[str]:
        return [line for line in self.err.splitlines() if text in line]


def pyinfra(*words: str | Path, site: Path = DEFAULT_SITE, checkout: Path = CHECKOUT) -> Run:
    """Run pyinfra on a site, as typed in a checkout."""
    return _run(PYINFRA, str(site), *map(str, words), checkout=checkout)


def deploy(*words: str | Path, site: Path = DEFAULT_SITE, checkout: Path = CHECKOUT) -> Run:
    """Deploy models without a question, and with a report that tests can read."""
    return pyinfra("deploys/models.py", "-y", "--json", *words, site=site, checkout=checkout)


def begin(*words: str | Path, site: Path = DEFAULT_SITE, program: str = "deploys/configs.py") -> warm.Process:
    """Begin to deploy: configs alone, or another of the deploys."""
    return _begin(PYINFRA, str(site), program, "-y", "--json", *map(str, words))


def begin_modelctl(*words: str) -> warm.Process:
    """Begin a command of modelctl."""
    return _begin(MODELCTL, *words)


def _begin(*command: str) -> warm.Process:
    return warm.Process(command, CHECKOUT, environment(CHECKOUT))


def end(process: "warm.Process | subprocess.Popen[str]") -> Run:
    """Wait for the end of what was begun."""
    out, err = process.communicate(timeout=LIMIT)
    return Run(process.wait(), out, err)


def predict(*words: str | Path, site: Path = DEFAULT_SITE) -> Run:
    """Dry-run the same."""
    return pyinfra("deploys/models.py", "--dry", "--json", *words, site=site)


def modelctl(*words: str, checkout: Path = CHECKOUT) -> Run:
    """Run modelctl, as typed in a checkout."""
    return _run(MODELCTL, *words, checkout=checkout)


def _run(*words: str, checkout: Path = CHECKOUT) -> Run:
    if checkout == CHECKOUT:
        result = warm.run(words, checkout, environment(checkout), LIMIT)
    else:
        result = subprocess.run(
            words, cwd=checkout, env=environment(checkout), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=LIMIT, check=False,
        )  # fmt: skip
    return Run(result.returncode, result.stdout, result.stderr)


def hint(words: str, site: Path = DEFAULT_SITE) -> str:
    """A command of modelctl as a message names it after one for that site."""
    return f"modelctl {words} --site {site}"


def environment(checkout: Path) -> dict[str, str]:
    """What an operator's shell there has."""
    # Where modelctl is installed from, another checkout may be.
    return {**os.environ, "PYINFRA_PROGRESS": "off", "PYTHONPATH": str(checkout)}
