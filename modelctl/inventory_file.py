"""Inventory files: Python that holds a fleet as `_FLEET`. The values of a site lie in inventory/ beside its file.

It may also hold `_PINS`, the path of the file that its pins come from, `_SOURCES`, the folder of the registry.py and
site.py that it is made from, and `_connect`, called before any connection.
"""

import ast
import runpy
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from traceback import FrameSummary, extract_tb
from typing import Any

from modelctl import hints
from modelctl.errors import Faults, OperatorError
from modelctl.faults import fault, one_line
from modelctl.inventory.fleet import Fleet
from modelctl.inventory.json_files import load_bad, load_pins, load_revoked
from modelctl.product import CHECKOUT
from modelctl.schema import Site, Standards

NEIGHBOURS = "inventory"
"""The package beside an inventory file."""
PINS, REVOKED, BAD = "pins.json", "revoked.json", "bad.json"


@dataclass(frozen=True)
class Inventory:
    """A fleet, its files, and what opens the way to its hosts; `values` are all that the inventory file holds."""

    path: Path
    fleet: Fleet
    connect: Callable[[], None]
    values: Mapping[str, Any]

    @property
    def pins(self) -> Path:
        """Raises OperatorError when the inventory file does not say."""
        return self._path("_PINS", "the Path of the site's pins file")

    @property
    def revoked(self) -> Path:
        """The file of the revoked pull keys, beside the pins. Raises OperatorError as `pins` does."""
        return self.pins.with_name(REVOKED)

    @property
    def bad(self) -> Path:
        """The file of the bad versions, beside the pins. Raises OperatorError as `pins` does."""
        return self.pins.with_name(BAD)

    @property
    def sources(self) -> Path:
        """The folder of registry.py and site.py. Raises OperatorError when the inventory file does not say."""
        return self._path("_SOURCES", "the Path of the folder with registry.py and site.py")

    @property
    def folder(self) -> Path:
        """A folder of the site, whose git checkout is the site's: its sources, else where the inventory file lies."""
        sources = self.values.get("_SOURCES")
        return sources if isinstance(sources, Path) else self.path.resolve().parent

    def _path(self, name: str, allowed: str) -> Path:
        found = self.values.get(name)
        if not isinstance(found, Path):
            raise OperatorError(fault(f"{self.path}: {name}", found, allowed))
        return found


def site_beside(file: str) -> dict[str, Any]:
    """What an inventory file holds for the site in inventory/ beside it. Raises as `site_in`."""
    return site_in(Path(file).resolve().parent / NEIGHBOURS)


def site_in(sources: Path) -> dict[str, Any]:
    """What an inventory file holds for the site of a folder; standards.py, revoked.json and bad.json may be absent.

    Raises OperatorError, and SystemExit under a pyinfra that runs outside the checkout, whose config.py calls `load`.
    """
    if not _is_loading:
        raise SystemExit(
            f"{Path.cwd()}: found no config.py of the product's checkout; run pyinfra there: cd {CHECKOUT}"
        )
    require_each_once(sorted(sources.rglob("*.py")))
    _import_package(sources)
    registry, site, standards = _value(sources, "registry"), _site(sources), _standards(sources)
    pins = sources / PINS
    fleet = Fleet(site, registry, standards, load_pins(pins), load_revoked(sources / REVOKED), load_bad(sources / BAD))
    return {"_FLEET": fleet, "_SOURCES": sources, "_PINS": pins}


def load(path: Path) -> Inventory:
    """Execute an inventory file, which finds `inventory` beside it. Raises OperatorError when it holds no fleet."""
    _require_file(path)
    hints.use(path)
    require_each_once([path])
    values = _execute(path)
    fleet = values.get("_FLEET")
    if not isinstance(fleet, Fleet):
        raise OperatorError(f"{path}: found no _FLEET; expected _FLEET = Fleet(site, registry, standards, pins)")
    connect = values.get("_connect", lambda: None)  # most sites need nothing before a connection
    return Inventory(path, fleet, connect, values)


def require_each_once(paths: Iterable[Path]) -> None:
    """Raises Faults, a line for each key that a `{...}` of these files holds twice."""
    faults = [line for path in paths for line in _twice(path)]
    if faults:
        raise Faults(faults)


_is_loading = False


def _value(sources: Path, name: str) -> Any:
    """REGISTRY of registry.py, and so on."""
    path = sources / f"{name}.py"
    if not path.is_file():
        raise OperatorError(f"{path}: no such file; expected one that says {name.upper()} = {name.title()}(...)")
    module = import_module(f"{NEIGHBOURS}.{name}")
    if not hasattr(module, name.upper()):
        raise OperatorError(f"{path}: found no {name.upper()}; expected {name.upper()} = {name.title()}(...)")
    return getattr(module, name.upper())


def _site(sources: Path) -> Any:
    """SITE of site.py, whose known_hosts lies beside it unless it says where."""
    site = _value(sources, "site")
    if not isinstance(site, Site) or "known_hosts" in site.model_fields_set:
        return site
    return Site(**{name: vars(site)[name] for name in site.model_fields_set}, known_hosts=sources / "known_hosts")


def _standards(sources: Path) -> Any:
    """STANDARDS of standards.py; SentinelCam's own where a site has no such file."""
    return _value(sources, "standards") if (sources / "standards.py").exists() else Standards()


def _require_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        is_folder = path.is_dir()
    except OSError:  # as for a name that no file could have
        is_folder = False
    if path == hints.DEFAULT_SITE:
        raise OperatorError(
            f"{Path.cwd()}: no inventory.py here; go where one is: cd {CHECKOUT}; or name a site's: --site PATH"
        )
    if is_folder:
        inside = shlex.quote(str(path / hints.DEFAULT_SITE))
        raise OperatorError(f"{one_line(str(path))}: found a folder; expected its inventory file: --site {inside}")
    raise OperatorError(
        f"{one_line(str(path))}: no such file; expected an inventory file, as inventory.py in the checkout is one"
    )


def _execute(path: Path) -> dict[str, Any]:
    try:
        with _imports_of(path):
            return runpy.run_path(str(path))
    except OperatorError:
        raise
    except SystemExit as exit_:
        raise _error_of(path, exit_) from None
    except SyntaxError as error:
        where = f"{error.filename}:{error.lineno}" if error.filename else _file_with_zero_bytes(path)
        raise OperatorError(f"{where}: {error.msg}; expected Python") from None
    except Exception as error:
        place = _place_in_site(path, extract_tb(error.__traceback__)[-1])
        if place is None:
            raise
        said = " ".join(str(error).split())
        raise OperatorError(f"{place}: {type(error).__name__}: {said}; expected Python that runs; mend it") from None


def _file_with_zero_bytes(path: Path) -> Path:
    """The file of a site that Python cannot read, and does not name."""
    files = [path, *sorted((path.parent / NEIGHBOURS).glob("*.py"))]
    return next((each for each in files if b"\0" in each.read_bytes()), path)


def _error_of(path: Path, exit_: SystemExit) -> OperatorError:
    """What the exit is about; one without words would let nobody know that nothing was done."""
    if isinstance(exit_.__cause__, OperatorError):
        return exit_.__cause__
    if isinstance(exit_.code, str):
        return OperatorError(exit_.code)
    places = (_place_in_site(path, frame) for frame in reversed(extract_tb(exit_.__traceback__)))
    place = next(filter(None, places), path)
    return OperatorError(f"{place}: found an exit in the site; expected only its values")


@contextmanager
def _imports_of(path: Path) -> Iterator[None]:
    """Let imports find the product's code, and then what lies in the site's own folder."""
    global _is_loading
    folder, before = path.resolve().parent, (list(sys.path), _is_loading)
    sys.path[:0] = [str(CHECKOUT), str(folder)]
    _is_loading = True
    try:
        _import_package(folder / NEIGHBOURS)
        yield
    finally:
        sys.path[:], _is_loading = before


def _import_package(folder: Path) -> None:
    """Let `inventory` be this folder: without an __init__.py Python would take an inventory.py beside it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == NEIGHBOURS]:
        del sys.modules[name]
    if not folder.is_dir():
        return
    init, places = folder / "__init__.py", [str(folder)]
    spec = spec_from_file_location(NEIGHBOURS, init, submodule_search_locations=places) if init.is_file() else None
    if spec is None:
        spec = ModuleSpec(NEIGHBOURS, None, is_package=True)
        spec.submodule_search_locations = places
    package = sys.modules[NEIGHBOURS] = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(package)


def _place_in_site(path: Path, frame: FrameSummary) -> str | None:
    """FILE:LINE where it is of the site's own files; None for a bug of ours."""
    file, folder = Path(frame.filename).resolve(), path.resolve().parent
    package = [Path(place) for place in getattr(sys.modules.get(NEIGHBOURS), "__path__", [])]
    is_beside = folder in file.parents and CHECKOUT not in file.parents
    is_of_site = file == path.resolve() or is_beside or any(place in file.parents for place in package)
    return f"{frame.filename}:{frame.lineno}" if is_of_site else None


def _twice(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return  # whoever imports it says what is wrong with it
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    for table in sorted(tables, key=lambda node: (node.lineno, node.col_offset)):
        yield from (
            f"{path}:{key.lineno}: found {one_line(ast.unparse(key))} a second time, first in line {first.lineno}; "
            "expected each key once: rename one, or take it out"
            for first, key in _doubled(table)
        )


def _doubled(table: ast.Dict) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The first and each later writing of a key that stands there as itself: a value, or a name."""
    first: dict[object, ast.expr] = {}
    for key in table.keys:
        if isinstance(key, ast.Constant):
            meant: object = (type(key.value), key.value)
        elif isinstance(key, ast.Name | ast.Attribute):
            meant = ast.dump(key)
        else:
            continue
        if meant in first:
            yield first[meant], key
        first.setdefault(meant, key)
