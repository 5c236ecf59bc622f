"""The models and the Coral packages of the inventory. It names versions; the files are known here."""

import re
from collections.abc import Iterable
from datetime import date

from pydantic import TypeAdapter

from modelctl.inventory.coral import MACHINES, Coral, CoralPackage, CoralStack
from modelctl.inventory.values import FileName, Word
from modelctl.schema import Model
from modelctl.starting.ansible.reading import Key, Tree
from modelctl.starting.ansible.taking import Taking
from modelctl.starting.ansible.variables import keys_of
from modelctl.starting.catalogue import MODELS

VERSIONS = {"current_version": "current_version", "previous_version": "previous_version"}
VARIANTS = {"short_range": "short"}
"""The roles of BlazeFace's files here, by their names there."""
_DEB = re.compile(r".+\.(?P<debian>[a-z]+)_(?P<architecture>[a-z0-9]+)\.deb")


def models(taking: Taking, named: Iterable[str]) -> dict[str, Model]:
    """Every model that is known here, and those that configs name and the inventory lacks."""
    found: dict[str, Model] = {}
    for name, tree in taking.tree("sentinelcam_models").items():
        if name in MODELS and not isinstance(tree, Key):
            found |= _model(taking, name, tree)
        else:
            for key in keys_of(tree):
                taking.ledger.leave(key, "its files are not known here: write a Model for it into registry.py")
    for name in dict.fromkeys(named):
        if name not in found and name in MODELS:
            found[name] = MODELS[name]
            version = MODELS[name].current_version
            taking.ledger.add(f"registry.models.{name} = {version}", "configs name it: write the version that there is")
    return found


def _model(taking: Taking, name: str, tree: Tree) -> dict[str, Model]:
    place, known = f"registry.models.{name}", MODELS[name]
    versions = dict(taking.fields(Model, tree, VERSIONS, place))
    if "current_version" not in versions:
        return {}
    files = dict(known.files)
    variants = tree.get("variants", {})
    for variant, key in ({} if isinstance(variants, Key) else variants).items():
        role = VARIANTS.get(variant)
        if isinstance(key, Key) and role in files:
            files[role] = taking.value(key, TypeAdapter(FileName), f"{place}.files.{role}") or files[role]
        elif isinstance(key, Key):
            taking.ledger.leave(key, f"{name} has no file of that kind here")
    fields = {field: vars(known)[field] for field in known.model_fields_set}
    return {name: Model(**{**fields, **versions, "files": files})}


def coral(taking: Taking) -> Coral | None:
    """The Coral stack; None where the inventory does not say all of it."""
    tree = taking.tree("coral_packages")
    packages = {name: _package(tree, name) for name in ("libedgetpu", "pycoral", "tflite_runtime")}
    keys = [tree.get("tf_version"), tree.get("python_version")]
    keys += [each.get(part) for each, part in zip(packages.values(), ("deb_package", "wheel", "wheel"), strict=True)]
    keys += [each.get("version") for each in packages.values()]
    texts = [taking.text(key) if isinstance(key, Key) else None for key in keys]
    deb = _DEB.fullmatch(texts[2] or "")
    if None in texts or deb is None or deb["architecture"] not in MACHINES:
        for key in keys_of(tree):
            taking.ledger.leave(key, "a Coral stack needs versions and files of three packages, for a Debian of a name")
        return None
    return _coral(taking, tree, packages, deb)


def _coral(taking: Taking, tree: Tree, packages: dict[str, Tree], deb: re.Match[str]) -> Coral | None:
    today = date.today().isoformat()
    place = f"registry.coral.stacks.{today}"
    names = {"tf_version": "tensorflow", "python_version": "python"}
    fields = dict(taking.fields(CoralStack, tree, names, place))
    tensorflow = fields.get("tensorflow", "")
    made = {name: _made(taking, each, f"{place}.{name}") for name, each in packages.items()}
    releases = {
        "libedgetpu": f"libedgetpu/releases/download/{made['libedgetpu'][0].replace('tf', 'TF')}",
        "pycoral": f"pycoral/releases/download/{made['pycoral'][0]}TF{tensorflow}",
        "tflite_runtime": f"TFlite-builds/releases/download/v{made['tflite_runtime'][0]}",
    }
    taking.ledger.add(f"registry.coral.current_version = {today}", "today; nothing says when the packages were chosen")
    for name, release in releases.items():
        taking.ledger.add(f"{place}.{name}.release = {release}", "where its builder has it; nothing says it")
    extra = frozenset(file for _, files in made.values() for file in files[1:])
    parts = {
        name: CoralPackage(version=version, release=releases[name], files=files)
        for name, (version, files) in made.items()
    }
    fields |= {"debian": deb["debian"], "architecture": deb["architecture"], **({"extra": extra} if extra else {})}
    stack = CoralStack(**fields, **parts)
    return Coral(current_version=today, stacks={today: stack})


def _made(taking: Taking, tree: Tree, place: str) -> tuple[str, tuple[str, ...]]:
    """The version and the files of a package, that which nodes get first."""
    version, files = "", []
    for name, kind in {"version": Word, "deb_package": FileName, "wheel": FileName, "dev_package": FileName}.items():
        key = tree.get(name)
        if isinstance(key, Key) and (found := taking.value(key, TypeAdapter(kind), f"{place}.{name}")):
            if name == "version":
                version = found
            else:
                files.append(found)
    return version, tuple(files)


def _package(tree: Tree, name: str) -> Tree:
    found = tree.get(name, {})
    return {} if isinstance(found, Key) else found
