"""Groups, hosts and variables, as Ansible joins them: of two values for a host the nearer one counts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from modelctl.faults import one_line
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.ansible.reading import Document, Key, Tree

ALL = "all"
MAX_STEPS = 10  # from one variable to another, and groups in each other
MAX_TEXT = 1000  # characters of a value
_EXPRESSION = re.compile(r"\{\{\s*([a-z_][a-z0-9_]*)\s*\}\}")
_JINJA = re.compile(r"\{\{|\{%|\{#")


class Unusable(Exception):
    """Why nothing can be made of a value."""


@dataclass
class Group:
    """A group: how deep it lies below `all`, its hosts, and its variables: those of the inventory's file apart."""

    depth: int
    hosts: set[str] = field(default_factory=set)
    parents: set[str] = field(default_factory=set)
    inline: list[Tree] = field(default_factory=list)
    layers: list[Tree] = field(default_factory=list)


@dataclass
class Hosts:
    """The groups and hosts of an inventory, with all that is said of them."""

    ledger: Ledger
    groups: dict[str, Group] = field(default_factory=lambda: {ALL: Group(0)})
    layers: dict[str, list[Tree]] = field(default_factory=dict)
    mentions: dict[str, list[tuple[str, Key]]] = field(default_factory=dict)
    """Of a host, where a group only names it: the group and the key."""

    def groups_of(self, host: str) -> list[str]:
        """Those that it is in, and those that they are in: `all` first, the nearest last."""
        found, new = {ALL}, {name for name, group in self.groups.items() if host in group.hosts}
        while new - found:
            found |= new
            new = {parent for name in new for parent in self.groups[name].parents}
        return sorted(found, key=lambda name: (self.groups[name].depth, name))

    def variables(self, host: str) -> dict[str, "Key | Tree"]:
        """What counts for a host. What does not is left, unless another host takes it."""
        return self._joined([*self.groups_of(host)], self.layers.get(host, []))

    def shared(self) -> dict[str, "Key | Tree"]:
        """What counts for all hosts."""
        return self._joined([ALL], [])

    def _joined(self, groups: list[str], last: list[Tree]) -> dict[str, "Key | Tree"]:
        joined: dict[str, Key | Tree] = {}
        inline = [layer for name in groups for layer in self.groups[name].inline]
        for layer in [*inline, *(layer for name in groups for layer in self.groups[name].layers), *last]:
            for name, value in layer.items():
                if name in joined:
                    for key in keys_of(joined[name]):
                        self.ledger.leave(key, f"{next(keys_of(value))} says it again, and counts")
                joined[name] = value
        return joined


def hosts(ledger: Ledger) -> Hosts:
    """All hosts that the files name, and the groups that they are in."""
    found = Hosts(ledger)
    for document in ledger.documents:
        if len(PurePosixPath(document.file).parts) == 1:
            for name, tree in document.tree.items():
                _group(found, name, tree, None, 0)
    for document in ledger.documents:
        parts = PurePosixPath(document.file).parts
        if len(parts) > 1 and document.tree:
            _variables(found, document, parts[0], parts[1] if len(parts) > 2 else PurePosixPath(parts[1]).stem)
    return found


def keys_of(value: "Key | Tree") -> Iterator[Key]:
    """Every key of a value."""
    if isinstance(value, Key):
        yield value
    else:
        for each in value.values():
            yield from keys_of(each)


def usable(key: Key, variables: Mapping[str, "Key | Tree"]) -> object:
    """What a key holds, with the variables that it names. Raises Unusable."""
    return _computed(key, variables, MAX_STEPS, {})


def _computed(key: Key, variables: Mapping[str, "Key | Tree"], steps: int, known: dict[Key, str]) -> object:
    if key.fault:
        raise Unusable(key.fault)
    if not isinstance(key.value, str):
        if _JINJA.search(repr(key.value)):
            raise Unusable("it holds a jinja expression, which is not computed here: write its value")
        return key.value

    def value_of(found: re.Match[str]) -> str:
        named = variables.get(found[1])
        if not isinstance(named, Key) or named.value is None or not steps:
            raise Unusable(f"it names {found[1]}, which is no plain variable")
        if named not in known:
            known[named] = str(_computed(named, variables, steps - 1, known))
        return known[named]

    text = _EXPRESSION.sub(value_of, key.value)
    if _JINJA.search(text):
        raise Unusable("it is a jinja expression, which is not computed here: write its value")
    if len(text) > MAX_TEXT:
        raise Unusable(f"it has more than {MAX_TEXT} characters")
    return text


def _group(found: Hosts, name: str, tree: "Key | Tree", parent: str | None, depth: int) -> None:
    """Note a group, and those within."""
    if isinstance(tree, Key):
        if parent is None:
            found.ledger.leave(tree, "it is no group of hosts")
        else:
            _join(found, name, parent, depth)
            found.ledger.take(tree, f"the group {name} is in {parent}")
        return
    if parent is None and not {"hosts", "children", "vars"} & set(tree):
        return
    _join(found, name, parent, depth)
    _group_hosts(found, name, tree.get("hosts", {}))
    variables, children = tree.get("vars", {}), tree.get("children", {})
    if not isinstance(variables, Key):
        found.groups[name].inline.append(variables)
    if not isinstance(children, Key):
        for child, value in children.items():
            if depth < MAX_STEPS:
                _group(found, child, value, name, depth + 1)


def _join(found: Hosts, name: str, parent: str | None, depth: int) -> None:
    group = found.groups.setdefault(name, Group(depth))
    group.depth = max(group.depth, depth)
    if parent is not None and parent != name:
        group.parents.add(parent)


def _group_hosts(found: Hosts, group: str, tree: "Key | Tree") -> None:
    if isinstance(tree, Key):
        return
    for host, value in tree.items():
        found.groups[group].hosts.add(host)
        found.layers.setdefault(host, [])
        if isinstance(value, Key):
            found.mentions.setdefault(host, []).append((group, value))
        else:
            found.layers[host].append(value)


def _variables(found: Hosts, document: Document, kind: str, name: str) -> None:
    """A file of group_vars/ or host_vars/, for whom it is named."""
    known = found.groups if kind == "group_vars" else found.layers
    if name not in known:
        what = "group" if kind == "group_vars" else "host"
        for key in document.keys:
            found.ledger.leave(key, f"the inventory has no {what} {one_line(name)}")
    elif kind == "group_vars":
        found.groups[name].layers.append(document.tree)
    else:
        found.layers[name].append(document.tree)
