"""A site of an Ansible inventory: what has a counterpart is taken, and nothing is dropped without a line."""

import copy
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from modelctl import cli
from modelctl.errors import Faults, OperatorError
from modelctl.inventory_file import load
from modelctl.product import CHECKOUT
from modelctl.schema import Coral, Datasink, Outpost, PiCamera, Sentinel, Trainer, Watchtower
from tests.unit.modelctl.hostile import NAMES
from tests.unit.modelctl.starting import new_sites
from tests.unit.modelctl.starting.ansible.samples import SAMPLE, keys, read, told

INVENTORY, SITE, STANDARDS, MODELS = (
    "production.yaml",
    "group_vars/all/site.yaml",
    "group_vars/all/sentinelcam_standards.yaml",
    "group_vars/all/model_registry.yaml",
)
GATE, BARN, BRAIN = (f"host_vars/{name}.yaml" for name in ("gate", "barn", "brain"))


def text(name: str) -> str:
    return (SAMPLE / name).read_text(encoding="utf-8")


def changed(name: str, old: str, new: str) -> dict[str, str]:
    assert old in text(name)
    return {name: text(name).replace(old, new)}


@pytest.fixture
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    new_sites.known_to_git(monkeypatch)


@pytest.mark.usefixtures("_git")
class TestTheSample:
    def test_it_is_a_valid_site_in_clean_python(self, tmp_path: Path) -> None:
        result = new_sites.run(tmp_path / "site", "--from-ansible", SAMPLE)
        assert result.exit_code == 0, result.output
        path = tmp_path / "site" / "inventory.py"
        found = CliRunner().invoke(cli.main, ["check", "--site", str(path)], catch_exceptions=False)
        assert (found.exit_code, found.stdout) == (0, "meadow: 6 hosts, 20 files rendered, 16 warnings, no faults\n")
        assert new_sites.lint(tmp_path / "site") == ""

    def test_what_it_becomes(self, tmp_path: Path) -> None:
        new_sites.run(tmp_path / "site", "--from-ansible", SAMPLE)
        fleet = load(tmp_path / "site" / "inventory.py").fleet
        site = fleet.site
        assert (site.name, site.primary_datasink, site.legacy_nodes) == ("meadow", "store", ("barn",))
        assert {name: (type(host), str(host.address), host.login) for name, host in site.hosts.items()} == {
            "store": (Datasink, "10.20.0.5", "ops"),
            "brain": (Sentinel, "10.20.0.6", "ops"),
            "gate": (Outpost, "10.20.0.11", "ops"),
            "barn": (Outpost, "10.20.0.12", "ops"),
            "hall": (Watchtower, "10.20.0.20", "ops"),
            "forge": (Trainer, "10.20.0.30", "pyimagesearch"),
        }
        gate = fleet.host("gate")
        assert isinstance(gate, Outpost)
        assert (gate.node_name, gate.datasink, gate.models) == (
            "drive",
            None,
            ("mobilenet_ssd", "mobilenet_ssd_edgetpu"),
        )
        assert gate.cameras["P1"] == PiCamera(
            viewname="Gate",
            resolution=(640, 480),
            framerate=24,
            vflip=True,
            accelerator="coral",
            detectobjects="mobilenetssd",
            sentinel_tasks={"person": "GetFaces2", "default": "MobileNetSSD_allFrames"},
        )
        assert fleet.versions("brain")["face_recognition"] == "2025-06-01"
        assert fleet.registry.models["face_recognition"].current_version == "2026-01-20"
        assert isinstance(fleet.registry.coral, Coral)
        assert fleet.standards.sentinelcam_model_retention == 3

    def test_every_key_of_every_file_is_in_one_list(self, tmp_path: Path) -> None:
        result = new_sites.run(tmp_path / "site", "--from-ansible", SAMPLE)
        lines = result.stdout.splitlines()
        taken, left = (
            [line[len(kind) + 2 :] for line in lines if line.startswith(f"{kind}  ")] for kind in ("taken", "left")
        )
        assert sorted(told([*taken, *left])) == sorted(keys(SAMPLE))
        assert (len(taken), len(left)) == (87, 5)
        assert "87 taken, 5 left, 5 added" in lines

    def test_what_it_says_to_do_next(self, tmp_path: Path) -> None:
        values = tmp_path / "site" / "inventory"
        result = new_sites.run(tmp_path / "site", "--from-ansible", SAMPLE)
        writing = f"write what you miss into {values}/site.py and {values}/registry.py"
        assert result.stdout.splitlines()[-11:-4] == [
            "What to do next:",
            f"  1. read what was left and added, and {writing}",
            "  2. modelctl trust store brain gate barn hall forge",
            "  3. modelctl doctor",
            "  4. modelctl coral download",
            "  5. modelctl pin",
            "  6. modelctl check --strict",
        ]

    def test_what_it_left(self, tmp_path: Path) -> None:
        _, ledger = read(tmp_path, {})
        nobody = "its host is of no kind that is known here, by its groups: infrastructure"
        router = f"{INVENTORY}:13 all.children.infrastructure.hosts.router"
        assert ledger.left() == [
            f"{SITE}:8 sentinelcam_outposts.drive.cameras.P1.description: nothing here is like it",
            f"{SITE}:12 sentinelcam_outposts.barn.cameras.P1.description: nothing here is like it",
            *(f"{router}.{key}: {nobody}" for key in ("ansible_host", "ansible_user", "node_role")),
        ]


HALL = "host_vars/hall.yaml"
DATA = '"/home/{{ sentinelcam_user }}/sentinelcam"'
BRAIN_LINE = "brain: {ansible_host: 10.20.0.6, node_name: brain, node_role: sentinel}"
NO_JINJA = "a jinja expression, which is not computed here: write its value"
LEFT = {
    "vault": (
        changed(BRAIN, "type: cpu", "type: cpu\nsecret: !vault |\n  $ANSIBLE_VAULT;1.1\n  36"),
        f"{BRAIN}:2 secret: it is in a vault, which is not opened",
    ),
    "vault file": ({HALL: "$ANSIBLE_VAULT;1.1;AES256\n3634\n"}, f"{HALL}: it is in a vault, which is not opened"),
    "jinja": (
        changed(STANDARDS, DATA, "\"{{ sentinelcam_user | default('x') }}\""),
        f"{STANDARDS}:3 sentinelcam_data_path: it is {NO_JINJA}",
    ),
    "variable of itself": (
        changed(STANDARDS, DATA, '"{{ sentinelcam_data_path }}"'),
        f"{STANDARDS}:3 sentinelcam_data_path: it names sentinelcam_data_path, which is no plain variable",
    ),
    "jinja in a list": (
        changed(GATE, "[mobilenet_ssd, mobilenet_ssd_edgetpu]", '["{{ one }}"]'),
        f"{GATE}:1 outpost_models: it holds {NO_JINJA}",
    ),
    "host in two groups": (
        changed(INVENTORY, "sentinels: {hosts: {brain: }}", "sentinels: {hosts: {brain: , gate: }}"),
        f"{GATE}:3 imagenode_config.node_name: its host is in the groups outposts and sentinels; expected one of them",
    ),
    "unknown group": (
        {"group_vars/orchard.yaml": "ansible_port: 22\n"},
        "group_vars/orchard.yaml:1 ansible_port: the inventory has no group orchard",
    ),
    "unknown host": ({"host_vars/cat.yml": "a: {b: 1}\n"}, "host_vars/cat.yml:1 a.b: the inventory has no host cat"),
    "broken": ({HALL: "a: [1\n"}, f"{HALL}: it is no YAML: line "),
    "anchor": ({HALL: "a: &x 1\n"}, f"{HALL}: line 1: found an anchor or alias; write the value out"),
    "deep": ({HALL: "a: " + "[" * 30 + "]" * 30}, f"{HALL}: line 1: found nesting over 24 deep"),
    "large": ({HALL: f"a: {'x' * 70_000}\n"}, f"{HALL}: it has more than 65536 bytes"),
    "tag": (
        {HALL: "a: !!python/object/apply:os.system [exit]\n"},
        f"{HALL}:1 a: its tag tag:yaml.org,2002:python/object/apply:os.system is not known here",
    ),
    "twice": ({HALL: "a: 1\na: 2\n"}, f"{HALL}:1 a: it stands there again, in line 2"),
    "playbook": ({"play.yaml": "- hosts: all\n"}, "play.yaml: it holds no keys, as a playbook does not"),
    "settings": ({"ansible.cfg": "[defaults]\n"}, "ansible.cfg: it is no YAML file, by its name"),
    "ini": ({"hosts": "[outposts]\ngate\n"}, "hosts: it is no YAML: line 2: "),
    "folder": ({"roles/x/y.yaml": "a: 1"}, "roles: it is no plain file"),
    "name for an address": (
        changed(INVENTORY, "10.20.0.12", "barn.local"),
        f"{INVENTORY}:8 all.children.sentinelcam_nodes.hosts.barn.ansible_host: found barn.local; "
        "site.hosts.barn.address allows an IPv4 or IPv6 address",
    ),
    "unknown model": (
        changed(MODELS, "sentinelcam_models:", "sentinelcam_models:\n  yolo: {current_version: '2026-01-01'}"),
        f"{MODELS}:2 sentinelcam_models.yolo.current_version: its files are not known here: write a Model for it ",
    ),
    "unknown variant": (
        changed(MODELS, "short_range:", "full_range: full.tflite, short_range:"),
        f"{MODELS}:9 sentinelcam_models.face_detection_blazeface.variants.full_range: face_detection_blazeface has no ",
    ),
    "camera's name": (
        changed(GATE, "    P1:\n", "    cam1: {viewname: X}\n    P1:\n"),
        f"{GATE}:5 imagenode_config.cameras.cam1.viewname: its camera is called cam1; expected a camera name: O, P or ",
    ),
    "said otherwise": (
        changed(SITE, "viewname: Yard", "viewname: Field"),
        f"{SITE}:12 sentinelcam_outposts.barn.cameras.P1.viewname: imagenode_config says Yard, and counts",
    ),
    "overridden": (
        {"group_vars/outposts.yaml": "ansible_user: pi\n"}
        | {name: f"ansible_user: cam\n{text(name)}" for name in (GATE, BARN)},
        f"group_vars/outposts.yaml:1 ansible_user: {GATE}:1 ansible_user says it again, and counts",
    ),
    "another role": (
        changed(INVENTORY, BRAIN_LINE, BRAIN_LINE.replace("role: sentinel", "role: outpost")),
        f"{INVENTORY}:6 all.children.sentinelcam_nodes.hosts.brain.node_role: its group sentinels says otherwise, and ",
    ),
    "no outpost": (
        changed(SITE, "hostname: gate", "hostname: brain"),
        f"{SITE}:7 sentinelcam_outposts.drive.datasink: brain is no outpost, by its group",
    ),
    "group": (changed(STANDARDS, "group: ops", "group: users"), f"{STANDARDS}:2 sentinelcam_group: files belong to "),
}


@pytest.mark.parametrize(("files", "line"), LEFT.values(), ids=LEFT)
def test_what_is_left_is_a_line(tmp_path: Path, files: dict[str, str], line: str) -> None:
    _, ledger = read(tmp_path, files)
    assert [said for said in ledger.left() if said.startswith(line)], ledger.left()


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            changed(INVENTORY, "10.20.0.12", "barn.local"),
            "site.hosts.barn.address = 192.0.2.103: an example's, since it ",
        ),
        ({BARN: ""}, "site.hosts.barn.cameras.P1.framerate = 32: a camera has to have it, and nothing says it"),
        ({BARN: ""}, "site.hosts.barn.cameras.P1.detectobjects = motion: a camera has to have it, and nothing says it"),
        (
            changed(GATE, "  node_name: drive\n", ""),
            "site.hosts.gate.node_name = drive: sentinelcam_outposts calls it so",
        ),
        (
            changed(MODELS, "coral_packages:", "x:"),
            "site.hosts.gate.coral_packages = False: the inventory has no Coral ",
        ),
        (
            changed(MODELS, "  haarcascades:", "  x:"),
            "registry.models.haarcascades = 2020-03-25: configs name it: write ",
        ),
        (changed(SITE, "sentinelcam_site_name: meadow", "x: 1"), "site.name = my-site: nothing says it"),
        (changed(SITE, "primary_datasink: store", "x: 1"), "site.primary_datasink = store: nothing says it"),
    ],
)
def test_what_a_site_must_say_is_added_with_a_line(tmp_path: Path, files: dict[str, str], line: str) -> None:
    _, ledger = read(tmp_path, files)
    assert [said for said in ledger.added() if said.startswith(line)], ledger.added()


def test_the_nearer_of_two_values_counts(tmp_path: Path) -> None:
    files = {
        "group_vars/outposts.yaml": "ansible_user: cam\n",
        "group_vars/legacy_nodes.yml": "sentinelcam_user: old\n",
    }
    made, ledger = read(tmp_path, files)
    assert 'address="10.20.0.11",\n            login="cam"' in made["inventory/site.py"]
    assert 'users=Users(legacy="old")' in made["inventory/standards.py"]
    assert "group_vars/outposts.yaml:1 ansible_user: site.hosts.gate.login = cam, and 1 more" in ledger.taken()


def test_what_no_site_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        read(tmp_path, changed(BARN, "(640, 360)", "(320, 240)"))
    fault, last = caught.value.faults
    assert fault.startswith("site.hosts.barn.cameras.P1.resolution: found (320, 240); allowed: ")
    assert last == f"{tmp_path}/ansible: mend these there, or in a copy of it"


@pytest.mark.parametrize("name", ["none", "empty"])
def test_a_folder_without_an_inventory(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    result = new_sites.run(tmp_path / "site", "--from-ansible", tmp_path / name)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "expected " in result.stderr
    assert not (tmp_path / "site").exists()


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every place in a tree, by what holds it and its key."""
    if not isinstance(tree, dict | list):
        return []
    items = list(tree.items() if isinstance(tree, dict) else enumerate(tree))
    return [place for key, value in items for place in [(tree, key), *places(value)]]


NOUNS = [name for what, name in NAMES.items() if what != "a million letters"]
VALUES = [*NOUNS, None, {}, [], 0, -1, True, 1.5, [[1]], {"a": {"b": 1}}, "{{ x }}", "{{ sentinelcam_user }}"]


@given(data=st.data())
def test_whatever_it_says_there_is_a_site_or_a_refusal(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([INVENTORY, SITE, STANDARDS, MODELS, GATE, BARN, BRAIN]))
    tree = copy.deepcopy(yaml.safe_load(text(name)))
    for _ in range(data.draw(st.integers(1, 3))):
        if found := places(tree):
            holder, key = data.draw(st.sampled_from(found))
            value = data.draw(st.sampled_from(VALUES))
            if isinstance(holder, dict) and data.draw(st.booleans()):
                holder[str(value)] = holder.pop(key)
            else:
                holder[key] = copy.deepcopy(value)
    with tempfile.TemporaryDirectory() as folder:
        try:
            made, ledger = read(Path(folder), {name: yaml.safe_dump(tree, sort_keys=False)})
        except OperatorError:
            return
        compile(made["inventory/site.py"], "site.py", "exec")
        found_keys = sum(len(document.keys) for document in ledger.documents)
        faulty = sum(bool(document.fault) for document in ledger.documents)
        assert len(ledger.taken()) + len(ledger.left()) == found_keys + faulty
        if not faulty:
            assert found_keys == len(keys(Path(folder) / "ansible"))
