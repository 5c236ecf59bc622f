"""Parts of a site as Python: what is read back is what was written, and ruff has nothing to mend."""

from pathlib import Path
from typing import Any

import pytest

from modelctl.inventory.values import Part
from modelctl.schema import MinimalRetention, NeverDelete, Registry, Site, Standards, Users, VehicleSpeed
from modelctl.starting.catalogue import MODELS
from modelctl.starting.source import module
from tests.chandler.inventory.registry import REGISTRY
from tests.chandler.inventory.site import SITE
from tests.unit.modelctl.starting.new_sites import lint

NO_PATHS = Site(**{name: vars(SITE)[name] for name in SITE.model_fields_set - {"known_hosts", "pull_ca"}})
LONG = tuple(f"outpost-{number}-{'x' * 20}" for number in range(9))
COMMENTS = {"Site.hosts": ("Each host.", "Its address."), "Site.name": ("Of the site.",)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE", NO_PATHS),
        ("REGISTRY", REGISTRY),
        ("REGISTRY", Registry(models=MODELS)),
        ("STANDARDS", Standards()),
        ("STANDARDS", Standards(users=Users(service="cam"), registry_free_bytes=1)),
        ("SITE", Site(name="x", hosts={}, primary_datasink="y", legacy_nodes=LONG, vehicle_speed=VehicleSpeed())),
        ("SITE", Site(name="x", hosts={}, primary_datasink="y", legacy_nodes=("a",), run_deletes=False)),
        (
            "SITE",
            Site(
                name="x",
                hosts={},
                primary_datasink="y",
                retention_profiles={"a b": NeverDelete(outposts=LONG[:2]), "b": MinimalRetention(retention_days=1)},
            ),
        ),
    ],
)
def test_what_is_written_is_read(tmp_path: Path, name: str, value: Part) -> None:
    text = module("What it is.", name, value, COMMENTS)
    values: dict[str, Any] = {}
    exec(text, values)  # noqa: S102
    assert values[name] == value
    assert values[name].model_fields_set == value.model_fields_set
    (tmp_path / "module.py").write_text(text, encoding="utf-8")
    assert lint(tmp_path) == ""


def test_comments_stand_before_their_fields() -> None:
    text = module("One.", "SITE", Site(name="x", hosts={}, primary_datasink="y"), COMMENTS)
    assert (
        text
        == '''"""One."""

from modelctl.schema import Site

SITE = Site(
    # Of the site.
    name="x",
    # Each host.
    # Its address.
    hosts={},
    primary_datasink="y",
)
'''
    )
