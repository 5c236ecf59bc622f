"""`training VERSION`: what train_face_model.sh runs, a line for each of its values."""

import shlex
from pathlib import Path
from typing import List

from trainer import names, settings
from trainer.errors import Refusal
from trainer.place import Place

MODEL = "face_recognition"
FILES = ("facemodel.pickle", "baselines.hdf5", "facelist.csv", "facedata.hdf5")


def plan(place: Place, version: str) -> List[str]:
    """Return papermill's path, the notebook's, its output's without .ipynb, the log's, and the next command."""
    names.require_version(version)
    site = settings.read(place.root)
    papermill = site.environment / "bin" / "papermill"
    for path, expected in ((papermill, "a training environment with papermill"), (site.notebook, "the notebook")):
        if not path.is_file():
            raise Refusal("%s: found no such file; expected %s" % (path, expected))
    output = place.root / "notebooks" / "output" / ("%s-%s" % (site.notebook.stem, version))
    log = place.root / "logs" / (output.name + ".log")
    for folder in (output.parent, log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    lines = [papermill, site.notebook, output, log]
    return [*map(str, lines), _next_command(place, version, output)]


def _next_command(place: Place, version: str, output: Path) -> str:
    words = [str(place.root / "upload_and_deploy.sh"), MODEL, version, *FILES, "--notebook", "%s.ipynb" % output]
    return " ".join(shlex.quote(word) for word in words)
