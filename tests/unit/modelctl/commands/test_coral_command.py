"""`modelctl coral`: a stack downloaded or brought, stored on the datasink, and pinned."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from modelctl import cli
from modelctl.inventory_file import load
from modelctl.registry import coral_stacks
from node.registry import fetching
from tests import chandler
from tests.chandler.inventory.registry import REGISTRY
from tests.unit.modelctl.datasinks import REGISTRY_FOLDER, FakeDatasink, NearDatasink
from tests.unit.node.registry.pages import Pages, served

VERSION = "2025-12-19"
LABEL = f"coral_packages/{VERSION}"
NAMES = sorted(REGISTRY.artefacts["coral_packages"].names_of(VERSION))
CONTENTS = {name: (b"!<arch>\n" if name.endswith(".deb") else b"PK\x03\x04") + name.encode() for name in NAMES}
WHEEL = "pycoral-2.0.3-cp311-cp311-linux_aarch64.whl"
WHEEL_PATH = f"pycoral/releases/download/2.0.3TF2.17.1/{WHEEL}"
SITE = """
from pathlib import Path
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.chandler.inventory.standards import STANDARDS
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_pins
_PINS = Path({pins!r})
_FLEET = Fleet(SITE.model_copy(update={{"coral_source": {source!r}}}), REGISTRY, STANDARDS, load_pins(_PINS))
"""
NEXT = "no pin covers all of them yet; next: modelctl coral pin\n"
APPENDED = "pins are append-only: bring the pinned one with --from DIR, or define these as another version"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(chandler.FOLDER)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.01)


@pytest.fixture
def pages() -> Iterator[Pages]:
    with served() as pages:
        yield pages


@pytest.fixture
def datasink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDatasink:
    return NearDatasink(tmp_path, monkeypatch)


@pytest.fixture
def site(tmp_path: Path, pages: Pages) -> Path:
    path, pins = tmp_path / "site.py", tmp_path / "pins.json"
    pins.write_text("{}\n")
    path.write_text(SITE.format(pins=str(pins), source=pages.source))
    for name, url in coral_stacks.urls(load(path).fleet, VERSION).items():
        pages.files[url.removeprefix(f"{pages.source}/")] = CONTENTS[name]
    return path


def coral(site: Path, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["coral", *words, "--site", str(site)], catch_exceptions=False)


def done(site: Path, *words: str) -> str:
    result = coral(site, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refusal(site: Path, *words: str) -> str:
    result = coral(site, *words)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    return result.stderr


def pinned(site: Path) -> None:
    done(site, "download")
    done(site, "pin", "--yes")


def test_the_first_time(datasink: FakeDatasink, site: Path) -> None:
    said = done(site, "download")
    assert all(f"{name}" in said and sha256(content) in said for name, content in CONTENTS.items())
    assert said.endswith(f"{LABEL}: stored on data1\n{NEXT}")
    folder = datasink.registry / LABEL
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in NAMES} == CONTENTS
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text())
    assert manifest == {
        "name": "coral_packages", "version": VERSION, "framework": "Coral EdgeTPU", "date_deployed": VERSION,
        "source": "libedgetpu/releases/download/16.0TF2.17.1-1, pycoral/releases/download/2.0.3TF2.17.1, "
        "TFlite-builds/releases/download/v2.17.1",
        "tensorflow": "2.17.1", "python": "3.11", "debian": "bookworm", "architecture": "arm64",
        "training_metrics": {}, "previous_version": None,
        "files": [{"name": name, "sha256": sha256(CONTENTS[name]), "size": len(CONTENTS[name])} for name in NAMES],
    }  # fmt: skip
    listed = yaml.safe_load((folder.parent / "manifest.yaml").read_text())
    assert listed == {
        "stacks": [
            {
                "version": VERSION,
                "tensorflow": "2.17.1",
                "python": "3.11",
                "debian": "bookworm",
                "architecture": "arm64",
            }
        ]
    }
    assert (
        done(site, "download")
        == f"{LABEL}: data1 has it; to read every byte of it there: modelctl verify coral_packages\n{NEXT}"
    )


@pytest.mark.usefixtures("datasink")
def test_then_it_is_pinned(site: Path) -> None:
    done(site, "download")
    said = done(site, "pin", "--yes")
    assert [line for line in said.splitlines() if line.startswith("    ")] == [
        f"    {name}: {len(CONTENTS[name])} B, SHA-256 {sha256(CONTENTS[name])}" for name in NAMES
    ]
    pin = load(site).fleet.pins.models["coral_packages"][VERSION]
    assert {name: file.sha256 for name, file in pin.files.items()} == {
        name: sha256(content) for name, content in CONTENTS.items()
    }
    assert done(site, "pin") == f"{LABEL}: already pinned, and data1 holds just that\n"
    assert (
        done(site, "download")
        == f"{LABEL}: data1 has it; to read every byte of it there: modelctl verify coral_packages\n"
    )


@pytest.mark.usefixtures("datasink")
def test_a_manifest_is_made_of_the_definition_and_the_files(site: Path) -> None:
    pinned(site)
    fleet = load(site).fleet
    pin = fleet.pins.models["coral_packages"][VERSION]
    assert sha256(coral_stacks.manifest(fleet, VERSION, pin.measured).encode()) == pin.manifest


def test_a_file_that_was_replaced_under_its_name(
    datasink: FakeDatasink, site: Path, pages: Pages, tmp_path: Path
) -> None:
    pinned(site)
    (datasink.registry / "coral_packages").rename(tmp_path / "lost")
    (tmp_path / "cache").rename(tmp_path / "old cache")
    pages.files[WHEEL_PATH] += b"!"
    assert refusal(site, "download") == (
        f"{pages.source}/{WHEEL_PATH}: found SHA-256 {sha256(pages.files[WHEEL_PATH])}, pinned is "
        f"{sha256(CONTENTS[WHEEL])}: another file has that name now; {APPENDED}\n"
    )
    assert not (datasink.registry / "coral_packages").exists()
    pages.files[WHEEL_PATH] = CONTENTS[WHEEL]
    assert done(site, "download").endswith(f"{LABEL}: stored on data1\n")  # what was replaced is asked for anew
    assert done(site, "pin") == f"{LABEL}: already pinned, and data1 holds just that\n"


@pytest.mark.usefixtures("datasink")
def test_what_was_downloaded_is_not_downloaded_again(site: Path, pages: Pages) -> None:
    pages.codes[WHEEL_PATH] = [404]
    refusal(site, "download")
    count = len(pages.asked)
    done(site, "download")
    again = [path for path, _ in pages.asked[count:]]
    assert WHEEL_PATH in again
    assert len(again) == 2  # and what stands behind it


@pytest.mark.usefixtures("datasink")
def test_from_a_folder(site: Path, pages: Pages, tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    url = f"{pages.source}/{WHEEL_PATH}"
    for name in NAMES:
        (folder / name).write_bytes(CONTENTS[name])
    (folder / WHEEL).unlink()
    assert refusal(site, "download", "--from", str(folder)) == (
        f"{folder}/{WHEEL}: No such file or directory; expected the file of that name; bring it: {url}\n"
    )
    (folder / WHEEL).write_text("<html>")
    assert refusal(site, "download", "--from", str(folder)) == (
        f"{folder}/{WHEEL}: found an HTML page; expected a wheel; bring it anew: {url}\n"
    )
    (folder / WHEEL).write_bytes(CONTENTS[WHEEL])
    assert done(site, "download", VERSION, "--from", str(folder)).endswith(f"{LABEL}: stored on data1\n{NEXT}")
    assert pages.asked == []


def test_a_place_that_something_else_has(datasink: FakeDatasink, site: Path) -> None:
    folder = datasink.registry / LABEL
    folder.mkdir(parents=True)
    (folder / WHEEL).write_bytes(CONTENTS[WHEEL])
    place = f"data1: {REGISTRY_FOLDER}/{LABEL}"
    ending = f"expected {LABEL}, as this checkout has it; move that folder away there, then modelctl coral download"
    said = refusal(site, "download")
    assert said.startswith(f"{place}: found other files than the stack's (libedgetpu")
    assert said.strip().endswith(f"{ending} {VERSION}")


def test_a_stack_that_was_defined_otherwise_meanwhile_is_not_pinned(datasink: FakeDatasink, site: Path) -> None:
    """Its pin would name a manifest that this checkout can never write again."""
    done(site, "download")
    manifest = datasink.registry / LABEL / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("bookworm", "trixie"))
    assert ": found the manifest of another stack; " in refusal(site, "pin", "--yes")
    assert "coral_packages" not in load(site).fleet.pins.models


def test_what_is_stored_is_not_what_is_pinned(datasink: FakeDatasink, site: Path) -> None:
    pinned(site)
    manifest = datasink.registry / LABEL / "manifest.yaml"
    pin = load(site).fleet.pins.models["coral_packages"][VERSION].manifest
    text = manifest.read_text()
    manifest.write_text(text + "#\n")
    assert f"found a manifest with SHA-256 {sha256((text + '#' + chr(10)).encode())}, pinned is {pin}; " in refusal(
        site, "download"
    )
    manifest.write_text(text)
    (datasink.registry / LABEL / WHEEL).write_bytes(b"PK")
    size = len(CONTENTS[WHEEL])
    assert f": found 2 bytes of {WHEEL}, pinned are {size}; " in refusal(site, "download")


@pytest.mark.usefixtures("datasink")
def test_what_is_not_stored_cannot_be_pinned(site: Path) -> None:
    assert refusal(site, "pin") == (
        f"data1: {LABEL} is not stored there; download it: modelctl coral download {VERSION}\n"
    )


@pytest.mark.usefixtures("datasink")
def test_a_version_that_nobody_described(site: Path) -> None:
    for command in ("download", "pin"):
        assert refusal(site, command, "2026-01-01") == (
            f"VERSION: found '2026-01-01'; allowed: a version in registry.coral: {VERSION}\n"
        )


@pytest.mark.usefixtures("datasink")
def test_a_site_without_coral(site: Path) -> None:
    without = "SITE.hosts[name].model_copy(update={'coral_packages': False})"
    hosts = f"{{name: {without} for name in ('sentinel', 'alpha5')}}"
    site.write_text(
        site.read_text()
        .replace(", REGISTRY, STANDARDS", ", REGISTRY.model_copy(update={'coral': None}), STANDARDS")
        .replace('"coral_source"', f'"hosts": {{**SITE.hosts, **{hosts}}}, "coral_source"')
    )
    assert refusal(site, "download") == "registry.coral: found nothing; allowed: a Coral with its stacks\n"


@pytest.mark.usefixtures("datasink")
def test_a_definition_that_was_changed_under_its_pin(site: Path) -> None:
    pinned(site)
    pins = site.with_name("pins.json")
    data = json.loads(pins.read_text())
    known = data["coral_packages"][VERSION]["manifest"]
    fleet = load(site).fleet
    files = dict(fleet.pins.models["coral_packages"][VERSION].measured)
    pins.write_text(pins.read_text().replace(known, "0" * 64))
    with pytest.raises(Exception, match=rf"its manifest would have SHA-256 {known}, pinned is {'0' * 64}; expected"):
        coral_stacks.require_pinned(load(site).fleet, VERSION, files, dict.fromkeys(files, "x"))


@pytest.mark.usefixtures("datasink")
def test_every_byte_is_verified_as_a_models_are(site: Path, datasink: FakeDatasink) -> None:
    pinned(site)
    words = ["verify", "coral_packages", "--site", str(site)]
    assert CliRunner().invoke(cli.main, words, catch_exceptions=False).exit_code == 0
    (datasink.registry / LABEL / WHEEL).write_bytes(CONTENTS[WHEEL].swapcase())
    found = CliRunner().invoke(cli.main, words, catch_exceptions=False)
    assert found.exit_code == 3
    assert f"changed: data1 registry: {LABEL}: {WHEEL}: found SHA-256 " in found.stdout


@pytest.mark.parametrize("words", [(), ("download",), ("pin",)])
def test_help(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli.main, ["coral", *words, "--help"])
    assert (result.exit_code, "Coral" in result.output or "stack" in result.output) == (0, True)
