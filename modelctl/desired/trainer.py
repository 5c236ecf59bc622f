"""What a trainer should hold, and what its upload key opens on the primary datasink."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from modelctl.inventory.fleet import Fleet
from modelctl.nodes import pull_ca
from modelctl.nodes.trust import known_key
from modelctl.product import CHECKOUT
from node import layout

FORMAT = 1
"""Of the settings, as trainer/settings.py reads them."""
SSH_PORT = 22
OWN = ".sentinelcam"
"""The folder of what a deploy brings, below the trainer's."""
FOLDERS = ("", "models", "data", "notebooks", "notebooks/output", "logs", OWN, f"{OWN}/trainer")
PROGRAM, SCRIPTS = CHECKOUT / "trainer", CHECKOUT / "templates" / "trainer"
UPLOAD, RECEIVE = "sentinelcam_upload", "sentinelcam_receive"
"""The names of its keys."""


@dataclass(frozen=True)
class Content:
    """A file: its text, and its mode as chmod takes it."""

    text: str
    mode: str = "644"


def home(fleet: Fleet) -> PurePosixPath:
    """The home of who works on a trainer."""
    return PurePosixPath("/home", fleet.standards.users.trainer)


def root(fleet: Fleet) -> PurePosixPath:
    """The folder that a training works in."""
    return home(fleet) / fleet.standards.paths.trainer


def folders(fleet: Fleet) -> list[str]:
    """The folders, parents first."""
    return [str(root(fleet) / each) for each in FOLDERS]


def files(fleet: Fleet, name: str) -> dict[str, Content]:
    """The files by their paths. What needs the others comes last."""
    own = root(fleet) / OWN
    program = {str(own / "trainer" / path.name): Content(path.read_text()) for path in sorted(PROGRAM.glob("*.py"))}
    scripts = {str(root(fleet) / path.name): Content(path.read_text(), "755") for path in sorted(SCRIPTS.glob("*.sh"))}
    known = {str(own / "known_hosts"): Content(known_hosts(fleet, name))}
    return {**program, **known, str(own / "settings.json"): Content(settings(fleet, name)), **scripts}


def dropped(fleet: Fleet, name: str, held: Iterable[str]) -> list[str]:
    """Of the paths that a trainer holds the modules that an older program had and this one lacks."""
    program, wanted = root(fleet) / OWN / "trainer", files(fleet, name)
    return sorted(path for path in held if path not in wanted and PurePosixPath(path).match(f"{program}/*.py"))


def known_hosts(fleet: Fleet, name: str) -> str:
    """The host keys of the machines that it asks, as the operator knows them."""
    lines = []
    for address, port in asked(fleet, name):
        key = known_key(fleet.site.known_hosts, address, port)
        if key is not None:
            lines.append(key.line if port == SSH_PORT else f"[{address}]:{port} {key.line.partition(' ')[2]}")
    return "".join(f"{line}\n" for line in lines)


def asked(fleet: Fleet, name: str) -> list[tuple[str, int]]:
    """The addresses and ports of the machines that it asks."""
    control = fleet.trainers()[name].control
    datasink = (str(fleet.host(fleet.site.primary_datasink).address), SSH_PORT)
    return [datasink] if control is None else [datasink, (str(control.address), control.port)]


def unknown(fleet: Fleet, name: str) -> list[str]:
    """The addresses of those whose host key the operator does not know."""
    return [str(each[0]) for each in asked(fleet, name) if known_key(fleet.site.known_hosts, *each) is None]


def settings(fleet: Fleet, name: str) -> str:
    """What the site says of its trainer, for the program there."""
    trainer, datasink = fleet.trainers()[name], fleet.host(fleet.site.primary_datasink)
    said: dict[str, object] = {
        "format": FORMAT,
        "host": name,
        "datasink": {"user": datasink.login, "address": str(datasink.address), "port": SSH_PORT},
        "environment": f"~/{trainer.environment}",
        "notebook": trainer.notebook,
        "models": {model: {"framework": each.framework} for model, each in fleet.registry.models.items()},
    }
    if trainer.control is not None:
        control = trainer.control
        said["control"] = {"user": control.login, "address": str(control.address), "port": control.port}
    return json.dumps(said, indent=2, sort_keys=True) + "\n"


def principals(fleet: Fleet, name: str) -> pull_ca.Principals:
    """Who its upload key is to the datasink."""
    return pull_ca.upload_principals(name, fleet.revoked.generation(name))


def uploads(fleet: Fleet) -> dict[str, str]:
    """What the trainers' upload keys open on the primary datasink, by principal: one command of the node program."""
    program = f"{layout.program()}/current"
    places = (fleet.incoming_folder(), fleet.deployment_log())
    return {
        principal: shlex.join([*layout.PYTHON, program, "upload", name, *places])
        for name in fleet.trainers()
        for principal in principals(fleet, name)
    }
