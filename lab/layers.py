"""Read-only folders that the hosts' disks lie over: the base system, the services' Python, the model registry.

All labs of this machine share them: each notes which it uses, and what none uses is discarded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lab import base, control_node, debs, locks, store, wheels
from lab.architecture import ARCHITECTURE
from lab.hosts import CONTROL, STATE, LabHost
from lab.shell import run

FOLDER = STATE.with_name("sentinelcam-all-layers")
"""Never a lab's own: no lab's name has a dash."""
USED = "layers-in-use"
"""Lists the layers of a lab that is up, in its state folder."""
OPS = 1000
"""User and group id of a host's login."""
SYSTEM_SOURCES = ("layers.py", "wheels.py", "wheel_texts.py", "debs.py")
CONTROL_SOURCES = ("layers.py", "control_node.py", "hosts.py", "../requirements.lock", "../pyproject.toml")
CORAL_SOURCES = ("coral.py", "debs.py", "edgetpu.py", "wheels.py", "wheel_texts.py", "site/registry.py")
MANIFESTS = ("../modelctl/registry/coral_stacks.py", "../node/registry/stacks.py")
REGISTRY_SOURCES = ("store.py", "contents.py", *CORAL_SOURCES, *MANIFESTS)
SITE_PACKAGES = "home/ops/.opencv/lib/python3.11/site-packages"
MASKED = (
    "systemd-firstboot.service",  # asks a question on the console, and nothing boots
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
)


@dataclass(frozen=True)
class Layers:
    """Where each layer lies on the control node."""

    system: Path
    python: Path
    registry: Path
    control: Path
    """All that the control node has: built when that is booted."""

    def of(self, host: LabHost) -> tuple[Path, ...]:
        """A host's layers, uppermost first."""
        if host == CONTROL:
            return (self.control,)
        registry = (self.registry,) if host.holds_registry else ()
        python = (self.python,) if host.service else ()
        return (*registry, *python, self.system)

    def names(self) -> set[str]:
        """The names of their folders."""
        return {layer.name for layer in (self.system, self.python, self.registry, self.control)}


def current() -> Layers:
    """Where the layers of this checkout lie, built or not.

    :raises OperatorError: apt knows no Debian archive to build them from.
    """
    made_from = base.digest()
    system, python = (_layer(name, made_from, *SYSTEM_SOURCES) for name in ("system", "python"))
    registry = _layer("registry", made_from, *REGISTRY_SOURCES)
    return Layers(system, python, registry, _layer("control", base.digest(base.ON_CONTROL_NODE), *CONTROL_SOURCES))


def build(say: Callable[[str], None]) -> Layers:
    """Build what is missing, and note that this lab uses it.

    :param say: told of each step.
    :raises OperatorError: the base system cannot be built.
    """
    layers = current()
    with _lock(say):
        if not layers.system.is_dir():
            _build_system(layers.system, layers.python, say)
        if not layers.registry.is_dir():
            _build_registry(layers.registry, layers.system, say)
        _note(layers)
    return layers


def build_control(layers: Layers, say: Callable[[str], None]) -> None:
    """Build the control node's system when it is missing. Raises as `build`."""
    with _lock(say):
        if not layers.control.is_dir():
            archive = base.tar(say, base.ON_CONTROL_NODE)
            say("control node: unpacking, making its environment")
            system = _unpacked(archive, layers.control)
            control_node.write_environment(system)
            _own(system / CONTROL.home[1:])
            system.rename(layers.control)


def discard_unused(kept: Layers, say: Callable[[str], None]) -> None:
    """Remove what no other lab uses and is not to be kept: what other sources gave. No host of this lab may run.

    :param say: told when there is another lab to wait for.
    """
    with _lock(say):
        (STATE / USED).unlink(missing_ok=True)
        needed = kept.names().union(*map(_noted, STATE.parent.glob(f"sentinelcam-*/{USED}")))
        for layer in FOLDER.iterdir():
            if layer.is_dir() and layer.name not in needed:
                shutil.rmtree(layer)


def _note(layers: Layers) -> None:
    """Hosts that were booted from earlier sources use theirs until the lab goes down."""
    notes = STATE / USED
    notes.write_text("\n".join(sorted(layers.names() | _noted(notes))))


def _noted(notes: Path) -> set[str]:
    return set(notes.read_text().split()) if notes.exists() else set()


def _lock(say: Callable[[str], None]) -> AbstractContextManager[None]:
    return locks.held(FOLDER / "lock", "another lab's work on the layers", say)


def _layer(name: str, made_from: str, *sources: str) -> Path:
    """A layer's folder, named by what it is made from."""
    texts = b"".join((Path(__file__).parent / source).read_bytes() for source in sources)
    return FOLDER / f"{name}-{hashlib.sha256(made_from.encode() + texts).hexdigest()[:12]}"


def _build_system(layer: Path, python: Path, say: Callable[[str], None]) -> None:
    archive = base.tar(say)
    say("base system: unpacking")
    system = _unpacked(archive, layer)
    _install_usb(system)
    say("services' Python: making the environment")
    run("chroot", str(system), "python3", "-m", "venv", "--system-site-packages", "/home/ops/.opencv", limit=120)
    shutil.rmtree(python, ignore_errors=True)
    (python / "home").mkdir(parents=True)
    _write_numpy(system / SITE_PACKAGES)
    (system / "home/ops").rename(python / "home/ops")
    _own(python / "home/ops")
    system.rename(layer)


def _unpacked(archive: Path, layer: Path) -> Path:
    """A system that gets the layer's name when it is complete."""
    system = _fresh(layer)
    run("tar", "-C", str(system), "--numeric-owner", "-xf", str(archive), limit=300)
    _prepare_system(system)
    return system


def _install_usb(system: Path) -> None:
    """Raspberry Pi OS brings libusb-1.0-0: the hosts have a package of that name."""
    deb = system / "tmp/usb.deb"
    deb.write_bytes(debs.usb(ARCHITECTURE))
    run("chroot", str(system), "dpkg", "--install", "/tmp/usb.deb", limit=60)  # noqa: S108  # the system's own
    deb.unlink()


def _write_numpy(site_packages: Path) -> None:
    """As the real environments have it, or at least its version."""
    for name, content in wheels.numpy().items():
        (site_packages / name).parent.mkdir(exist_ok=True)
        (site_packages / name).write_bytes(content)


def _build_registry(layer: Path, system: Path, say: Callable[[str], None]) -> None:
    say("model registry: filling it")
    registry = _fresh(layer)
    store.write(registry / "home/ops/sentinelcam/model_registry", system)
    _own(registry / "home/ops")
    registry.rename(layer)


def _fresh(layer: Path) -> Path:
    """An empty folder to build a layer in; it gets the layer's name when it is complete."""
    folder = layer.with_suffix(".unfinished")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _prepare_system(system: Path) -> None:
    """Make an unpacked base boot as a machine without an identity of its own, and without a network beyond the lab."""
    for unit in MASKED:
        (system / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for path in (system / "etc/ssh").glob("ssh_host_*"):
        path.unlink()
    (system / "etc/machine-id").write_text("")
    (system / "etc/resolv.conf").write_text("")
    (system / "etc/ssh/sshd_config.d/lab.conf").write_text(
        "HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n"
    )


def _own(home: Path) -> None:
    for path in (home, *_below(home)):
        os.lchown(path, OPS, OPS)


def _below(folder: Path) -> Iterator[Path]:
    return (Path(parent) / name for parent, folders, files in os.walk(folder) for name in (*folders, *files))
