"""Which versions are pinned, and what keeps one from it."""

import hashlib

import pytest

from modelctl.errors import OperatorError
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import Pin, PinnedFile, Pins
from modelctl.registry.pinning import propose, require_version, unpinned
from node.protocol.registry import FolderContents, Measured
from tests.unit.modelctl.datasinks import manifest
from tests.unit.modelctl.sites import fleet, pinned, site_with

EYE = ("haarcascades", "2020-03-25")
EYE_FILE = "haarcascade_eye.xml"


def stored(model: str, version: str, *names: str) -> FolderContents:
    contents = {name: name.encode() for name in names}
    files = {name: Measured(sha256=hashlib.sha256(text).hexdigest(), size=len(text)) for name, text in contents.items()}
    return FolderContents(files, manifest=manifest(model, version, contents).encode())


class TestUnpinned:
    def test_all_that_hosts_want(self) -> None:
        current = sorted((name, model.current_version) for name, model in fleet().registry.artefacts.items())
        assert unpinned(fleet(), None, []) == current
        assert unpinned(fleet(pins=Pins(models={EYE[0]: pinned().models[EYE[0]]})), None, []) == [
            pair for pair in current if pair != EYE
        ]
        assert unpinned(fleet(pins=pinned()), None, [EYE]) == []

    def test_overrides_are_wanted_too(self) -> None:
        versions = {"face_recognition": "2025-02-25"}
        asked = fleet(site_with("sentinel", model_version_overrides=versions))
        assert unpinned(asked, "face_recognition", []) == [
            ("face_recognition", "2025-02-25"), ("face_recognition", "2026-02-02"),
        ]  # fmt: skip

    def test_what_is_stored_too(self) -> None:
        stored = [EYE, (EYE[0], "2026-05-01"), ("openface_torch", "2026-05-01")]
        assert unpinned(fleet(pins=pinned()), None, stored) == stored[1:]
        assert unpinned(fleet(), EYE[0], stored) == stored[:2]


@pytest.mark.parametrize("version", ["2020-02-30", "latest", "", "..", "2020-03-25\n", "2020-03-25.1", "2" * 1_000_000])
def test_a_version_that_is_none(version: str) -> None:
    with pytest.raises(OperatorError, match=r"^VERSION: found '.*'; allowed: a real date as YYYY-MM-DD, or") as caught:
        require_version(version)
    assert len(str(caught.value)) < 300


class TestPropose:
    def test_sound_versions_are_pinned_and_the_others_are_not(self) -> None:
        known = Pins(models={"face_recognition": pinned().models["face_recognition"]})
        later, absent = ("haarcascades", "2026-05-01"), ("openface_torch", "2020-03-25")
        proposal = propose(
            fleet(pins=known),
            {
                EYE: stored(*EYE, EYE_FILE),
                later: stored(*later, EYE_FILE),
                absent: FolderContents({}, fault="no such folder"),
            },
        )
        assert list(proposal.new) == [EYE, later]
        assert (proposal.already, proposal.faulty) == ([], {absent: ("no such folder",)})
        assert proposal.pins.models["haarcascades"] == {EYE[1]: proposal.new[EYE], later[1]: proposal.new[later]}
        assert proposal.pins.models["face_recognition"] == fleet(pins=known).pins.models["face_recognition"]

    def test_an_equal_pin_is_known(self) -> None:
        found = {EYE: stored(*EYE, EYE_FILE)}
        again = propose(fleet(pins=propose(fleet(), found).pins), found)
        assert (again.new, again.already, again.faulty) == ({}, [EYE], {})

    def test_another_pin_stays(self) -> None:
        before: Fleet = fleet(pins=pinned())
        found = stored(*EYE, EYE_FILE)
        proposal = propose(before, {EYE: found})
        assert found.manifest is not None
        assert proposal.faulty == {
            EYE: (
                f"found manifest {hashlib.sha256(found.manifest).hexdigest()}; pinned is "
                f"{pinned().models[EYE[0]][EYE[1]].manifest}, and pins are append-only: "
                "restore the pinned files, or store these as another version",
            )
        }
        assert (proposal.new, proposal.pins) == ({}, before.pins)

    def test_the_same_manifest_pinned_with_other_files_is_another_pin(self) -> None:
        found = stored(*EYE, EYE_FILE)
        [pin] = propose(fleet(), {EYE: found}).new.values()
        other = Pin(manifest=pin.manifest, files={EYE_FILE: PinnedFile(sha256="a" * 64, size=1)})
        assert EYE in propose(fleet(pins=Pins(models={EYE[0]: {EYE[1]: other}})), {EYE: found}).faulty

    def test_a_version_that_lacks_a_file_of_a_role_is_not_pinned(self) -> None:
        proposal = propose(fleet(), {EYE: stored(*EYE, "other.xml")})
        assert proposal.faulty == {
            EYE: (
                "pins.models.haarcascades.2020-03-25.files: found ['other.xml']; "
                "allowed: a table with haarcascade_eye.xml, the file of role eye",
            )
        }
        assert proposal.pins.models == {}
