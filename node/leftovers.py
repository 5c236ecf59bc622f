"""What killed removals of versions left on this node: folders that were renamed."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Iterator, List, Tuple

from node import layout, names
from node.coral import stacks
from node.store import disk
from node.store.service_set import Named


def of_models(named_files: Iterable[Named]) -> List[str]:
    """Return the folders that killed removals left where these files are, in their models folder."""
    places = {each.path.parents[2] for each in named_files}
    models = [model for place in places if place.name == "models" for model in disk.folders(place)]
    found = [*(left for model in models for left in of_model(model)), *stacks.retired()]
    return sorted(str(path) for _, path in found)


def of_model(model: Path) -> Iterator[Tuple[str, Path]]:
    """Yield the versions of a model that were renamed and not wholly removed, and their folders."""
    for each in disk.folders(model):
        version = each.name[len(layout.RETIRED) :]
        if each.name.startswith(layout.RETIRED) and names.is_version(version):
            yield version, each
