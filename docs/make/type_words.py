"""A field's type in a reader's words, from the annotation that stands in the source."""

import ast
import inspect
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from docs.make.markdown import code
from modelctl import schema
from modelctl.inventory import coral, hosts, standards, values

MODULES = (schema, hosts, standards, coral, values)
WRONG = ("\0", -1, 10**16, 2)
"""Each kind of value refuses at least one of these, and says with it what it allows."""
NO_REASON = "Input should be a valid "
"""How pydantic begins where a value is of another sort altogether."""


@cache
def declarations() -> dict[str, ast.ClassDef]:
    """The types of an inventory by name, as they are declared."""
    return {each.name: each for each in _statements() if isinstance(each, ast.ClassDef)}


def words(annotation: ast.expr) -> str:
    """A type: one that has a section of its own is a link to it, a kind of value its name."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *_])):
            return words(kind)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return ", ".join(code(f'"{each}"') for each in _texts(choices))
        case ast.Subscript(value=ast.Name(id=outer), slice=inner):
            return _container(outer, inner.elts if isinstance(inner, ast.Tuple) else [inner])
        case ast.BinOp(left=left, right=right):
            return f"{words(left)} or {words(right)}"
        case ast.Name(id=name):
            return _named(name)
    return code(ast.unparse(annotation))


def _container(outer: str, parts: list[ast.expr]) -> str:
    told = [words(part) for part in parts if ast.unparse(part) != "..."]
    if outer == "dict":
        return f"{told[0]} to {told[1]}"
    return f"({', '.join(told)})" if len(told) > 1 else f"any number of {told[0]}"


def _named(name: str) -> str:
    if name in declarations():
        return f"[{name}](#{name.lower()})"
    if name in _aliases() and not _is_value(name):
        return words(_aliases()[name])
    return code(name)


def allowed(annotations: Iterable[ast.expr]) -> dict[str, str]:
    """What each kind of value in these annotations allows, in the words of its own refusal."""
    names = {part.id for each in annotations for part in ast.walk(_expanded(each)) if isinstance(part, ast.Name)}
    return {name: _refusal(_object(name)) for name in sorted(names) if name in _aliases() and _is_value(name)}


def _expanded(annotation: ast.expr) -> ast.AST:
    """The annotation with aliases that the page writes out in the place of their names."""

    class Expand(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            if node.id not in _aliases() or _is_value(node.id):
                return node
            written: ast.AST = self.visit(_aliases()[node.id])
            return written

    expanded: ast.AST = Expand().visit(ast.parse(ast.unparse(annotation), mode="eval"))
    return expanded


def _is_value(name: str) -> bool:
    """Whether an alias is a text or a number within bounds, and no union of types, pair or list of words."""
    match _aliases()[name]:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[ast.Name(), *_])):
            return True
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[ast.BinOp() as union, *_])):
            return not any(isinstance(part, ast.Name) and part.id in declarations() for part in ast.walk(union))
    return False


def _refusal(kind: Any) -> str:
    return "; ".join(
        dict.fromkeys(said.removeprefix("Input should be ") for wrong in WRONG for said in _said(kind, wrong))
    )


def _said(kind: Any, wrong: object) -> list[str]:
    try:
        TypeAdapter(kind).validate_python(wrong)
    except ValidationError as error:
        said = [each["msg"] for each in error.errors()]
        return [each for each in said if not each.startswith(NO_REASON) and "class 'pathlib" not in each]
    return []


def _object(name: str) -> Any:
    return next(vars(module)[name] for module in MODULES if name in vars(module))


def _texts(choices: ast.expr) -> tuple[str, ...]:
    found = ast.literal_eval(choices)
    return found if isinstance(found, tuple) else (found,)


@cache
def _aliases() -> dict[str, ast.expr]:
    """The names that the modules give to types."""
    return {
        ast.unparse(each.targets[0]): each.value
        for each in _statements()
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Subscript)
    }


def _statements() -> list[ast.stmt]:
    return [each for module in MODULES for each in ast.parse(inspect.getsource(module)).body]
