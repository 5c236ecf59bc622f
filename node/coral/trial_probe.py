"""What a service's Python makes of a Coral stack: node/coral/trial.py runs this text there, as the service's user.

It says what it finds at once, in lines behind a mark: whatever ends it later does not unsay that.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import os
import sys
from typing import Any, Iterable, Iterator, Optional

metadata: Any
try:
    metadata = importlib.import_module("importlib.metadata")
except ImportError:  # Python 3.7: then the import alone decides
    metadata = None

PACKAGES = ("tflite_runtime", "pycoral")
MODULES = ("tflite_runtime.interpreter", "pycoral.utils.edgetpu")
TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tensorflow-aarch64", "tensorflow-cpu-aws", "tf-nightly")
LONGEST = 400


def say(mark: str, **found: Any) -> None:
    os.write(1, ("\n%s%s\n" % (mark, json.dumps(found))).encode())


def main(mark: str, folder: str) -> None:
    stack, library = os.path.realpath(folder + "/python"), folder + "/lib/libedgetpu.so.1"
    say(mark, python="%d.%d" % sys.version_info[:2], doing="reading metadata")
    for name in ("numpy", *PACKAGES):
        _tell(mark, name)
    say(mark, doing="looking for modules")
    spec = importlib.util.find_spec("tensorflow")
    if spec is not None and _has_file(spec):
        say(mark, tensorflow=[_version(TENSORFLOWS), _place(spec)])
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and not _is_below(_place(spec), stack):
            say(mark, foreign=[name, _place(spec)])
            return
    say(mark, doing="loading " + library)
    ctypes.CDLL(library, mode=os.RTLD_NOW)
    for name in MODULES:
        say(mark, doing="importing " + name)
        importlib.import_module(name)
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name.partition(".")[0] in PACKAGES and path and not _is_below(path, stack):
            say(mark, foreign=[name, path])
            return
    say(mark, doing="calling get_runtime_version()")
    edgetpu: Any = sys.modules[MODULES[1]]
    version = edgetpu.get_runtime_version()
    for path in _mapped():
        if not os.path.samefile(path, library):
            say(mark, foreign=["libedgetpu", path])
            return
    say(mark, runtime=str(version)[:LONGEST])


def _tell(mark: str, name: str) -> None:
    """Version, what it asks of numpy, and what it was built for."""
    if metadata is None:
        return
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        say(mark, versions={name: None})
        return
    asked = [each for each in found.requires or [] if each.lower().startswith("numpy")]
    wheel = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.partition(":")[2].strip() for line in wheel if line.startswith("Tag:")]
    say(mark, versions={name: str(found.version)}, asked={name: asked[:1]}, tags={name: tags[:9]})


def _version(names: Iterable[str]) -> Optional[str]:
    for name in names if metadata is not None else ():
        try:
            return str(metadata.distribution(name).version)
        except metadata.PackageNotFoundError:
            continue
    return None


def _place(spec: Any) -> str:
    """Its file; that of a folder without __init__.py is the folder."""
    return str(spec.origin if _has_file(spec) else next(iter(spec.submodule_search_locations or [""])))


def _has_file(spec: Any) -> bool:
    return spec.loader is not None and bool(spec.has_location)


def _is_below(path: str, folder: str) -> bool:
    return os.path.realpath(path).startswith(folder + os.sep)


def _mapped() -> Iterator[str]:
    with open("/proc/self/maps", errors="replace") as file:
        paths = {line.split(None, 5)[5].rstrip("\n") for line in file if line.count("/") and "libedgetpu" in line}
    return (path for path in sorted(paths) if os.path.basename(path).startswith("libedgetpu"))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException as error:
        said = "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:LONGEST])
        say(sys.argv[1], failed=said)
    os._exit(0)  # what a module does as it ends is not tried
