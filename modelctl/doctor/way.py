"""The way to a host's condition: what of it is missing is told instead, for nothing beyond can be seen then."""

import shlex
import subprocess
from pathlib import Path

from modelctl import hints
from modelctl.desired import services
from modelctl.desired.desired_state import desired
from modelctl.desired.model_files import face_list_folder, models_folder
from modelctl.desired.trainer import uploads
from modelctl.doctor.lack import PREPARE, Lack, Lacking, asking_again, to_do, trusting
from modelctl.errors import OperatorError
from modelctl.faults import one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.hosts import Datasink
from modelctl.nodes import node_command, remote, travelling, trust, unreached
from modelctl.nodes.pull_ca import PullCa
from modelctl.nodes.unreached import Obstacle
from node import protocol
from node.desired_state import DesiredState
from node.protocol.condition import EXAMINE, Condition, Content, Examine, Registry
from node.protocol.versions import StackSize

SECONDS = 60
OLDEST_PYTHON = "Python 3.7 or newer"
ON_TRAINER = {"python3": "python3", "ssh": "openssh-client", "ssh-keygen": "openssh-client"}
"""What trainer/ runs, with its Debian package."""
_COMMAND_NOT_FOUND = 127
_PASSWORD = ("password", "keyboard-interactive")
"""Ways to log in that ssh names when it was let in by none."""


def condition(fleet: Fleet, host: str) -> Condition:
    """What a node says of itself. Raises Lacking, or another OperatorError for an answer that is none."""
    command = [*node_command.SUDO, *travelling.words(EXAMINE.name)]
    done = _run(fleet, host, command, f"{travelling.message(_question(fleet, host))}\n")
    if done.returncode == 0:
        return node_command.understood(fleet, host, done.stdout, EXAMINE.reply, EXAMINE.called)
    raise Lacking(_why(fleet, host, done.returncode, remote.last_line(done.stderr, node_command.MAX_SAID)))


def absent_on_trainer(fleet: Fleet, host: str) -> list[str]:
    """The Debian packages that a trainer lacks. Raises Lacking."""
    look = 'for each; do command -v "$each" >/dev/null || echo "$each"; done'
    done = _run(fleet, host, ["sh", "-c", look, "sh", *ON_TRAINER])
    return sorted({ON_TRAINER[name] for name in done.stdout.split() if name in ON_TRAINER})


def _run(fleet: Fleet, host: str, command: list[str], message: str = "") -> "subprocess.CompletedProcess[str]":
    try:
        return remote.run(fleet, host, command, SECONDS, message)
    except remote.Unreachable as error:
        raise Lacking(_unreachable(fleet, host, error.said)) from None
    except remote.NoAnswer:
        found = f"no answer within {SECONDS} s"
        raise Lacking(
            Lack("reachable", found, "an answer", to_do(f"look at its disk, and at {_place(fleet, host)}"))
        ) from None


def _unreachable(fleet: Fleet, host: str, said: str) -> Lack:
    """What ssh's words mean."""
    match unreached.obstacle(said):
        case Obstacle.HOST_KEY:
            return _host_key(fleet, host)
        case Obstacle.LOGIN:
            return _login(fleet, host, said)
        case Obstacle.SILENCE:
            look = to_do(f"{unreached.LOOK}, and at {_place(fleet, host)}")
            return Lack("reachable", said, "an SSH server", look)


def _host_key(fleet: Fleet, host: str) -> Lack:
    known_hosts, address = fleet.site.known_hosts, fleet.host(host).address
    port = remote.port(fleet, host)
    known = trust.known_key(known_hosts, str(address), port)
    try:
        shown = trust.scan(host, address, port).fingerprint
    except OperatorError:
        shown = "one that cannot be fetched"
    if known is None:
        return Lack("host key", shown, "one that you trust", trusting)
    return Lack("host key", shown, known.fingerprint, to_do(hints.modelctl(f"trust {host} --replace")))


def _login(fleet: Fleet, host: str, said: str) -> Lack:
    """Where passwords are taken, the key can be brought from here."""
    site, login = fleet.site, fleet.host(host).login
    key = "your SSH key" if site.ssh_key is None else f"{site.ssh_key}.pub"
    named = [] if site.ssh_key is None else ["-i", f"{site.ssh_key}.pub"]
    words = ["ssh-copy-id", *named, "-o", f"UserKnownHostsFile={site.known_hosts}", _place(fleet, host)]
    at_console = f"put {key} into ~{login}/.ssh/authorized_keys, at its console"
    mend = shlex.join(words) if any(way in said for way in _PASSWORD) else at_console
    return Lack("login", said, f"{login}, with {key}", to_do(mend))


def _why(fleet: Fleet, host: str, code: int, said: str) -> Lack:
    """Why the program could not be run there, or what it said at its end."""
    login = fleet.host(host).login
    if code == _COMMAND_NOT_FOUND and "sudo" in said:
        rule = shlex.quote(node_command.sudo_rule(login))
        mend = f"su -c {shlex.quote(f'apt-get install sudo && echo {rule} >{node_command.SUDO_RULES}')}"
        return Lack("sudo", "not installed", "installed, and without a password", to_do(f"at its console: {mend}"))
    if said in node_command.WANTS_PASSWORD:
        return Lack("sudo", "wants a password", "none", lambda hosts: f"at a terminal: {PREPARE(hosts)}")
    if said.endswith("python3: command not found"):
        return Lack("python", "not installed", OLDEST_PYTHON, PREPARE)
    if code == protocol.REFUSED and said.startswith(("sudo:", f"{login} is not", f"Sorry, user {login}")):
        rule = f"'{node_command.sudo_rule(login)}'"
        return Lack("sudo", said, rule, to_do(f"at its console, as root: visudo -f {node_command.SUDO_RULES}"))
    if code == protocol.REFUSED:
        return Lack("answer", one_line(said), "its condition", asking_again)
    return Lack("python", one_line(said), OLDEST_PYTHON, to_do(f"look at {_place(fleet, host)}: python3 --version"))


def _place(fleet: Fleet, host: str) -> str:
    return f"{fleet.host(host).login}@{fleet.host(host).address}"


def _question(fleet: Fleet, host: str) -> Examine:
    service = services.service_of(fleet, host)
    assert service is not None, "it is one of those that run a service"
    stack = fleet.stack(host)
    pythons = service.needs[1:]
    return Examine(
        user=fleet.service_user(host),
        service=service.name,
        script=Path(service.needs[0]),
        needs=list(map(Path, service.needs)),
        environment=services.environment(fleet, host) if len(pythons) == 1 else None,
        brought=[] if stack is None else [name for name, _ in stack[1].packages()],
        content=_content(fleet, host),
        registry=_registry(fleet) if host == fleet.site.primary_datasink else None,
        others=list(service.others),
    )


def _content(fleet: Fleet, host: str) -> Content:
    """Without a pin nobody knows how large a version is."""
    is_datasink = isinstance(fleet.host(host), Datasink)
    folder = Path(face_list_folder(fleet) if is_datasink else models_folder(fleet, host))
    if fleet.unpinned(host):
        return Content(folder)
    wanted: DesiredState = desired(fleet, host)
    stack = wanted.stack
    return Content(
        folder,
        wanted.versions,
        [wanted.face_list] if wanted.face_list else [],
        StackSize(stack.digest, sum(file.size for file in stack.version.files)) if stack else None,
    )


def _registry(fleet: Fleet) -> Registry:
    pull_ca, login = PullCa(fleet.site.pull_ca), fleet.host(fleet.site.primary_datasink).login
    lines = pull_ca.lines(fleet.registry_folder(), fleet.revoked, uploads(fleet)) if pull_ca.exists() else []
    return Registry(login, lines)
