"""YAML files of an Ansible inventory, as their keys: nothing in them is executed, and their size is bounded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from modelctl.errors import OperatorError
from modelctl.faults import dotted, one_line

try:
    from yaml import CSafeLoader as Loader  # ten times as fast
except ImportError:
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_BYTES = 65_536  # of a file: PyYAML takes some seconds for a million
MAX_FILES = 200
MAX_DEPTH = 24  # of mappings and lists in each other
SUFFIXES = frozenset({"", ".json", ".yaml", ".yml"})
VARIABLES = frozenset({"group_vars", "host_vars"})
VAULT = "$ANSIBLE_VAULT"
IN_VAULT = "it is in a vault, which is not opened"
_TAG = "tag:yaml.org,2002:"
_NULL = f"{_TAG}null"
_KNOWN = frozenset(_TAG + kind for kind in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map"))


@dataclass(frozen=True, eq=False)
class Key:
    """A key that holds no further keys: where it stands, and what it holds, as text; None where that is nothing.

    `fault` says why nothing can be made of it, whoever asks for it.
    """

    file: str
    path: tuple[str, ...]
    line: int
    value: object
    fault: str = ""

    def __str__(self) -> str:
        return f"{one_line(self.file)}:{self.line} {dotted(self.path)}"


Tree = Mapping[str, "Key | Tree"]


@dataclass
class Document:
    """A file: its keys, in its order; the tree of them; and why it is not read, if so."""

    file: str
    keys: list[Key] = field(default_factory=list)
    tree: Tree = field(default_factory=dict)
    fault: str = ""


def documents(folder: Path) -> Iterator[Document]:
    """Every file of an inventory's folder. Raises OperatorError where there is none, or far too much."""
    for path in _files(folder):
        name = str(path.relative_to(folder))
        if path.suffix not in SUFFIXES:
            yield Document(name, fault="it is no YAML file, by its name")
        else:
            yield _document(name, path)


def _files(folder: Path) -> list[Path]:
    """Those that Ansible would read, and what else lies at the top."""
    found: list[Path] = []
    try:
        for path in sorted(folder.iterdir()):
            below = path.name in VARIABLES and path.is_dir()
            found += sorted(each for each in path.rglob("*") if not each.is_dir()) if below else [path]
    except OSError as error:
        raise OperatorError(
            f"{one_line(str(folder))}: {error.strerror}; expected the folder of an Ansible inventory"
        ) from None
    if len(found) > MAX_FILES:
        raise OperatorError(
            f"{one_line(str(folder))}: found {len(found)} files; expected an Ansible inventory of up to {MAX_FILES}"
        )
    return found


def _document(name: str, path: Path) -> Document:
    document = Document(name)
    try:
        document.tree = dict(_Reading(document).mapping(_root(path), ()))
    except (ValueError, yaml.YAMLError) as error:
        return Document(name, fault=_problem(error))
    except OSError as error:
        return Document(name, fault=str(error.strerror))
    return document


def _problem(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return f"it is no YAML: {where}{one_line(error.problem or error.context or 'no YAML')}"
    return one_line(str(error))


def _root(path: Path) -> yaml.Node | None:
    """Raises ValueError, OSError and YAMLError for what is not read."""
    if not path.is_file():
        raise ValueError("it is no plain file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    if content.startswith(VAULT.encode()):
        raise ValueError(IN_VAULT)
    text = content.decode("utf-8-sig")
    _refuse_tricks(text)
    return yaml.compose(text, Loader=Loader)


def _refuse_tricks(text: str) -> None:
    """The events come one by one, without the recursion that deep nesting would exhaust; aliases are not followed."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        if getattr(event, "anchor", None) is not None:
            raise ValueError(_at(event, "found an anchor or alias; write the value out"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(_at(event, f"found nesting over {MAX_DEPTH} deep"))


def _at(event: yaml.Event, problem: str) -> str:
    return f"line {event.start_mark.line + 1}: {problem}" if event.start_mark else problem


@dataclass
class _Reading:
    """Makes the keys of a file, and notes them in its document."""

    document: Document

    def mapping(self, node: yaml.Node | None, path: tuple[str, ...]) -> Iterator[tuple[str, "Key | Tree"]]:
        """The keys of a mapping; of one that stands there twice the last, as Ansible does."""
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            raise ValueError("it holds no keys, as a playbook does not")  # noqa: TRY004  # the file's fault
        last = {_name(key): key for key, _ in node.value}
        for key, value in node.value:
            name = _name(key)
            if last[name] is not key:
                fault = f"it stands there again, in line {last[name].start_mark.line + 1}"
                self._note((*path, name), key, None, fault)
            elif isinstance(value, yaml.MappingNode) and value.value:
                yield name, dict(self.mapping(value, (*path, name)))
            else:
                yield name, self._note((*path, name), key, value, "")

    def _note(self, path: tuple[str, ...], key: yaml.Node, value: yaml.Node | None, fault: str) -> Key:
        faults = [fault]
        held = None if value is None else _plain(value, faults)
        noted = Key(self.document.file, path, key.start_mark.line + 1, held, next(filter(None, faults), ""))
        self.document.keys.append(noted)
        return noted


def _name(key: yaml.Node) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else "?"


def _plain(node: yaml.Node, faults: list[str]) -> object:
    """Lists, mappings and text; what cannot be had of it becomes a fault."""
    if node.tag not in _KNOWN:
        faults.append(IN_VAULT if "vault" in node.tag else f"its tag {one_line(node.tag)} is not known here")
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_plain(each, faults) for each in node.value]
    if isinstance(node, yaml.MappingNode):
        return {_name(key): _plain(value, faults) for key, value in node.value}
    text = str(node.value)
    if text.startswith(VAULT):
        faults.append(IN_VAULT)
    return None if node.tag == _NULL else text
