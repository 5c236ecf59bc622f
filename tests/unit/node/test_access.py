import os
import pwd
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from node import access
from node.errors import Refusal

LINE = 'cert-authority,restrict,principals="p",command="/usr/bin/rrsync -ro /r" ssh-ed25519 AAAAmine authority'
DENY = LINE.replace('principals="p"', 'principals="p:east:1"').replace("/usr/bin/rrsync -ro /r", "exit 1")
OWN = "ssh-rsa AAAAfriend me@home"
OTHER = "cert-authority,restrict ssh-ed25519 AAAAother another authority"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The authorized_keys of the only user."""
    entry = SimpleNamespace(pw_dir=str(tmp_path / "home"), pw_uid=4242, pw_gid=4243)
    monkeypatch.setattr(pwd, "getpwnam", lambda _: entry)
    (tmp_path / "home").mkdir()
    return tmp_path / "home" / ".ssh" / "authorized_keys"


def test_a_key_is_made_once(state: Path) -> None:
    access.make_key("lab1")
    private, public = state / "access" / "pull_key", state / "access" / "pull_key.pub"
    assert public.read_text().startswith("ssh-ed25519 ")
    assert public.read_text().split()[2] == "sentinelcam-pull@lab1"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    before = private.read_bytes()
    access.make_key("lab1")
    assert private.read_bytes() == before
    assert sorted(path.name for path in private.parent.iterdir()) == ["pull_key", "pull_key.pub"]


def test_a_key_whose_making_was_cut_off_is_made_anew(state: Path) -> None:
    (state / "access").mkdir(parents=True)
    for half in ("new_key", "new_key.pub", "pull_key.pub"):
        (state / "access" / half).write_bytes(b"")
    access.make_key("lab1")
    assert (state / "access" / "pull_key.pub").read_text().startswith("ssh-ed25519 ")


def test_install_puts_certificate_and_host_key(state: Path) -> None:
    assert access.read("known_hosts") is None
    access.install("certificate\n", "host key\n")
    assert (access.read("pull_key-cert.pub"), access.read("known_hosts")) == ("certificate\n", "host key\n")
    assert stat.S_IMODE((state / "access").stat().st_mode) == 0o700


def test_authorize_on_a_bare_account(keys: Path) -> None:
    assert not access.is_authorized("ops", [LINE])
    access.authorize("ops", [LINE])
    assert access.is_authorized("ops", [LINE])
    assert keys.read_text() == LINE + "\n"
    assert [(stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) for path in (keys.parent, keys)] == [
        (0o700, 4242),
        (0o600, 4242),
    ]


def test_authorize_keeps_foreign_lines_and_replaces_its_own(keys: Path) -> None:
    keys.parent.mkdir()
    older = LINE.replace("/r", "/elsewhere")
    keys.write_text(f"# a note\n{OWN}\n{older}\n{OTHER}")
    access.authorize("ops", [LINE])
    assert keys.read_text().splitlines() == ["# a note", OWN, OTHER, LINE]
    access.authorize("ops", [LINE])
    assert keys.read_text().splitlines() == ["# a note", OWN, OTHER, LINE]


@pytest.mark.parametrize(
    ("there", "is_it"),
    [
        ([DENY, LINE], True),
        ([DENY, OWN, LINE, OTHER], True),
        ([LINE, DENY], False),
        ([LINE], False),
        ([DENY], False),
        ([DENY, LINE, LINE], False),
        ([LINE.replace('"p"', '"older"'), DENY, LINE], False),
        ([DENY.replace("east", "lab1"), LINE], False),
    ],
)
def test_just_these_lines_in_this_order_are_what_is_wanted(keys: Path, there: list[str], is_it: bool) -> None:
    """R6: sshd goes by the first line that matches."""
    keys.parent.mkdir()
    keys.write_text("".join(f"{line}\n" for line in there))
    assert access.is_authorized("ops", [DENY, LINE]) is is_it
    access.authorize("ops", [DENY, LINE])
    assert access.is_authorized("ops", [DENY, LINE])
    foreign = [line for line in there if line in (OWN, OTHER)]
    assert keys.read_text().splitlines() == [*foreign, DENY, LINE]


def test_what_is_revoked_here_and_not_by_these_lines(keys: Path) -> None:
    """R6: an older checkout would let it in again."""
    assert access.revoked("ops", [LINE]) == []
    keys.parent.mkdir()
    names = ("sentinelcam-pull:east:1", "sentinelcam-pull:east:2", "sentinelcam-pull:lab1:1")
    deny = [LINE.replace('principals="p"', f'principals="{",".join(names[:count])}"') for count in range(1, 4)]
    keys.write_text(f"{OTHER.replace('restrict', f'restrict,principals={names[2]}')}\n{deny[1]}\n{LINE}\n")
    assert access.revoked("ops", [LINE]) == list(names[:2])
    assert access.revoked("ops", [deny[0], LINE]) == [names[1]]
    assert access.revoked("ops", [deny[1], LINE]) == access.revoked("ops", [deny[2], LINE]) == []


def test_a_link_there_stays_a_link_and_foreign_lines_stay(keys: Path) -> None:
    keys.parent.mkdir()
    (keys.parent / "dotfiles").write_text(f"{OWN}\n")
    keys.symlink_to("dotfiles")
    access.authorize("ops", [LINE])
    assert keys.readlink() == Path("dotfiles")
    assert keys.read_text().splitlines() == [OWN, LINE]


def test_in_a_folder_of_the_user_elsewhere_no_link_leads_root(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: sshd can be told to look for keys outside the homes."""
    del keys
    path, target = tmp_path / "keys" / "ops" / "authorized_keys", tmp_path / "etc" / "made"
    path.parent.mkdir(parents=True)
    os.chown(path.parent, 4242, 4243)
    target.parent.mkdir()
    path.symlink_to(target)
    os.chown(path, 4242, 4243, follow_symlinks=False)
    monkeypatch.setattr(access, "_place_of_keys", lambda *_: str(path))
    with pytest.raises(PermissionError):
        access.authorize("ops", [LINE])
    assert not target.exists()


def rsync_of(programs: Path, version: str) -> None:
    program = programs / "rsync"
    program.write_text(f"#!/bin/sh\necho 'rsync  version {version}  protocol version 32'\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("said", "version"), [("3.5.0", (3, 5, 0)), ("v3.10.2pre1", (3, 10, 2)), ("3.2.7", (3, 2, 7)), ("three", ())]
)
def test_rsync_version(programs: Path, said: str, version: tuple[int, ...]) -> None:
    rsync_of(programs, said)
    assert access.rsync_version() == version


def test_no_rsync_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert access.rsync_version() == ()


@pytest.mark.parametrize("version", ["3.5.0", "3.10.1", "4.0.0"])
def test_a_safe_rrsync_passes(programs: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    rsync_of(programs, version)
    monkeypatch.setattr(access, "RRSYNC", programs / "rsync")
    access.check_rrsync()


@pytest.mark.parametrize("version", ["3.4.9", "3.2.7", "2.99.99"])
def test_an_rrsync_that_can_be_escaped_is_refused(
    programs: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    rsync_of(programs, version)
    monkeypatch.setattr(access, "RRSYNC", programs / "rsync")
    with pytest.raises(Refusal, match=rf"rsync {version}; expected rrsync of 3\.5\.0 or newer \(CVE-2026-53783\)"):
        access.check_rrsync()


def test_a_missing_rrsync_is_refused(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rsync_of(programs, "3.5.0")
    monkeypatch.setattr(access, "RRSYNC", programs / "rrsync")
    with pytest.raises(Refusal, match="expected rrsync"):
        access.check_rrsync()
