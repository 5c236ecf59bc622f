"""Whoever has taken over a node's service, and what root owns there, seen from outside the host.

The attacker is the service's user without a way to more rights: no sudo, and no set-user-ID program helps.
"""

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lab.lab import Lab
from lab.machine import wait_until
from tests.fleet.node import Node

HOME = "/home/ops"
TARGET = "/etc/target"
"""Root's, and what attacks aim at: a folder with a secret, and empty folders below `tree`."""
SECRET = f"{TARGET}/secret"
RAN = f"{HOME}/ran"
"""Where planted code notes the user that it runs as."""
STARTED = "attacking"
IGNORED = ("dev", "proc", "run", "sys", "tmp", "home", "etc/sentinelcam-lab", "var/cache", "var/log", "var/tmp")
"""The users' own, and what changes by itself."""
STATE = ("var/lib/sentinelcam", "var/lib/systemd")
"""What a run writes legitimately, besides the units, which say the same after it as before."""

Thing = tuple[int, int, int, str]
"""Mode, owner, group, and SHA-256 or the link's target."""

PAYLOAD = f"""\
import os
with open({RAN!r}, "a") as file:
    file.write("%d %s\\n" % (os.geteuid(), {{name!r}}))
if os.geteuid() == 0:
    open("/etc/ran-as-root", "w").close()
"""
"""Root would leave two traces of it, anybody else one."""

STAND_IN = """
import importlib.util, sys
path = "/usr/lib/python3.11/{path}"
spec = importlib.util.spec_from_file_location(__name__, path)
module = sys.modules[__name__] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
"""
"""Else the service itself would not start."""


@dataclass(frozen=True)
class Attacker:
    """The service's user on one host."""

    node: Node

    def run(self, script: str) -> None:
        """Run a script in the home; it must succeed."""
        done = subprocess.run(
            self.words(f"set -e; cd; {script}"), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.node.name}: {script}: {done.stderr}"

    @contextmanager
    def repeating(self, script: str) -> Iterator[None]:
        """Run a script over and over meanwhile, whether it succeeds or not; its loop ends by its id."""
        again = f"(echo {STARTED}; while :; do {script}; done >/dev/null) 2>/dev/null"
        loop = f"cd; {again} & loop=$!; cat; kill $loop; wait $loop"
        with subprocess.Popen(
            self.words(loop), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{STARTED}\n"
            yield
            process.communicate(timeout=30)

    def plant(self, path: str, standard: str | None = None) -> None:
        """Write code that notes who runs it, and then is the standard library's module at that path, if told so."""
        text = PAYLOAD.format(name=path) + (STAND_IN.format(path=standard) if standard else "")
        self.write(path, text)

    def plant_start(self, path: str) -> None:
        """Write a .pth file, a line of which each Python runs at its start that looks into its folder."""
        self.write(path, f"import os; exec({PAYLOAD.format(name=path)!r})\n")

    def write(self, path: str, text: str) -> None:
        done = subprocess.run(
            self.words(f'mkdir -p "$(dirname {path})" && cat >{path}'), input=text, text=True, check=False
        )
        assert done.returncode == 0, path

    def ran(self) -> dict[str, set[str]]:
        """What was planted and has run, with the users that it ran as."""
        found: dict[str, set[str]] = {}
        for line in self.node.read(RAN).splitlines():
            found.setdefault(line.split()[1], set()).add(line.split()[0])
        return found

    def end_service(self) -> None:
        """End the service's process, and wait until there is another."""
        pid = self.node.pid()
        assert pid
        self.run(f"kill -KILL {pid}")
        wait_until(lambda: self.node.pid() not in (0, pid), 30, f"{self.node.name}: another start")

    def words(self, script: str) -> list[str]:
        """The command that runs a script as the attacker, from the machine of the lab."""
        less = ["setpriv", "--no-new-privs", "--reuid=ops", "--regid=ops", "--clear-groups", "--"]
        return [*self.node.lab.console(self.node.name), *less, "env", f"HOME={HOME}", "sh", "-c", script]


def set_targets(lab: Lab, *names: str) -> None:
    """Make what attacks aim at, on each host; another story may have left folders of root's in the home."""
    for name in names:
        lab.run(name, f"find {HOME} -xdev -type d -user root -not -name .staging -exec chown ops:ops {{}} +")
        lab.run(
            name,
            f"mkdir -p {TARGET}/tree/empty/empty && umask 077 && echo date,event >{SECRET} && cp {SECRET} /root/secret",
        )


def remove_targets(lab: Lab, *names: str) -> None:
    for name in names:
        lab.run(name, f"rm -rf {TARGET} /root/secret /etc/ran-as-root {RAN}")


def picture(lab: Lab, name: str) -> dict[str, Thing]:
    """What a host holds that is root's own, as its disk has it outside: all but the layers that it cannot change."""
    return dict(_things(lab.host(name).folder / "upper", ""))


def _things(folder: Path, below: str) -> Iterator[tuple[str, Thing]]:
    for entry in os.scandir(folder):
        path = below + entry.name
        if path in IGNORED or path in STATE or entry.name == "__pycache__":
            continue
        with suppress(FileNotFoundError):  # the host has just removed it
            status = entry.stat(follow_symlinks=False)
            yield path, (status.st_mode, status.st_uid, status.st_gid, _content(Path(entry.path), status.st_mode))
            if stat.S_ISDIR(status.st_mode):
                yield from _things(Path(entry.path), f"{path}/")


def _content(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""


def changes(before: dict[str, Thing], after: dict[str, Thing]) -> list[str]:
    """The paths that are not as before."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def listing(node: Node) -> list[str]:
    """Every path below the home, and what kind of thing it is: what a story must leave as it was.

    What a run that was refused leaves beside a file goes with the next one.
    """
    left_out = (
        ".staging",
        "__pycache__",
        ".opencv",
        "model_registry",
        ".retired-*",
        "*.status.json",
        ".*.new",
        "imagenode.log",
        "datapump.log",
    )
    prune = " -o ".join(f"-name '{name}'" for name in left_out)
    return node.shell(f"cd {HOME} && find . \\( {prune} \\) -prune -o -printf '%y %u %p %l\\n' | sort").splitlines()
