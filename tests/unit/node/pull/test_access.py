import os
import pwd
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from node.errors import Refusal
from node.pull import access
from tests.unit.node.places import sha256

LINE = 'cert-authority,restrict,principals="p",command="/usr/bin/rrsync -ro /r" ssh-ed25519 AAAAmine CA'
DENY = LINE.replace('principals="p"', 'principals="p:east:1"').replace("/usr/bin/rrsync -ro /r", "exit 1")
OWN = "ssh-rsa AAAAfriend me@home"
OTHER = "cert-authority,restrict ssh-ed25519 AAAAother another CA"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The authorized_keys of the only user."""
    entry = SimpleNamespace(pw_dir=str(tmp_path / "home"), pw_uid=4242, pw_gid=4243)
    monkeypatch.setattr(pwd, "getpwnam", lambda _: entry)
    monkeypatch.setattr(access, "SSHD", str(tmp_path / "sshd"))
    (tmp_path / "home").mkdir()
    os.chown(tmp_path / "home", 4242, 4243)
    return tmp_path / "home" / ".ssh" / "authorized_keys"


def put(path: Path, content: str | bytes) -> None:
    """Make a file of the user's."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    for each in (path.parent, path):
        os.chown(each, 4242, 4243)


def test_a_key_is_made_once(state: Path) -> None:
    access.make_key("lab1")
    private, public = state / "access" / "pull_key", state / "access" / "pull_key.pub"
    assert public.read_text().startswith("ssh-ed25519 ")
    kind, key, comment, digest = public.read_text().split()
    assert (comment, digest) == ("sentinelcam-pull@lab1", sha256(f"{kind} {key}{private.read_text()}".encode()))
    assert access.public_key() == public.read_text()
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


DAMAGES: dict[str, Callable[[Path], object]] = {
    "absent": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[:90]),
    "zeroed": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "a flipped byte": lambda path: path.write_bytes(path.read_bytes().replace(b"A", b"B", 1)),
    "no UTF-8": lambda path: path.write_bytes(b"\xff" * 90),
    "a key of another pair": lambda path: path.write_text(f"ssh-ed25519 AAAA me@home {'0' * 64}\n"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("half", ["pull_key", "pull_key.pub"])
def test_a_pair_that_is_not_whole_is_made_anew(state: Path, half: str, damage: str) -> None:
    """H1, H5."""
    access.make_key("lab1")
    DAMAGES[damage](state / "access" / half)
    assert access.public_key() is None
    access.make_key("lab1")
    public = access.public_key()
    assert public is not None
    private = ["ssh-keygen", "-y", "-f", str(state / "access" / "pull_key")]
    assert subprocess.check_output(private, text=True).split()[:2] == public.split()[:2]


def test_a_pair_of_an_older_release_is_made_anew(state: Path) -> None:
    """Whether its halves are whole nobody can tell."""
    (state / "access").mkdir(parents=True)
    subprocess.check_call(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(state / "access" / "pull_key")])
    assert access.public_key() is None


def test_install_puts_certificate_and_host_key(state: Path) -> None:
    assert access.read("known_hosts") is None
    access.install("certificate\n", "host key\n")
    assert (access.read("pull_key-cert.pub"), access.read("known_hosts")) == ("certificate\n", "host key\n")
    assert stat.S_IMODE((state / "access").stat().st_mode) == 0o700


def test_authorize_on_a_bare_account(keys: Path) -> None:
    assert access.installed("ops", [LINE]) != [LINE]
    access.authorize("ops", [LINE])
    assert access.installed("ops", [LINE]) == [LINE]
    assert keys.read_text() == LINE + "\n"
    assert [(stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) for path in (keys.parent, keys)] == [
        (0o700, 4242),
        (0o600, 4242),
    ]


def test_authorize_keeps_foreign_lines_and_replaces_its_own(keys: Path) -> None:
    older = LINE.replace("/r", "/elsewhere")
    put(keys, f"# a note\n{OWN}\n{older}\n{OTHER}")
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
    put(keys, "".join(f"{line}\n" for line in there))
    assert (access.installed("ops", [DENY, LINE]) == [DENY, LINE]) is is_it
    access.authorize("ops", [DENY, LINE])
    assert access.installed("ops", [DENY, LINE]) == [DENY, LINE]
    foreign = [line for line in there if line in (OWN, OTHER)]
    assert keys.read_text().splitlines() == [*foreign, DENY, LINE]


def revoked(lines: list[str]) -> list[str]:
    return access.revoked(access.installed("ops", lines), lines)


def test_what_is_revoked_here_and_not_by_these_lines(keys: Path) -> None:
    """R6: an older checkout would let it in again."""
    assert revoked([LINE]) == []
    names = ("sentinelcam-pull:east:1", "sentinelcam-pull:east:2", "sentinelcam-pull:lab1:1")
    deny = [LINE.replace('principals="p"', f'principals="{",".join(names[:count])}"') for count in range(1, 4)]
    put(keys, f"{OTHER.replace('restrict', f'restrict,principals={names[2]}')}\n{deny[1]}\n{LINE}\n")
    assert revoked([LINE]) == list(names[:2])
    assert revoked([deny[0], LINE]) == [names[1]]
    assert revoked([deny[1], LINE]) == revoked([deny[2], LINE]) == []


def test_a_link_there_stays_a_link_and_foreign_lines_stay(keys: Path) -> None:
    """H7: a link to a link too."""
    put(keys.parent / "dotfiles", f"{OWN}\n")
    (keys.parent / "more").symlink_to("dotfiles")
    keys.symlink_to("more")
    access.authorize("ops", [LINE])
    assert (keys.readlink(), (keys.parent / "more").readlink()) == (Path("more"), Path("dotfiles"))
    assert keys.read_text().splitlines() == [OWN, LINE]


def test_links_in_a_circle_are_refused(keys: Path) -> None:
    put(keys.parent / "dotfiles", "")
    keys.symlink_to(keys.name)
    with pytest.raises(Refusal, match="too many links"):
        access.authorize("ops", [LINE])


@pytest.mark.parametrize("foreign", [b"ssh-rsa AAAA \xe9ric", b"# \xe2\x80\xa8 a\x0bb \x85", b"", b"ssh-rsa AAAA\r"])
def test_foreign_lines_stay_byte_for_byte(keys: Path, foreign: bytes) -> None:
    """H7: a line ends at a line feed, and nowhere else."""
    older = LINE.replace("/r", "/elsewhere").encode()
    put(keys, b"\n".join([foreign, older, foreign, b""]))
    assert access.installed("ops", [LINE]) != [LINE]
    access.authorize("ops", [LINE])
    assert keys.read_bytes() == b"\n".join([foreign, foreign, LINE.encode(), b""])
    assert access.installed("ops", [LINE]) == [LINE]


@pytest.mark.parametrize("what", ["authorized_keys", ".ssh"])
def test_the_user_s_links_lead_root_nowhere(keys: Path, tmp_path: Path, what: str) -> None:
    """R4."""
    target = tmp_path / "etc"
    target.mkdir(mode=0o755)
    if what == ".ssh":
        keys.parent.symlink_to(target)
        os.chown(keys.parent, 4242, 4243, follow_symlinks=False)
    else:
        keys.parent.mkdir()
        keys.symlink_to(target / "authorized_keys")
        os.chown(keys, 4242, 4243, follow_symlinks=False)
        os.chown(keys.parent, 4242, 4243)
    with pytest.raises((OSError, Refusal)):
        access.authorize("ops", [LINE])
    assert list(target.iterdir()) == []
    assert (target.stat().st_uid, target.stat().st_mode & 0o777) == (0, 0o755)


class TestWhereSshdReads:
    """H5."""

    @pytest.fixture(autouse=True)
    def home(self, keys: Path) -> Path:
        return keys.parents[1]

    def says(self, text: str) -> None:
        path = Path(access.SSHD)
        path.write_text(f"#!/bin/sh\n[ \"$*\" = '-T -C user=ops,host=localhost,addr=127.0.0.1' ] && echo '{text}'\n")
        path.chmod(0o755)

    @pytest.mark.parametrize("place", ["keys/%u 2", "%h/keys/%u", "keys/o%%s"])
    def test_in_the_home_of_the_user(self, home: Path, place: str) -> None:
        self.says(f"port 22\nauthorizedkeysfile {place}")
        access.authorize("ops", [LINE])
        [path] = (home / "keys").iterdir()
        assert path.name == ("o%s" if "%%" in place else "ops")
        assert (path.read_text(), path.stat().st_uid, path.stat().st_mode & 0o777) == (f"{LINE}\n", 4242, 0o600)

    def test_elsewhere_it_is_root_s(self, tmp_path: Path) -> None:
        self.says(f"authorizedkeysfile {tmp_path}/sshd_keys/%u")
        access.authorize("ops", [LINE])
        path = tmp_path / "sshd_keys" / "ops"
        assert (path.read_text(), path.stat().st_uid, path.stat().st_mode & 0o777) == (f"{LINE}\n", 0, 0o644)
        assert access.installed("ops", [LINE]) == [LINE]

    def test_nowhere(self) -> None:
        self.says("authorizedkeysfile none")
        with pytest.raises(Refusal, match="AuthorizedKeysFile none for ops; expected a file"):
            access.authorize("ops", [LINE])

    def test_what_sshd_does_not_say_is_the_default(self, keys: Path) -> None:
        self.says("port 22")
        access.authorize("ops", [LINE])
        assert keys.read_text() == f"{LINE}\n"


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
