"""Hosts as an older release left them: packed on the lab, kept in fixtures/, put on hosts that are as new.

What the registry holds too is left out of the archive: in its place is an empty file, whose header names it.
"""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import keys, layers
from lab.hosts import LabHost
from lab.lab import Lab
from tests.fleet.node import STATE

RELEASE = "9c8291b895d0022774debb3d682cd08def609582"
HOSTS = ("data1", "sentinel", "lab1", "east")
ARCHIVE = Path(__file__).parent / "fixtures" / "release-9c8291b.tar.xz"
REGISTRY = "/home/ops/sentinelcam/model_registry"

WRITTEN = ("etc/systemd/system", "home/ops", "usr/local/sbin", "var/lib/sentinelcam")
"""Where the older release writes."""
OF_THE_LAB = ("pull_key", "pull_key.pub", "pull_key-cert.pub", "known_hosts")
"""Files of the access folder that are good in one lab only: made anew, as the older release made them."""
FROM_REGISTRY = "SENTINELCAM.registry"  # in a tar header
AUTHORIZED = 'cert-authority,restrict,principals="sentinelcam-pull",command="/usr/bin/rrsync -ro {registry}" {key}\n'


def written(host: LabHost) -> list[str]:
    """What is on a host's own disk where the older release writes, parents first."""
    disk = host.folder / "upper"
    found = [path for folder in WRITTEN for path in [disk / folder, *sorted((disk / folder).rglob("*"))]]
    return [str(path.relative_to(disk)) for path in found if _is_of_the_release(path)]


def _is_of_the_release(path: Path) -> bool:
    is_of_the_service = path.name.endswith((".status.json", "imagenode.log", "datapump.log")) or (
        "home" in path.parts and "__pycache__" in path.parts
    )
    is_there = path.is_symlink() or path.is_dir() or path.is_file()  # the disk marks what was removed as a device
    return is_there and not is_of_the_service and not (path.parent.name == "access" and path.name in OF_THE_LAB)


def pack(archive: tarfile.TarFile, host: LabHost, bare: list[str]) -> None:
    """Add to an archive what a host has that it had not when it was bare."""
    stored = _stored()
    for name in sorted(set(written(host)) - set(bare)):
        path = host.folder / "upper" / name
        member = archive.gettarinfo(path, f"{host.name}/{name}")
        assert not member.islnk(), name
        member.uname = member.gname = ""
        member.pax_headers = {"mtime": _to_the_nanosecond(path.lstat().st_mtime_ns)}
        content = path.read_bytes() if member.isreg() else b""
        source = stored.get(sha256(content).hexdigest(), _staged(name, content)) if content else None
        if source is not None:
            member.pax_headers[FROM_REGISTRY] = f"{len(content)} {source}"
            content = b""
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def _to_the_nanosecond(time: int) -> str:
    """The checksum cache goes by it, and a float would round it."""
    return f"{time // 10**9}.{time % 10**9:09}"


def _stored() -> dict[str, str]:
    """The path below the registry of each file there, by its SHA-256."""
    registry = _registry()
    files = (path for path in registry.rglob("*") if path.is_file())
    return {sha256(path.read_bytes()).hexdigest(): str(path.relative_to(registry)) for path in files}


def _staged(name: str, content: bytes) -> str | None:
    """What a file is the start of, where its pull was broken off."""
    _, is_staged, label = name.partition("/.staging/")
    return label if is_staged and (_registry() / label).read_bytes().startswith(content) else None


def _registry() -> Path:
    return layers.current().registry / REGISTRY[1:]


def leave(lab: Lab, *names: str) -> None:
    """Make hosts as the older release left them, and boot them so."""
    lab.reset(*names)
    for name in names:
        _unpack(lab, name)
        if lab.host(name).holds_registry:
            _authorize(lab, name)
        else:
            _certify(lab, name)
        lab.run(name, "sync")
        lab.power_cut(name)
    lab.up()


def _unpack(lab: Lab, name: str) -> None:
    command = [*lab.console(name), "tar", "--directory=/", "--extract", "--numeric-owner", "--preserve-permissions"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as unpacking:
        assert unpacking.stdin is not None
        with tarfile.open(fileobj=unpacking.stdin, mode="w|", format=tarfile.PAX_FORMAT) as stream:
            for member, content in _members(name):
                stream.addfile(member, io.BytesIO(content))
        unpacking.stdin.close()
        assert unpacking.wait(timeout=60) == 0


def _members(host: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            owner, _, member.name = member.name.partition("/")
            file = archive.extractfile(member) if member.isreg() else None
            if owner == host:
                size, _, source = member.pax_headers.get(FROM_REGISTRY, "").partition(" ")
                content = (_registry() / source).read_bytes()[: int(size)] if source else file.read() if file else b""
                member.size = len(content)
                member.pax_headers = {"mtime": member.pax_headers["mtime"]}  # it has the nanoseconds
                yield member, content


def _certify(lab: Lab, name: str) -> None:
    """Give a host a pull key, and a certificate of the lab's CA in the form of that release."""
    folder = f"{STATE}/access"
    _run(lab, name, f"ssh-keygen -q -t ed25519 -N '' -C sentinelcam-pull@{name} -f {folder}/pull_key")
    with TemporaryDirectory() as here:
        public = Path(here, "key.pub")
        public.write_text(_run(lab, name, f"cat {folder}/pull_key.pub"))
        sign = ["ssh-keygen", "-q", "-s", str(keys.PULL_CA), "-I", name, "-n", "sentinelcam-pull", str(public)]
        subprocess.run(sign, check=True, stdin=subprocess.DEVNULL)
        _run(lab, name, f"cat >{folder}/pull_key-cert.pub", Path(here, "key-cert.pub").read_text())
    datasink = next(host for host in lab.hosts.values() if host.holds_registry)
    words = keys.host_key(datasink).with_suffix(".pub").read_text().split()
    _run(lab, name, f"cat >{folder}/known_hosts", f"{datasink.address} {words[0]} {words[1]}\n")


def _authorize(lab: Lab, name: str) -> None:
    key = keys.PULL_CA.with_suffix(".pub").read_text().strip()
    line = AUTHORIZED.format(registry=REGISTRY, key=key)
    _run(lab, name, "cat >>/home/ops/.ssh/authorized_keys", line)


def _run(lab: Lab, name: str, command: str, stdin: str = "") -> str:
    done = lab.run(name, command, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout
