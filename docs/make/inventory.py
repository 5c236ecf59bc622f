"""The page of the inventory: each type that `modelctl.schema` offers to a site, as its own source says it."""

import ast
import inspect
from collections.abc import Iterator

from docs.make.markdown import code, table
from docs.make.type_words import allowed, declarations, words

INTRODUCTION = """\
# Inventory

What a site writes in `inventory/site.py`, `inventory/registry.py` and `inventory/standards.py`: the fields of each
type, which is imported from `modelctl.schema`. A field without a default must be given. `modelctl check` tells every
value that is wrong, all at once: its path, what was found and what is allowed. Commands write the other files there:
`known_hosts`, `pins.json`, `revoked.json` and `bad.json`.

"""
PARTS = {
    "The site": ("Site", "VehicleSpeed"),
    "Hosts": ("Host", "Datasink", "Sentinel", "FaceConfidence", "Outpost", "Trainer", "Control", "Watchtower"),
    "Cameras": ("Camera", "PiCamera", "OakCamera", "DepthAI", "WebCamera", "MotionParams"),
    "How long events stay": ("NeverDelete", "MinimalRetention", "FaceQuality", "VehicleInterest"),
    "The registry": ("Registry", "Model", "Coral", "CoralStack", "CoralPackage"),
    "The standards": ("Standards", "Users", "Paths", "Ports", "Limits", "HealthChecks", "HealthCheck"),
}
"""The order in which a reader meets them; a test finds a type that is missing here."""


def page() -> str:
    """The page's text."""
    sections = [f"## {title}\n\n{''.join(map(_section, names))}" for title, names in PARTS.items()]
    annotations = [field.annotation for names in PARTS.values() for name in names for field, _ in _fields(name)]
    kinds = table(("value", "allowed"), [(code(name), text) for name, text in allowed(annotations).items()])
    return f"{INTRODUCTION}{''.join(sections)}## Values\n\n{kinds}".rstrip() + "\n"


def _section(name: str) -> str:
    declared = declarations()[name]
    base = ast.unparse(declared.bases[0])
    inherited = f"It has the fields of [{base}](#{base.lower()}) besides.\n\n" if base != "Part" else ""
    rows = [_row(name, field, text) for field, text in _fields(name)]
    fields = table(("field", "type", "default", "what it is"), rows) if rows else ""
    return f"### {name}\n\n{inspect.cleandoc(ast.get_docstring(declared) or '')}\n\n{inherited}{fields}"


def _row(kind: str, field: ast.AnnAssign, text: str | None) -> tuple[str, str, str, str]:
    name = ast.unparse(field.target)
    assert text, f"{kind}.{name}: found no text below it; expected one that says what it is, with its unit"
    return code(name), words(field.annotation), _default(field.value), text


def _fields(kind: str) -> Iterator[tuple[ast.AnnAssign, str | None]]:
    """The fields that a type declares, each with the text that stands below it."""
    body = declarations()[kind].body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and "ClassVar" not in ast.unparse(statement.annotation):
            yield statement, _text(following)


def _text(statement: ast.stmt | None) -> str | None:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
    return None


def _default(value: ast.expr | None) -> str:
    """What a field is unless it is given."""
    match value:
        case None:
            return ""
        case ast.Call(func=ast.Name(id="Field"), keywords=[ast.keyword(value=ast.Lambda(body=made))]):
            return code(ast.unparse(made))
        case ast.Call(func=ast.Name(id="Field"), keywords=[ast.keyword(value=ast.Name(id="dict"))]):
            return code("{}")
        case ast.Call(func=ast.Name(id="frozenset"), args=[_]):
            return "all"
        case ast.Call(func=ast.Name(id="Path"), args=[path]):
            return code(ast.unparse(path))
    return code(ast.unparse(value))
