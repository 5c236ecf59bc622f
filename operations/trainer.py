"""A trainer: its folders, its keys, its program. The node program never goes there: plain shell, as its user.

Its upload key is certified by the pull CA, as a node's pull key is: the datasink's line names who may upload, so a
trainer that is new needs no run of the datasink with it, and one that has left the site is shut out by the next one.
"""

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from typing import cast

from pyinfra.api import FactBase, FileUploadCommand, Host, QuoteString, StringCommand
from pyinfra.facts.files import FileContents
from pyinfra.operations import files

from modelctl import hints
from modelctl.desired import trainer as desired
from modelctl.desired.trainer import Content
from modelctl.nodes.pull_ca import PullCa, pull_key
from operations.access import ensure
from operations.node_command import Refusal
from operations.node_operation import shell_operation
from operations.run import Run

Commands = Iterator[StringCommand]
_MODE = re.compile(r"([0-7]{3,4}) (/.+)")
_DIGEST = re.compile(r"([0-9a-f]{64})  (/.+)")


class HeldFiles(FactBase[dict[str, tuple[str, str]]]):
    """The SHA-256 and the mode of each file that a deploy may have brought, by path."""

    @staticmethod
    def default() -> dict[str, tuple[str, str]]:
        return {}

    def command(self, root: str) -> StringCommand:
        paths = (f"{root}/{desired.OWN}/*", f"{root}/*.sh")
        return StringCommand(
            "[", "!", "-d", QuoteString(root), "]", "||", "find", QuoteString(root), "-maxdepth", "3", "-type", "f",
            QuoteString("("), "-path", QuoteString(paths[0]), "-o", "-path", QuoteString(paths[1]), QuoteString(")"),
            "-exec", "stat", "-c", QuoteString("%a %n"), "{}", "+", "-exec", "sha256sum", "{}", "+",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, tuple[str, str]]:
        modes = {found[2]: found[1] for found in map(_MODE.fullmatch, output) if found}
        digests = {found[2]: found[1] for found in map(_DIGEST.fullmatch, output) if found}
        return {path: (digest, modes.get(path, "")) for path, digest in digests.items()}


class PublicKey(FactBase[str | None]):
    """The public half of a key, as its private half has it; anything else, or None, where there is no whole one."""

    def command(self, path: str) -> StringCommand:
        key = QuoteString(path)
        read = ("ssh-keygen", "-y", "-P", QuoteString(""), "-f", key, "2>/dev/null")
        return StringCommand("[", "!", "-e", key, "]", "||", *read, "||", "echo", "damaged")


@shell_operation
def make_folders(host: Host, run: Run) -> Commands:
    """Make the folders that a training and its publication use."""
    login, user = run.fleet.host(host.name).login, run.fleet.standards.users.trainer
    if login != user:
        yield Refusal(
            f"{host.name}: found login {login}; expected {user}, the trainer's user (standards.users.trainer)"
        )
        return
    for path in desired.folders(run.fleet):
        yield from _directory(path, "755")


def _directory(path: str, mode: str) -> Commands:
    yield from cast("Commands", files.directory._inner(path=path, mode=mode))


@shell_operation
def make_keys(host: Host, run: Run) -> Commands:
    """Make the keys that hand a model in, and certify the one for uploads."""
    fleet, folder = run.fleet, f"{desired.home(run.fleet)}/.ssh"
    yield from _directory(folder, "700")
    for name in (desired.UPLOAD, desired.RECEIVE):
        if _public_key(host, f"{folder}/{name}") is None:
            yield _make_key(f"{folder}/{name}", f"{name}@{host.name}")
    public, certificate = _public_key(host, f"{folder}/{desired.UPLOAD}"), f"{folder}/{desired.UPLOAD}-cert.pub"
    if public is None:
        yield Refusal(f"{host.name}: {folder}/{desired.UPLOAD}: found no key, although one was made; look there")
        return
    pull_ca, generation = PullCa(fleet.site.pull_ca), fleet.revoked.generation(host.name)
    principals, held = desired.principals(fleet, host.name), host.get_fact(FileContents, path=certificate)
    if pull_ca.has_certified("\n".join(held or []), public, host.name, generation, principals):
        return
    ensure(pull_ca)
    yield from _put(certificate, Content(pull_ca.certify(public, host.name, generation, principals)))


def _public_key(host: Host, path: str) -> str | None:
    return pull_key(host.get_fact(PublicKey, path=path))


def _make_key(path: str, comment: str) -> StringCommand:
    """The private half gets its name last: where it is, the public one is too."""
    key, public, new, new_public = (QuoteString(f"{path}{end}") for end in ("", ".pub", ".new", ".new.pub"))
    return StringCommand(
        "rm", "-f", new, new_public, "&&",
        "ssh-keygen", "-q", "-t", "ed25519", "-N", QuoteString(""), "-C", QuoteString(comment), "-f", new, "&&",
        "sync", new, new_public, "&&", "mv", "-fT", new_public, public, "&&", "mv", "-fT", new, key,
    )  # fmt: skip


@shell_operation
def install(host: Host, run: Run) -> Commands:
    """Bring the program, its settings and the scripts: files.put would leave parts."""
    unknown = desired.unknown(run.fleet, host.name)
    if unknown:
        yield Refusal(
            f"{host.name}: no host key of {', '.join(unknown)} in {run.fleet.site.known_hosts}; expected one to give "
            f"to the trainer; run {hints.modelctl('trust HOST')}, for a machine that is no host of the site ssh-keyscan"
        )
        return
    held = host.get_fact(HeldFiles, root=str(desired.root(run.fleet)))
    for path, content in desired.files(run.fleet, host.name).items():
        if held.get(path) != (hashlib.sha256(content.text.encode()).hexdigest(), content.mode):
            yield from _put(path, content)
    for path in desired.dropped(run.fleet, host.name, held):
        yield StringCommand("rm", "-f", QuoteString(path))


def _put(path: str, content: Content) -> Iterator[StringCommand]:
    new = f"{path}.new"
    yield cast("StringCommand", FileUploadCommand(BytesIO(content.text.encode()), new))
    moved = ("mv", "-fT", QuoteString(new), QuoteString(path))
    yield StringCommand("chmod", content.mode, QuoteString(new), "&&", "sync", QuoteString(new), "&&", *moved)
