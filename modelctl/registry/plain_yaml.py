"""YAML from a host that is not trusted: mappings, lists and text, and nothing that YAML can do besides."""

import re
from collections.abc import Hashable
from typing import Any

import yaml

from modelctl.faults import one_line

MAX_DEPTH = 16
_DIRECTIVE = re.compile(r"\A%YAML[ :]1\.[0-9]+[ \t]*(?=\r?\n)")


class _TextLoader(yaml.BaseLoader):
    """Leaves each scalar as the text that it is, so that a date, a digest or a size means the same quoted or not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """YAML wants each key once; PyYAML would take the last."""
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            raise ValueError(_at(node, "found a key twice"))
        return mapping


def load(content: bytes) -> object:
    """The one document of a text, with a `%YAML 1.0` before it or not.

    Raises ValueError, in one line, for what is no YAML and for tags, anchors, aliases, a key twice or deep nesting.
    """
    try:
        # PyYAML refuses the directive when no `---` follows, and as OpenCV spells it, `%YAML:1.0`.
        text = _DIRECTIVE.sub("", content.decode("utf-8-sig"))
        _refuse_tricks(text)
        return _TextLoader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(where + one_line(error.problem or error.context or "no YAML")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(one_line(str(error))) from None


def _refuse_tricks(text: str) -> None:
    """The events come one by one, without the recursion that deep nesting would exhaust when the text is loaded."""
    depth = 0
    for event in yaml.parse(text, Loader=_TextLoader):
        if getattr(event, "anchor", None) is not None:
            raise ValueError(_at(event, "found an anchor or alias"))
        if getattr(event, "tag", None) is not None:
            raise ValueError(_at(event, "found a tag"))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError(_at(event, f"found nesting over {MAX_DEPTH} deep"))


def _at(place: yaml.Event | yaml.Node, problem: str) -> str:
    return f"line {place.start_mark.line + 1}: {problem}" if place.start_mark else problem
