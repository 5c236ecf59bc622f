"""Registries and sites as operators might write them: the same values in any layout, with comments anywhere."""

from dataclasses import dataclass

from hypothesis import strategies as st

VERSIONS = st.dates().map(str).filter(lambda text: text >= "1000")
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SPACES = st.sampled_from(["", " ", "  "])
COMMENTS = st.sampled_from(["", "  # why", " # {", '  # "', "  # current_version=x"])


@dataclass(frozen=True)
class Layout:
    """How a call or a mapping is written; `comments` has one for the end of each line."""

    own_lines: bool
    indent: str
    comma: bool
    space: str
    comments: tuple[str, ...]

    def written(self, opening: str, items: list[str], closing: str) -> str:
        """The items between brackets."""
        if not self.own_lines:
            return (
                opening + self.space + f",{self.space or ' '}".join(items) + ("," * self.comma) + self.space + closing
            )
        lines = [opening]
        for index, item in enumerate(items):
            end = "," if self.comma or index < len(items) - 1 else ""
            lines.append(f"{self.indent}{item}{end}{self.comments[index % len(self.comments)]}")
        return "\n".join([*lines, closing])


LAYOUTS = st.builds(
    Layout,
    own_lines=st.booleans(),
    indent=st.sampled_from(["", "    ", "\t", "\n    ", "  # above\n  "]),
    comma=st.booleans(),
    space=SPACES,
    comments=st.lists(COMMENTS, min_size=1, max_size=4).map(tuple),
)
QUOTES = st.sampled_from(['"', "'", '"""', "r'"])


def quoted(text: str, quote: str) -> str:
    return f"{quote}{text}{quote.removeprefix('r')}"


@st.composite
def models(draw: st.DrawFn) -> str:
    """The text of one Model(...)."""
    equal = draw(st.sampled_from(["=", " = ", "= "]))
    fields = {"framework": quoted("caffe", draw(QUOTES)), "current_version": quoted(draw(VERSIONS), draw(QUOTES))}
    if draw(st.booleans()):
        fields["previous_version"] = quoted(draw(VERSIONS), draw(QUOTES))
    fields["files"] = draw(LAYOUTS).written("{", ['"a": "b.c"', "**{'d': 'e'}"], "}")
    items = [f"{name}{equal}{value}" for name, value in draw(st.permutations(list(fields.items())))]
    return draw(LAYOUTS).written(draw(st.sampled_from(["Model(", "schema.Model("])), items, ")")


@st.composite
def hosts(draw: st.DrawFn) -> str:
    """The text of one host, with overrides or without."""
    fields = {"address": draw(st.sampled_from(['"::1"', "str('::1')"])), "debug_mode": "bool(1)"}
    overrides = draw(st.dictionaries(NAMES, VERSIONS, max_size=3))
    if overrides:
        entries = [
            f"{quoted(name, draw(QUOTES))}: {quoted(version, draw(QUOTES))}" for name, version in overrides.items()
        ]
        fields["model_version_overrides"] = draw(LAYOUTS).written("{", entries, "}")
    items = [f"{name}={value}" for name, value in draw(st.permutations(list(fields.items())))]
    return draw(LAYOUTS).written(draw(st.sampled_from(["Datasink(", "Trainer("])), items, ")")


@st.composite
def texts(draw: st.DrawFn, name: str, kind: str, field: str, values: st.SearchStrategy[str]) -> tuple[str, list[str]]:
    """The text of a module, and the names of the entries in it."""
    entries = draw(st.dictionaries(NAMES, values, min_size=1, max_size=3))
    items = [f"{quoted(key, draw(QUOTES))}: {value}" for key, value in entries.items()]
    mapping = draw(LAYOUTS).written("{", items, "}")
    whole = draw(LAYOUTS).written(f"{kind}(", [f"{field}={mapping}", "other=None"], ")")
    head = draw(st.sampled_from(["", '"""Doc."""  # ☃\n\n\n', "# -*- coding: utf-8 -*-\n"]))
    note = draw(st.sampled_from(["", ": object", f" : {kind} "]))
    end = draw(st.sampled_from(["", "\n", "  # end\n\n", "; x = 1"]))
    imports = "from modelctl import schema\nfrom modelctl.schema import *\n"
    text = f"{head}{imports}{name}{note} = {whole}{end}"
    newline, mark = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["", "\ufeff"]))
    return mark + text.replace("\n", newline), list(entries)


REGISTRIES = texts("REGISTRY", "Registry", "models", models())
SITES = texts("SITE", "Site", "hosts", hosts())
