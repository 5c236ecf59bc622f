"""A trainer's operations: what they ask, and what they change."""

import hashlib
from dataclasses import replace
from typing import Any, cast

import pytest
from pyinfra.api import FileUploadCommand

from modelctl.desired import trainer as desired
from modelctl.inventory.fleet import Fleet
from modelctl.nodes.pull_ca import PullCa
from modelctl.schema import Standards, Users
from operations import trainer
from operations.node_command import Refusal
from tests.unit.operations.engine import NODE_KEY
from tests.unit.operations.hosts import StubHost, line, make_host, plan, predict

HOME = "/home/pyimagesearch"
CERTIFICATE = f"{HOME}/.ssh/sentinelcam_upload-cert.pub"


class Trainer(StubHost):
    """A trainer that answers by path where a fact has one."""

    def get_fact(self, fact: type, **named: Any) -> Any:
        found = self.facts[fact.__name__]
        return found[named["path"]] if isinstance(found, dict) and "path" in named else found


@pytest.fixture
def host(fleet: Fleet) -> Trainer:
    made = make_host("deepend", fleet)
    made.__class__ = Trainer
    folders = {path: {"mode": 755} for path in desired.folders(fleet)} | {f"{HOME}/.ssh": {"mode": 700}}
    held = {
        path: (hashlib.sha256(content.text.encode()).hexdigest(), content.mode)
        for path, content in desired.files(fleet, "deepend").items()
    }
    pull_ca = PullCa(fleet.site.pull_ca)
    pull_ca.create()
    certificate = pull_ca.certify(NODE_KEY, "deepend", 1, desired.principals(fleet, "deepend"))
    keys = {f"{HOME}/.ssh/{name}": NODE_KEY for name in (desired.UPLOAD, desired.RECEIVE)}
    contents = {CERTIFICATE: [certificate.strip()]}
    made.facts = {"Directory": folders, "HeldFiles": held, "PublicKey": keys, "FileContents": contents}
    return cast("Trainer", made)


def uploaded(commands: list[Any]) -> list[str]:
    return [each.dest for each in commands if isinstance(each, FileUploadCommand)]


def test_a_settled_trainer_is_left_alone(host: Trainer) -> None:
    assert plan(trainer.make_keys, host) == plan(trainer.install, host) == []
    assert "as wanted" in host.said


@pytest.mark.parametrize("said", [None, "damaged", "ssh-rsa AAAA x", f"{NODE_KEY}\n{NODE_KEY}"])
def test_a_key_that_is_none_is_made_anew_before_its_certificate(host: Trainer, said: str | None) -> None:
    host.facts["PublicKey"][f"{HOME}/.ssh/sentinelcam_upload"] = said
    first = predict(trainer.make_keys, host)
    assert first is not None
    new = f"{HOME}/.ssh/sentinelcam_upload.new"
    assert line(first) == (
        f"rm -f {new} {new}.pub && ssh-keygen -q -t ed25519 -N '' -C sentinelcam_upload@deepend -f {new} && "
        f"sync {new} {new}.pub && mv -fT {new}.pub {HOME}/.ssh/sentinelcam_upload.pub && "
        f"mv -fT {new} {HOME}/.ssh/sentinelcam_upload"
    )
    *_, last = plan(trainer.make_keys, host)
    assert isinstance(last, Refusal), "it is none still"


@pytest.mark.parametrize("held", [None, [], ["garbage"], [NODE_KEY]])
def test_a_certificate_that_is_none_comes_anew(host: Trainer, held: list[str] | None) -> None:
    host.facts["FileContents"][CERTIFICATE] = held
    commands = plan(trainer.make_keys, host)
    assert uploaded(commands) == [f"{CERTIFICATE}.new"]
    assert line(commands[-1]) == (
        f"chmod 644 {CERTIFICATE}.new && sync {CERTIFICATE}.new && mv -fT {CERTIFICATE}.new {CERTIFICATE}"
    )


@pytest.mark.parametrize("changed", ["content", "mode", "absence"])
def test_one_file_that_differs_comes_alone(host: Trainer, changed: str) -> None:
    path = f"{HOME}/deepthink/.sentinelcam/settings.json"
    digest, mode = host.facts["HeldFiles"].pop(path)
    if changed != "absence":
        host.facts["HeldFiles"][path] = ("0" * 64, mode) if changed == "content" else (digest, "600")
    assert uploaded(plan(trainer.install, host)) == [f"{path}.new"]


def test_a_module_that_the_program_has_no_more_goes(host: Trainer) -> None:
    own = f"{HOME}/deepthink/.sentinelcam"
    for path in ("trainer/older.py", "mine.py", "trainer/mine.txt", "trainer/deep/mine.py"):
        host.facts["HeldFiles"][f"{own}/{path}"] = ("0" * 64, "644")
    host.facts["HeldFiles"][f"{HOME}/deepthink/mine.sh"] = ("0" * 64, "755")
    [command] = plan(trainer.install, host)
    assert line(command) == f"rm -f {own}/trainer/older.py"


def test_a_datasink_that_nobody_knows_is_said(host: Trainer, fleet: Fleet) -> None:
    fleet.site.known_hosts.write_text("")
    [refusal] = plan(trainer.install, host)
    assert isinstance(refusal, Refusal)
    assert refusal.reason.startswith("deepend: no host key of 192.168.10.50 in ")


def test_another_login_is_refused(fleet: Fleet) -> None:
    other = replace(fleet, standards=Standards(users=Users(trainer="anna")))
    [refusal] = plan(trainer.make_folders, make_host("deepend", other))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == (
        "deepend: found login pyimagesearch; expected anna, the trainer's user (standards.users.trainer)"
    )


def test_what_is_held_is_read_from_two_lists() -> None:
    lines = [
        "644 /r/.sentinelcam/a b.py",
        "0755 /r/x.sh",
        f"{'a' * 64}  /r/.sentinelcam/a b.py",
        f"{'b' * 64}  /r/x.sh",
    ]
    assert trainer.HeldFiles().process(lines) == {
        "/r/.sentinelcam/a b.py": ("a" * 64, "644"), "/r/x.sh": ("b" * 64, "0755"),
    }  # fmt: skip
    assert trainer.HeldFiles().process([*lines[:2], "garbage", "\\" + lines[2]]) == {}
