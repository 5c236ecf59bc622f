"""`publish MODEL VERSION FILE...`: from the files of a training to the fleet, or as far as it went and why."""

from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from trainer import environment, metrics, names, notebook, settings, snapshot
from trainer.alone import alone
from trainer.console import Console
from trainer.errors import Refusal
from trainer.link import Link, persist
from trainer.place import Place
from trainer.progress import Progress
from trainer.receive import receive
from trainer.settings import Settings
from trainer.snapshot import Snapshot
from trainer.upload import upload

NOT_PROMOTED = 3  # what the control node's work ends with for such a version
MAX_FILES = 31  # the registry takes 32 with the manifest


class Request(NamedTuple):
    """What the user typed."""

    model: str
    version: str
    files: List[str]
    notebook: Optional[str]

    @property
    def title(self) -> str:
        return "%s %s" % (self.model, self.version)


def publish(place: Place, request: Request, console: Console) -> int:
    """Return the exit code of the control node's work. Raises Refusal, and OSError."""
    names.require_model(request.model)
    names.require_version(request.version)
    sources = _sources(place, request.files)
    site = settings.read(place.root)
    with alone(place.snapshots / ".lock", request.title):
        about = _about(request, site, console)
        taken = snapshot.take(place.snapshots, "%s-%s" % (request.model, request.version), sources, about)
        console.say(_told(taken))
        _upload(place, request, site, taken, console)
        code = _receive(place, request, site, console)
        if code == 0:
            snapshot.keep_only(place.snapshots, taken.folder)
    console.say("%s: ended with %d%s" % (request.title, code, _next(code)))
    return code


def _next(code: int) -> str:
    """Return what the user does after what the control node's work came to, as the end of the last line."""
    if code == 0:
        return ""
    if code == NOT_PROMOTED:
        return (
            ", stored and not made the current version: the line above says why, and what to type on the control node"
        )
    return ": the lines above say why; when that is mended, the same command goes on from here"


def _sources(place: Place, files: List[str]) -> List[Path]:
    """Return where the files are: a plain name is that of a file in the models folder."""
    paths = [Path(file) if "/" in file else place.models / file for file in files]
    for index, path in enumerate(paths):
        names.require_file(path)
        if path.name in [earlier.name for earlier in paths[:index]]:
            raise Refusal("FILE: found %s twice; expected each name once; leave one out" % path.name)
    if len(paths) > MAX_FILES:
        raise Refusal("FILE: found %d files; expected up to %d; leave some out" % (len(paths), MAX_FILES))
    return [Path.cwd() / path for path in paths]


def _about(request: Request, site: Settings, console: Console) -> Dict[str, Any]:
    """Return what the manifest says of the version besides its day and its files."""
    model = site.model(request.model)
    measured = {}  # type: Dict[str, Any]
    source = "published on %s" % site.host
    if request.notebook is not None:
        path = Path(request.notebook)
        measured = metrics.of(notebook.read(path))
        source += " with the notebook %s" % names.shown(path.name)
    metrics.require(measured, model.required_metrics)
    requires = environment.requires(site.environment)
    unknown = [name for name, version in requires.items() if version is None]
    if unknown:
        told = "%s: found no single version of %s: nobody can compare them with the fleet's"
        console.say(told % (site.environment, ", ".join(unknown)))
    return {
        "name": request.model,
        "version": request.version,
        "framework": model.framework,
        "source": source,
        "host": site.host,
        "training_metrics": measured,
        "requires": {name: version for name, version in requires.items() if version is not None},
    }


def _told(taken: Snapshot) -> str:
    size = sum(file.size for file in taken.files) / 1e6
    kind = "new" if taken.is_new else "as before, the files are unchanged"
    noun = "file" if len(taken.files) == 1 else "files"
    return "snapshot: %d %s, %.1f MB, %s" % (len(taken.files), noun, size, kind)


def _upload(place: Place, request: Request, site: Settings, taken: Snapshot, console: Console) -> None:
    link = Link(site.datasink, place.key("sentinelcam_upload"), place.known_hosts)
    progress = Progress(console, sum(file.size for file in taken.files))
    words = ["upload", request.model, request.version]
    persist(lambda: upload(link, words, taken, progress), console)
    console.say("%s: it has all files" % site.datasink.address)


def _receive(place: Place, request: Request, site: Settings, console: Console) -> int:
    if site.control is None:
        typed = "have it typed on the control node: modelctl receive %s" % request.title
        raise Refusal("settings: found no control node that can be asked; expected one; %s" % typed)
    console.say("%s: asking it to take %s over" % (site.control.address, request.title))
    link = Link(site.control, place.key("sentinelcam_receive"), place.known_hosts)
    words = ["receive", request.model, request.version]
    return persist(lambda: receive(link, words, console), console)
