"""The primary datasink's registry in stories of its clean-up: versions of a model that are there for them alone."""

import json
import re
import subprocess
from pathlib import Path

from lab.lab import Lab
from tests.fleet import site
from tests.fleet.node import STATE, Node
from tests.fleet.operator import DEFAULT_SITE, Run, deploy, modelctl, pyinfra

REGISTRY, LOG = "/home/ops/sentinelcam/model_registry", "/home/ops/sentinelcam/logs/model_cleanup.log"
MODEL = "haarcascades"
FOLDER = f"{REGISTRY}/{MODEL}"
LIST, SEEN = f"{STATE}/cleanup/list.json", f"{STATE}/cleanup/seen.json"
SERVICE, TIMER = "model_cleanup.service", "model_cleanup.timer"
OLD, LATER, STORED = "2019-01-01", "2019-01-01.2", "2026-05-01"
MADE = {OLD: 1000, LATER: 2000, **{f"2026-06-0{day}": 10 for day in range(1, 6)}}
"""Versions that stories store, with the bytes of their one file. The last five are the most recent of all."""
INSTALL, KEEP = "Install the clean-up of the registry", "Keep the versions that this run needs"


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
    text = re.sub(r"root@\S+ +", "OPERATOR   ", re.sub(r"listed by +", "listed by  ", text))
    return re.sub(r" +$", "", text, flags=re.MULTILINE)


def entries(node: Node) -> list[dict[str, object]]:
    data = json.loads(node.read(LIST))
    assert isinstance(data, list)
    return data


def make_due(node: Node, *versions: str, since: str = "2026-01-01T00:00:00Z") -> None:
    """Their time has come."""
    due = {"due": "2026-01-08T00:00:00Z", "since": since}
    node.write(LIST, json.dumps([{**each, **(due if each["version"] in versions else {})} for each in entries(node)]))


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
    node.shell(f"systemd-run --quiet --unit=retire-now sentinelcam-node retire {REGISTRY} {LOG}")
