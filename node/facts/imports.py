"""Which modules a service's own code imports that its Python has not. Both are read as its user; nothing of it is run.

Only what each start imports counts: an import in a function, an `if` or a `try` may be meant to fail.
"""

from __future__ import annotations

import io
import keyword
import tokenize
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set

from node.errors import Unknown
from node.facts import packages
from node.machine import releases
from node.store import disk, rights
from node.store.rights import Owner

MOST_FILES = 500
_NO_MODULES = (".dist-info", ".egg-info", ".libs", ".pth", ".txt")
_LAYOUT = (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)


class Import(NamedTuple):
    level: int  # dots before the name
    name: str


def absent(script: Path, environment: Optional[Path], owner: Owner) -> List[str]:
    """Return the modules, sorted. Raises Unknown where the Python, or the code, does not tell."""
    with rights.of(owner):
        foreign = _foreign(script)
        if not foreign:
            return []
        if environment is None:
            raise Unknown("its Python is set up by a script")
        known: Set[str] = set()
        for folder in packages.folders(environment):
            known.update(_modules(folder))
        return sorted(foreign.difference(known, packages.BUILT_IN))


def _modules(folder: Path) -> Iterator[str]:
    for name in disk.names(folder):
        if not name.endswith(_NO_MODULES):
            yield name.partition(".")[0]


def _foreign(script: Path) -> Set[str]:
    """Return the modules that the code imports and that are none of its own."""
    foreign: Set[str] = set()
    seen, waiting = {script}, [script]
    while waiting:
        file = waiting.pop()
        for each in imports(_text(file), file):
            found = _own_files(each, file, script.parent)
            if found is None:
                foreign.add(each.name.partition(".")[0])
                continue
            waiting += [path for path in found if path not in seen]
            seen.update(found)
            if len(seen) > MOST_FILES:
                raise Unknown("%s: imports more than %d files of its own" % (script, MOST_FILES))
    return foreign


def _text(file: Path) -> bytes:
    text = releases.program_text(file)
    if text is None:
        raise Unknown("%s: missing" % file)
    return text


def _own_files(each: Import, file: Path, own: Path) -> Optional[List[Path]]:
    """Return the files of an import; None where the code has no such module itself."""
    if each.level:
        return _files(file.parents[min(each.level, len(file.parents)) - 1], each.name)
    first = each.name.partition(".")[0]
    is_own = disk.is_file(own / (first + ".py")) or disk.is_folder(own / first)
    return _files(own, each.name) if is_own else None


def _files(folder: Path, name: str) -> List[Path]:
    found = []
    for part in name.split("."):
        found += [path for path in (folder / (part + ".py"), folder / part / "__init__.py") if disk.is_file(path)]
        folder = folder / part
    return found


def imports(text: bytes, file: Path) -> Iterator[Import]:
    """Yield what a module imports whenever it is loaded. Raises Unknown for a text that is no Python."""
    statement: List[str] = []
    is_outer = False  # what is indented belongs to another statement
    try:
        for token in tokenize.tokenize(io.BytesIO(text).readline):
            if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER) or token.string == ";":
                yield from _names(statement)
                statement, is_outer = [], is_outer and token.string == ";"
            elif token.type not in _LAYOUT:
                is_outer = is_outer or not (statement or token.start[1])
                if is_outer:
                    statement.append(token.string)
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise Unknown("%s: %s; expected Python" % (file, error)) from None


def _names(statement: List[str]) -> Iterator[Import]:
    words = [word for word in statement if word not in ("(", ")", "\\")]
    if words[:1] == ["import"]:
        yield from (Import(0, name) for name in _listed(words[1:]))
    elif words[:1] == ["from"] and "import" in words:
        middle = words.index("import")
        module = "".join(words[1:middle])
        name = module.lstrip(".")
        level = len(module) - len(name)
        if name:
            yield Import(level, name)
        for each in _listed(words[middle + 1 :]):
            if each != "*":
                yield Import(level, name + "." + each if name else each)


def _listed(words: List[str]) -> Iterator[str]:
    """Yield the names of a list, each without what it is called here."""
    parts: Dict[int, str] = {}
    number, is_name = 0, True
    for word in words:
        if word == ",":
            number, is_name = number + 1, True
        elif keyword.iskeyword(word):  # as
            is_name = False
        elif is_name:
            parts[number] = parts.get(number, "") + word
    return iter(parts.values())
