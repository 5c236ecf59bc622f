"""What a host lacks, by what it says of itself: found, expected, and the command that mends it."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from modelctl import hints
from modelctl.desired import services
from modelctl.doctor.lack import ACCESS, PREPARE, Lack, Mend, on, to_do
from modelctl.inventory.fleet import Fleet
from modelctl.nodes import pull_access
from modelctl.nodes.pull_ca import PullCa
from modelctl.quantities import size
from node.protocol.condition import Code, Condition, Letting, Space
from node.protocol.facts import PullAccess

RELEASES = {"imagenode": "0.2"}
"""What this checkout's configs are for, of the services whose releases differ in theirs."""
DISTRIBUTIONS = {
    "PIL": "Pillow",
    "cv2": "opencv-contrib-python-headless",
    "numpy": "numpy<2",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
"""What pip calls a module, where that is not its name; of numpy the services' models need the first major version."""


def of_node(fleet: Fleet, host: str, found: Condition) -> Iterator[Lack]:
    """Yield what a node lacks, in the order in which it is mended best."""
    if found.packages:
        yield Lack("packages", f"no {', '.join(found.packages)}", "installed", PREPARE)
    user = fleet.service_user(host)
    if not found.has_user:
        yield Lack("user", f"no {user}", "the service's user", PREPARE)
    if not found.clock.synchronized:
        keeper = found.clock.keeper
        is_kept = f"not synchronised, although {keeper} runs"
        look = on("exec -- timedatectl")
        yield Lack("clock", is_kept if keeper else "not synchronised", "synchronised", look if keeper else PREPARE)
    yield from _names(fleet, host, found.unfound)
    yield from _disk(fleet, host, found.space)
    yield from _code(fleet, host, found.code)
    yield from _environment(fleet, host, found.code)
    if found.letting is not None:
        yield from _letting(fleet, found.letting)
    else:
        yield from _pull_key(fleet, host, found.pull_access)


def of_trainer(absent: list[str]) -> Iterator[Lack]:
    """Yield what a trainer lacks: nothing is installed there by a deploy."""
    if absent:
        install = on(f"exec --sudo -- apt-get install -y {' '.join(absent)}")
        yield Lack("packages", f"no {', '.join(absent)}", "installed", install)


def _names(fleet: Fleet, host: str, unfound: Mapping[str, str]) -> Iterator[Lack]:
    """Only what this site names: its address is known here, and a node's own words are no part of a command."""
    service = services.service_of(fleet, host)
    assert service is not None
    for name in service.others:
        if name in unfound:
            line = f"echo {fleet.host(name).address} {name} >>/etc/hosts"
            yield Lack(
                "name", unfound[name], "in DNS or /etc/hosts", _naming(on(f"exec --sudo -- {shlex.quote(line)}"))
            )


def _naming(told: Mend) -> Mend:
    return lambda hosts: f"{told(hosts)}; or correct the name in site.py"


def _disk(fleet: Fleet, host: str, space: Space) -> Iterator[Lack]:
    reserve = fleet.standards.limits.reserve_bytes
    if space.free >= space.needed + reserve:
        return
    prune = "prune registry" if host == fleet.site.primary_datasink else "prune nodes"
    expected = f"{size(space.needed)} for models, and {size(reserve)} beside"
    yield Lack("disk", f"{space.folder}: {size(space.free)} free", expected, to_do(hints.modelctl(prune)))


def _code(fleet: Fleet, host: str, code: Code) -> Iterator[Lack]:
    service = services.service_of(fleet, host)
    assert service is not None
    script = Path(service.needs[0])
    home = PurePosixPath(fleet.home(host))
    folder = home / PurePosixPath(script).relative_to(home).parts[0]
    # the reader has its folder: it arrives by a route of its own
    bring = on(f"{_as_user(fleet, host)}-y files.sync src=PATH-OF-{service.name.upper()} dest={folder}")
    expected = f"{service.name} {RELEASES[service.name]}" if service.name in RELEASES else service.name
    if script in code.unreadable:
        yield Lack("code", f"no readable {_short(fleet, host, script)}", expected, bring)
    elif code.unfit:
        yield Lack("release", f"{service.name} {code.release}", expected, bring)


def _environment(fleet: Fleet, host: str, code: Code) -> Iterator[Lack]:
    service = services.service_of(fleet, host)
    assert service is not None
    environment = services.environment(fleet, host)
    absent = [Path(each) for each in service.needs[1:] if Path(each) in code.unreadable]
    modules = [name for name in code.absent if name.isidentifier()]  # a node's own words are no options of pip
    names = [DISTRIBUTIONS.get(name, name) for name in modules]
    pip = shlex.join([f"{environment}/bin/python", "-m", "pip", "install", *names])
    if absent:
        found, expected = f"no readable {_short(fleet, host, absent[0])}", f"{service.name}'s Python"
        if len(service.needs) > 2:
            yield Lack("environment", found, expected, to_do("install OpenVINO there again, as its owner did"))
            return
        made = shlex.join(["python3", "-m", "venv", "--system-site-packages", str(environment)])
        make = f"sudo apt-get install -y python3-venv && {made}"
        yield Lack("environment", found, expected, _typed(fleet, host, make))
    elif names:
        found, expected = f"no {', '.join(modules)}", f"what {service.name} imports"
        yield Lack("environment", found, expected, _typed(fleet, host, pip))


def _typed(fleet: Fleet, host: str, command: str) -> Mend:
    """A command for a host's own shell, as the service's user."""
    return on(f"exec {_as_user(fleet, host)}-- {shlex.quote(command)}")


def _short(fleet: Fleet, host: str, path: Path) -> str:
    """A path below the home of the service's user, as a shell takes it."""
    return f"~{fleet.service_user(host)}/{path.relative_to(fleet.home(host))}"


def _as_user(fleet: Fleet, host: str) -> str:
    user = fleet.service_user(host)
    return "" if fleet.host(host).login == user else f"--sudo --sudo-user {user} "


def _pull_key(fleet: Fleet, host: str, held: PullAccess) -> Iterator[Lack]:
    datasink = fleet.site.primary_datasink
    wanted = pull_access.known_hosts(fleet)
    if wanted is None:
        yield Lack(
            "pull key", f"{datasink} is not trusted here", "its host key", to_do(hints.modelctl(f"trust {datasink}"))
        )
        return
    expected = "certified by this control node"
    if held.public_key is None:
        yield Lack("pull key", "none", expected, _once_pinned if fleet.unpinned(host) else ACCESS, comes_at_first=True)
    elif not pull_access.is_certified(fleet, host, held):
        generation = fleet.revoked.generation(host)
        found = "by another CA, or not at all" if generation == 1 else "revoked, or by another CA"
        yield Lack("pull key", found, f"{expected}, of generation {generation}", ACCESS)
    elif held.known_hosts != wanted:
        yield Lack("pull key", f"another host key of {datasink}", "the one that you trust", ACCESS)


def _once_pinned(hosts: Sequence[str]) -> str:
    """A deploy refuses a host whose versions no pin covers."""
    return f"{hints.modelctl('pin')}; commit that, then: {ACCESS(hosts)}"


def _letting(fleet: Fleet, letting: Letting) -> Iterator[Lack]:
    if letting.rrsync is not None:
        upgrade = on("exec --sudo -- apt-get install -y rsync")
        yield Lack("packages", letting.rrsync, "a safe rrsync", upgrade)
    if letting.revoked:
        found = f"revoked here alone: {', '.join(letting.revoked)}"
        yield Lack("pull key", found, "as revoked.json has it", to_do("git pull, in the site's checkout"))
    elif not letting.authorized:
        found = "certified nodes are not let in" if PullCa(fleet.site.pull_ca).exists() else "no pull CA yet"
        yield Lack("pull key", found, "certified nodes pull", ACCESS, comes_at_first=True)
