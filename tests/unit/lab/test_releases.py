"""Each release of the programs has the signs that tell it from the others."""

from lab.releases import DEFAULT, HOST_TRACKER, INTAKE, OUTPOST, RELEASES, SENTINEL, STATE


def imagenode(release: str) -> tuple[bool, bool, bool, bool]:
    """Whether it has an outpost, a tracker, an intake, and a word of the later outpost."""
    signs = RELEASES[release]
    is_there = [signs[path] is not None for path in (OUTPOST, HOST_TRACKER, INTAKE)]
    return is_there[0], is_there[1], is_there[2], "setup_picamera" in (signs[OUTPOST] or "")


def sentinel(release: str) -> tuple[bool, bool]:
    signs = RELEASES[release]
    return "RESTART_ENGINE" in (signs[f"{SENTINEL}/sentinel.py"] or ""), signs[STATE] is not None


def test_imagenodes() -> None:
    assert imagenode("imagenode 0.2") == (True, False, False, False)
    assert imagenode("imagenode of June 2026") == (True, True, False, False)
    assert imagenode("imagenode 0.3") == (True, True, True, True)
    assert imagenode("imagenode unknown") == (False, False, False, False)


def test_sentinels() -> None:
    assert sentinel("sentinel 0.2.4") == (False, False)
    assert sentinel("sentinel 0.2.5") == (True, False)
    assert sentinel("sentinel 0.2.6") == (True, True)


def test_a_service_has_its_signs_only_and_a_new_host_the_release_that_the_configs_are_for() -> None:
    for release, signs in RELEASES.items():
        assert {path.split("/")[0] for path in signs} == {release.split()[0]}
    assert set(DEFAULT.values()) == {"imagenode 0.2", "sentinel 0.2.4"}
