"""The primary datasink's registry in stories of its clean-up: versions of a model that are there for them alone."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.disk import CLOCK_IS_OFF
from lab.lab import Lab
from tests.fleet import site
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, Run, deploy, modelctl, pyinfra

REGISTRY, LOG = "/home/ops/sentinelcam/model_registry", "/home/ops/sentinelcam/logs/model_cleanup.log"
MODEL = "haarcascades"
FOLDER = f"{REGISTRY}/{MODEL}"
ROOTS, MEMORY = f"{STATE}/roots", "/var/lib/model_cleanup/sweeps.json"
TIME = "%Y-%m-%dT%H:%M:%SZ"
SERVICE, TIMER = "model_cleanup.service", "model_cleanup.timer"
OLD, LATER, STORED = "2019-01-01", "2019-01-01.2", "2026-05-01"
MADE = {OLD: 1000, LATER: 2000, **{f"2026-06-0{day}": 10 for day in range(1, 6)}}
"""Versions that stories store, with the bytes of their one file. The last five are the most recent of all."""
INSTALL = "Install the clean-up of the registry"


def let_the_sentinel_forget(folder: Path) -> None:
    """Its previous set may name a version that an earlier story tried: give it another one."""
    other = site.write(folder / "other.py", hosts={"sentinel": {"debug_mode": True}})
    assert deploy("--limit", "sentinel", site=other).code == 0
    assert deploy("--limit", "sentinel").code == 0


def give_the_sentinel(lab: Lab, *names: str) -> None:
    """Put versions or files of them among the sentinel's models, as the registry has them."""
    send = [*lab.console("data1"), "tar", "--directory", REGISTRY, "--create", *names]
    with subprocess.Popen(send, stdout=subprocess.PIPE) as sender:
        receive = [*lab.console("sentinel"), "tar", "--directory", "/home/ops/sentinel/models", "--extract"]
        subprocess.run(receive, stdin=sender.stdout, check=True)


def store(node: Node, *versions: str) -> None:
    for version in versions:
        folder = f"{FOLDER}/{version}"
        node.shell(f"mkdir -p {folder} && head -c {MADE[version]} /dev/zero >{folder}/eye.xml")
        node.write(f"{folder}/manifest.yaml", f"name: {MODEL}\nversion: {version}\n")
        node.shell(f"chown -R ops:ops {folder}")


def cleanup_deploy(*words: str) -> Run:
    return pyinfra("deploys/cleanup.py", "--json", *words)


def cleanup(*words: str) -> Run:
    return modelctl("prune", "registry", *words, "--site", str(DEFAULT_SITE))


def in_short(text: str) -> str:
    """Without what differs from run to run, or from machine to machine."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME".ljust(20), text)
    text = re.sub(r"[\d,]+ of its disk's [\d,]+ bytes", "N of its disk's N bytes", text)
    return re.sub(r" +$", "", text, flags=re.MULTILINE)


def leave_the_clock(node: Node) -> None:
    """Let systemd say that nothing synchronises it."""
    node.shell(f"touch {CLOCK_IS_OFF}")


def synchronise(node: Node) -> None:
    node.shell(f"rm -f {CLOCK_IS_OFF}")


def sweep(node: Node) -> str:
    """Run the unit, and return what it logged last."""
    node.shell(f"systemctl reset-failed {SERVICE}; systemctl start {SERVICE}")
    return node.read(LOG).splitlines()[-1].partition(" ")[2]


def let_a_week_pass(node: Node) -> None:
    """Of what the sweeps remember: what they have found unneeded, they have found a week ago."""
    memory = json.loads(node.read(MEMORY))
    week = timedelta(days=7)
    for name, count in memory["counts"].items():
        if name.startswith("version "):
            since = datetime.strptime(count["since"], TIME).replace(tzinfo=UTC) - week
            count["since"] = since.strftime(TIME)
    node.write(MEMORY, json.dumps(memory))


def versions(node: Node) -> set[str]:
    return set(node.shell(f"ls -A {FOLDER}").split())


def sums(node: Node) -> dict[str, str]:
    """The SHA-256 of every file of the registry."""
    lines = node.shell(f"cd {REGISTRY} && find . -type f -print0 | xargs -0 sha256sum").splitlines()
    return {line.split(maxsplit=1)[1]: line.split()[0] for line in lines}


def used(node: Node) -> int:
    """Bytes of all files of the registry."""
    return sum(map(int, node.shell(f"find {REGISTRY} -type f -printf '%s\\n'").split()))


def show(node: Node, unit: str, what: str) -> str:
    return node.shell(f"systemctl show --value --property={what} {unit}")


def exposure(node: Node, unit: str) -> float:
    last = node.shell(f"systemd-analyze security --no-pager {unit}").splitlines()[-1]
    return float(last.partition(": ")[2].split()[0])


def begin(node: Node) -> None:
    """Start the clean-up where the lab can hold it; its own unit would not let it."""
    node.shell("sentinelcam-node note-clock")
    node.shell(f"systemd-run --quiet --unit=sweep-now sentinelcam-node sweep {REGISTRY} {LOG}")
