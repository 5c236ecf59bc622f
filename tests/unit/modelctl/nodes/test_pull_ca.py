"""The pull CA. R6: its certificates permit nothing by themselves, and one node's can be revoked."""

import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelctl.errors import OperatorError
from modelctl.inventory.json_files import Revoked
from modelctl.nodes.pull_ca import PullCa, upload_principals

NOBODY = Revoked()
NAMES = ("sentinelcam-pull-2", "sentinelcam-pull:lab1:2")
BARE = ("-z", "7", "-O", "clear")


def keygen(*words: str | Path) -> str:
    return subprocess.run(["ssh-keygen", "-q", *words], check=True, capture_output=True, text=True).stdout


def public_key(folder: Path, name: str) -> str:
    keygen("-t", "ed25519", "-N", "", "-C", name, "-f", folder / name)
    return (folder / f"{name}.pub").read_text()


@pytest.fixture
def pull_ca(tmp_path: Path) -> PullCa:
    pull_ca = PullCa(tmp_path / "folder" / "pull_ca")
    pull_ca.create()
    return pull_ca


def test_creating_makes_a_key_for_its_owner_only(pull_ca: PullCa) -> None:
    assert pull_ca.exists()
    assert stat.S_IMODE(pull_ca.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(pull_ca.key.parent.stat().st_mode) == 0o700


def test_creating_again_keeps_the_key(pull_ca: PullCa) -> None:
    before = pull_ca.key.read_bytes()
    assert not pull_ca.create()
    assert pull_ca.key.read_bytes() == before


def test_two_threads_make_one_key(tmp_path: Path) -> None:
    made = PullCa(tmp_path / "pull_ca")

    def create(_: int) -> tuple[bool, str]:
        return made.create(), made.lines("/registry", NOBODY, {})[0]

    with ThreadPoolExecutor(4) as pool:
        created, lines = zip(*pool.map(create, range(8)), strict=True)
    assert (created.count(True), len(set(lines))) == (1, 1)


def test_a_key_whose_public_half_is_lost_is_kept_and_said(pull_ca: PullCa) -> None:
    before = pull_ca.key.read_bytes()
    pull_ca.key.with_name("pull_ca.pub").unlink()
    with pytest.raises(OperatorError, match=r"^ssh-keygen -t: "):
        pull_ca.create()
    assert pull_ca.key.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=r"^pull_ca .*/file/pull_ca: .*; expected a folder for the key$"):
        PullCa(tmp_path / "file" / "pull_ca").create()


def test_the_line_opens_the_registry_read_only_and_nothing_else(pull_ca: PullCa) -> None:
    public = pull_ca.key.with_name("pull_ca.pub").read_text().strip()
    assert pull_ca.lines("/home/ops/registry", NOBODY, {}) == [
        'cert-authority,restrict,principals="sentinelcam-pull-2",command="/usr/bin/rrsync -ro /home/ops/registry" '
        + public
    ]


def test_revoked_keys_have_a_line_of_their_own_before_it(pull_ca: PullCa) -> None:
    """R6: every generation up to the revoked one, since each has a certificate that is valid for ever."""
    [allowed] = pull_ca.lines("/registry", NOBODY, {})
    public = pull_ca.key.with_name("pull_ca.pub").read_text().strip()
    names = "sentinelcam-pull:alpha5:1,sentinelcam-pull:east:1,sentinelcam-pull:east:2"
    assert pull_ca.lines("/registry", Revoked(hosts={"east": 2, "alpha5": 1}), {}) == [
        f'cert-authority,restrict,principals="{names}",'
        f'command="echo \\"this node\'s pull key was revoked\\" >&2; exit 1" {public}',
        allowed,
    ]


def test_who_may_upload_has_a_line_and_a_command_each(pull_ca: PullCa) -> None:
    public = pull_ca.key.with_name("pull_ca.pub").read_text().strip()
    first, second, allowed = pull_ca.lines(
        "/registry", NOBODY, {"sentinelcam-upload:a:1": "x", "sentinelcam-upload:b:2": "y"}
    )
    assert first == f'cert-authority,restrict,principals="sentinelcam-upload:a:1",command="x" {public}'
    assert second == f'cert-authority,restrict,principals="sentinelcam-upload:b:2",command="y" {public}'
    assert [allowed] == pull_ca.lines("/registry", NOBODY, {})


def test_a_certificate_for_uploads_opens_no_registry(pull_ca: PullCa, tmp_path: Path) -> None:
    public, principals = public_key(tmp_path, "node"), upload_principals("deepend", 1)
    certificate = pull_ca.certify(public, "deepend", 1, principals)
    (tmp_path / "shown").write_text(certificate)
    shown = keygen("-L", "-f", tmp_path / "shown")
    assert shown.split("Principals:")[1].split()[:2] == ["sentinelcam-upload:deepend:1", "Critical"]
    assert shown.rstrip().endswith("Extensions: (none)")
    assert pull_ca.has_certified(certificate, public, "deepend", 1, principals)
    assert not pull_ca.has_certified(certificate, public, "deepend", 1)
    assert not pull_ca.has_certified(certificate, public, "deepend", 1, upload_principals("deepend", 2))
    assert not pull_ca.has_certified(pull_ca.certify(public, "deepend", 1), public, "deepend", 1, principals)


def test_a_certificate_names_host_and_generation_and_permits_nothing(pull_ca: PullCa, tmp_path: Path) -> None:
    """R6."""
    before = int(time.time())
    (tmp_path / "shown").write_text(pull_ca.certify(public_key(tmp_path, "node"), "lab1", 3))
    shown = keygen("-L", "-f", tmp_path / "shown")
    assert 'Key ID: "lab1.3"' in shown
    assert before <= int(shown.split("Serial: ")[1].split()[0]) <= time.time()
    assert shown.split("Principals:")[1].split() == [
        "sentinelcam-pull-2", "sentinelcam-pull:lab1:3", "Critical", "Options:", "(none)", "Extensions:", "(none)",
    ]  # fmt: skip


def test_certifying_what_is_no_key_is_refused(pull_ca: PullCa) -> None:
    with pytest.raises(OperatorError, match=r"^ssh-keygen -s: .*; check the site's pull_ca and its modes$"):
        pull_ca.certify("garbage", "lab1", 1)


def test_halves_of_two_pairs_are_said(pull_ca: PullCa, tmp_path: Path) -> None:
    """H1: no node's certificate would ever be known."""
    another(tmp_path)
    public = pull_ca.key.with_name("pull_ca.pub")
    public.write_text((tmp_path / "another_ca.pub").read_text())
    with pytest.raises(OperatorError) as caught:
        pull_ca.certify(public_key(tmp_path, "node"), "lab1", 1)
    assert str(caught.value) == (
        f"pull_ca {pull_ca.key}: {public} is of another key; expected the two halves of one pair; restore both"
    )


@pytest.mark.parametrize("content", [b"", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"\xff" * 400])
def test_a_damaged_private_half_is_one_line(pull_ca: PullCa, tmp_path: Path, content: bytes) -> None:
    """H1."""
    pull_ca.key.write_bytes(content)
    with pytest.raises(OperatorError, match=r"^ssh-keygen -s: .*; check the site's pull_ca and its modes$") as caught:
        pull_ca.certify(public_key(tmp_path, "node"), "lab1", 1)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("content", [b"", b"garbage", b"\xff\0"])
def test_a_damaged_public_half_is_one_line(pull_ca: PullCa, tmp_path: Path, content: bytes) -> None:
    """H1: an empty one gave the datasink a line without a key."""
    public, path = public_key(tmp_path, "node"), pull_ca.key.with_name("pull_ca.pub")
    certificate = pull_ca.certify(public, "lab1", 1)
    path.write_bytes(content)
    for ask in (
        lambda: pull_ca.lines("/registry", NOBODY, {}),
        lambda: pull_ca.certify(public, "lab1", 1),
        lambda: pull_ca.has_certified(certificate, public, "lab1", 1),
    ):
        with pytest.raises(
            OperatorError, match=r"^pull_ca .*: found .*; expected its public half in a line; "
        ) as error:
            ask()
        assert str(error.value).isprintable()


def test_without_ssh_keygen_it_is_one_line(pull_ca: PullCa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = public_key(tmp_path, "node")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(OperatorError, match=r"^ssh-keygen: no such program; install it: "):
        pull_ca.certify(public, "lab1", 1)


def test_any_text_may_come_for_a_certificate(pull_ca: PullCa, tmp_path: Path) -> None:
    """H1."""
    public = public_key(tmp_path, "node")
    real = pull_ca.certify(public, "lab1", 1)
    kind, body, *_ = real.split()
    for text in (
        "\udcff",
        f"{kind} ",
        f"{kind} \udcff",
        f"{kind} AAAA",
        f"{kind} {'A' * 1_000_000}",
        f"{kind} {body[:40]}",
    ):
        assert not pull_ca.has_certified(text, public, "lab1", 1)
        assert not pull_ca.has_certified(real, text, "lab1", 1)


def tampered(certificate: str) -> str:
    """The same certificate with another signature."""
    kind, body, *_ = certificate.split()
    return f"{kind} {body[:-8]}{'A' if body[-8] != 'A' else 'B'}{body[-7:]}"


def presented(pull_ca: PullCa, folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """What a node may hold: a certificate and a public key."""
    public = public_key(folder, "node")
    certificate = pull_ca.certify(public, "lab1", 2)

    def signed(*words: str | Path, names: str = ",".join(NAMES)) -> str:
        return sign(pull_ca, public, folder, "-n", names, *words)

    return {
        "its own": (certificate, public),
        "its own, with another comment": (certificate, " ".join(public.split()[:2]) + " comment"),
        "no certificate": (None, public),
        "no key": (certificate, None),
        "another key": (certificate, public_key(folder, "another")),
        "another CA": (another(folder).certify(public, "lab1", 2), public),
        "another host": (pull_ca.certify(public, "lab2", 2), public),
        "the generation before": (pull_ca.certify(public, "lab1", 1), public),
        "the generation after": (pull_ca.certify(public, "lab1", 3), public),
        "as of old": (sign(pull_ca, public, folder, "-n", "sentinelcam-pull"), public),
        "another principal": (signed(*BARE, names="root"), public),
        "one principal more": (signed(*BARE, names=f"{','.join(NAMES)},root"), public),
        "one principal fewer": (signed(*BARE, names=NAMES[0]), public),
        "by hand, the same": (signed(*BARE), public),
        "without a serial": (signed("-O", "clear"), public),
        "with a terminal": (signed(*BARE, "-O", "permit-pty"), public),
        "with a command": (signed(*BARE, "-O", "force-command=id"), public),
        "of a host": (signed(*BARE, "-h"), public),
        "tampered": (tampered(certificate), public),
        "a key for a certificate": (public, public),
        "garbage": ("garbage", public),
        "empty": ("", public),
        "cut off": (certificate[:200], public),
        "of an unknown kind": ("x-cert-v01@example.org AAAA", public),
    }


def another(folder: Path) -> PullCa:
    made = PullCa(folder / "another_ca")
    made.create()
    return made


def sign(pull_ca: PullCa, public: str, folder: Path, *words: str | Path) -> str:
    (folder / "signed.pub").write_text(public)
    keygen("-s", pull_ca.key, "-I", "lab1", *words, folder / "signed.pub")
    return (folder / "signed-cert.pub").read_text()


def test_only_its_own_certificate_for_the_key_is_known(pull_ca: PullCa, tmp_path: Path) -> None:
    found = {name: pull_ca.has_certified(*held, "lab1", 2) for name, held in presented(pull_ca, tmp_path).items()}
    assert [name for name, known in found.items() if known] == [
        "its own",
        "its own, with another comment",
        "by hand, the same",
    ]


def test_an_pull_ca_that_is_not_made_yet_has_certified_nothing(pull_ca: PullCa, tmp_path: Path) -> None:
    public = public_key(tmp_path, "node")
    certificate = pull_ca.certify(public, "lab1", 1)
    assert not PullCa(tmp_path / "absent").has_certified(certificate, public, "lab1", 1)
