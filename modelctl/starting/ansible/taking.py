"""Values of the inventory, as fields of the types here: each is valid, or left with what is allowed."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from modelctl.faults import one_line
from modelctl.inventory.values import Part
from modelctl.starting.ansible.ledger import Ledger
from modelctl.starting.ansible.reading import Key, Tree
from modelctl.starting.ansible.variables import Unusable, usable

Fields = dict[str, Any]
_NUMBERS = re.compile(r"[0-9(), ]{3,100}")
MAX_SHOWN = 80  # characters of a value


@dataclass(frozen=True)
class Taking:
    """Takes keys, with the variables that count where they stand."""

    ledger: Ledger
    variables: Mapping[str, "Key | Tree"]

    def key(self, name: str) -> Key | None:
        """A variable that holds no further keys."""
        found = self.variables.get(name)
        return found if isinstance(found, Key) else None

    def tree(self, name: str) -> Tree:
        """A variable that holds further keys; empty where there is none."""
        found = self.variables.get(name)
        return {} if found is None or isinstance(found, Key) else found

    def text(self, key: Key) -> str | None:
        """What a key holds, if it is a text that can be had; else it is left."""
        try:
            found = usable(key, self.variables)
        except Unusable as error:
            self.ledger.leave(key, str(error))
            return None
        return found if isinstance(found, str) else None

    def value(self, key: Key, kind: "TypeAdapter[Any]", place: str) -> Any:
        """What a key holds, as `place` allows it: it is taken; None where it does not, and is left."""
        try:
            made = kind.validate_python(_shaped(usable(key, self.variables)))
        except Unusable as error:
            self.ledger.leave(key, str(error))
            return None
        except ValidationError as error:
            allowed = error.errors()[0]["msg"].removeprefix("Input should be ")
            self.ledger.leave(key, f"found {_shown(key.value)}; {place} allows {allowed}")
            return None
        self.ledger.take(key, f"{place} = {_shown(made)}")
        return made

    def fields(self, part: type[Part], tree: Tree, names: Mapping[str, str], place: str) -> Iterator[tuple[str, Any]]:
        """The fields of a part that keys of a tree name, each by the name that the tree has for it."""
        for name, key in tree.items():
            if name not in names or not isinstance(key, Key):
                continue
            if names[name] not in part.model_fields:
                self.ledger.leave(key, f"a {part.__name__} has no {names[name]}")
                continue
            found = self.value(key, kind_of(part, names[name]), f"{place}.{names[name]}")
            if found is not None:
                yield names[name], found


@lru_cache
def kind_of(part: type[Part], name: str) -> "TypeAdapter[Any]":
    """What a field allows."""
    field = part.model_fields[name]
    annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(annotation)


def needed(part: type[Part], fields: Fields) -> Fields:
    """Without those that are as the type has them by itself."""
    known = part.model_fields
    return {
        name: value for name, value in fields.items() if value != known[name].get_default(call_default_factory=True)
    }


def _shaped(value: object) -> object:
    """Sizes and corners are text in YAML, such as (640, 480)."""
    if isinstance(value, str) and value.startswith("(") and _NUMBERS.fullmatch(value):
        try:
            return ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return value
    return value


def _shown(value: object) -> str:
    return one_line(str(value), MAX_SHOWN)
