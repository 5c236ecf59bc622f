"""Edits of registry.py: the exact text before and after, in every layout that an operator may choose."""

import pytest

from modelctl.changes.edit import evaluate, set_versions
from modelctl.errors import OperatorError
from modelctl.schema import Registry
from tests.chandler import SOURCES
from tests.unit.cases import each

REGISTRY = SOURCES / "registry.py"
OLD, NEW, OTHER = "2025-01-01", "2026-02-02", "2024-03-03"


def registry(entry: str) -> str:
    """A registry with this entry between two others."""
    return (
        '"""Models."""  # all of them\n\nREGISTRY = Registry(\n    models={\n'
        f'        "z": Model(current_version="{NEW}"),\n{entry}\n'
        "        'y' : Model( current_version = \"2020-01-01\" ),  # odd\n    },\n    coral = coral( ),\n)\n# end"
    )


# The entry without previous_version, and what it becomes when there is one.
ADDED = [
    ('"a": Model(current_version="{}"),', '"a": Model(current_version="{}", previous_version="{}"),'),
    ('"a": Model(current_version="{}",),', '"a": Model(current_version="{}", previous_version="{}",),'),
    ("'a': Model(current_version='{}'),", "'a': Model(current_version='{}', previous_version='{}'),"),
    ('"a": Model( current_version="{}" ),', '"a": Model( current_version="{}", previous_version="{}" ),'),
    ('"a": Model(current_version = "{}"),', '"a": Model(current_version = "{}", previous_version="{}"),'),
    (
        '"a": Model(current_version="{}", b=1),  # c',
        '"a": Model(current_version="{}", previous_version="{}", b=1),  # c',
    ),
    (
        '"a": Model(b=1 , current_version="{}" , c=2),',
        '"a": Model(b=1 , current_version="{}" , previous_version="{}", c=2),',
    ),
    ('"a": schema.Model(current_version="{}"),', '"a": schema.Model(current_version="{}", previous_version="{}"),'),
    ('"a": Model(current_version=("{}")),', '"a": Model(current_version=("{}"), previous_version="{}"),'),
    (
        '"a": (schema.Model) (\n  current_version="{}"),',
        '"a": (schema.Model) (\n  current_version="{}",\n  previous_version="{}"),',
    ),
    ('"a": Model(current_version="{}",b=1),', '"a": Model(current_version="{}", previous_version="{}",b=1),'),
    (
        '"a": Model(\\\n  current_version="{}" \\\n  ,\\\n b=1),',
        '"a": Model(\\\n  current_version="{}" \\\n  , previous_version="{}",\\\n b=1),',
    ),
    ('"a": (Model(current_version="{}")),', '"a": (Model(current_version="{}", previous_version="{}")),'),
    ('"a": Model(current_version="""{}"""),', '"a": Model(current_version="""{}""", previous_version="{}"),'),
    (
        '"a": Model(b=1, current_version="{}"  # c\n  ),',
        '"a": Model(b=1, current_version="{}", previous_version="{}"  # c\n  ),',
    ),
    ('"a": Model(\n  current_version="{}"),', '"a": Model(\n  current_version="{}",\n  previous_version="{}"),'),
    ('"a": Model(\n  current_version="{}"\n),', '"a": Model(\n  current_version="{}",\n  previous_version="{}"\n),'),
    ('"a": Model(\n  current_version="{}",\n),', '"a": Model(\n  current_version="{}",\n  previous_version="{}",\n),'),
    ('"a": Model(\n\tcurrent_version="{}",\n),', '"a": Model(\n\tcurrent_version="{}",\n\tprevious_version="{}",\n),'),
    (
        '"a": Model(\n  current_version="{}", b=1,\n),',
        '"a": Model(\n  current_version="{}", previous_version="{}", b=1,\n),',
    ),
    (
        '"a": Model(  # a\n  # b\n  current_version="{}",  # c\n\n  # d\n  b=1,  # e\n),',
        '"a": Model(  # a\n  # b\n  current_version="{}",  # c\n  previous_version="{}",\n\n  # d\n  b=1,  # e\n),',
    ),
    (
        '"a": Model(\n  b=1,\n  current_version="{}"  # c\n  # d\n),',
        '"a": Model(\n  b=1,\n  current_version="{}",  # c\n  previous_version="{}"\n  # d\n),',
    ),
    (
        '"a": Model(\n  b=1,\n  current_version="{}"  # c\n  , d=2),',
        '"a": Model(\n  b=1,\n  current_version="{}"  # c\n  , previous_version="{}", d=2),',
    ),
]


@each("before, after", ADDED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_previous_version_comes_and_goes(before: str, after: str, newline: str, mark: str) -> None:
    old, new = (
        (mark + registry(entry)).replace("\n", newline) for entry in (before.format(OLD), after.format(NEW, OLD))
    )
    assert set_versions(old, "a", NEW, OLD) == new
    assert set_versions(new, "a", OLD, None) == old


def test_a_new_line_ends_as_the_one_that_it_follows() -> None:
    old, new = (
        f'"a": Model(\r\n  current_version="{NEW}",\n{each}),' for each in ("", f'  previous_version="{OLD}",\n')
    )
    assert set_versions(registry(old), "a", NEW, OLD) == registry(new)
    assert set_versions(registry(new), "a", NEW, None) == registry(old)


@pytest.mark.parametrize(
    "entry",
    [
        '"a": Model(current_version="{}", previous_version="{}"),',
        '"a": Model(previous_version=\'{1}\', b=f(1), current_version="{0}"),',
        '"a": Model(\n  framework="x",  # c\n  previous_version="{1}",  # that\n  current_version="{0}" # this\n),',
        "\"a\"  :  Model(current_version  =  r\"{}\",previous_version=u'''{}'''),",
        '"a": Model(current_version="{}", previous_version=  # why\n "{}"),',
        '"a": Model(current_version="{}",\\\n  previous_version="{}"),',
    ],
)
def test_both_versions_change_where_they_stand(entry: str) -> None:
    old, new = registry(entry.format(OLD, OTHER)), registry(entry.format(NEW, OLD))
    assert set_versions(old, "a", NEW, OLD) == new
    assert set_versions(new, "a", OLD, OTHER) == old
    assert set_versions(old, "a", OLD, OTHER) == old


def test_a_written_none_is_no_version_and_stays() -> None:
    old = registry(f'"a": Model(current_version="{OLD}", previous_version=None),')
    assert set_versions(old, "a", NEW, None) == registry(f'"a": Model(current_version="{NEW}", previous_version=None),')
    new = registry(f'"a": Model(current_version="{NEW}", previous_version="{OLD}"),')
    assert set_versions(old, "a", NEW, OLD) == new


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('Model(previous_version="x", current_version="x")', 'Model(current_version="x")'),
        ('Model(previous_version="x",  # c\n  current_version="x")', 'Model(  # c\n  current_version="x")'),
        ('Model(\n  previous_version="x",\n  current_version="x",\n)', 'Model(\n  current_version="x",\n)'),
        (
            'Model(\n  a=1,\n\n  previous_version="x", current_version="x",\n)',
            'Model(\n  a=1,\n\n  current_version="x",\n)',
        ),
        (
            'Model(\n  current_version="x", b=1, previous_version="x",  # c\n)',
            'Model(\n  current_version="x", b=1,  # c\n)',
        ),
    ],
)
def test_a_previous_version_goes_from_anywhere(before: str, after: str) -> None:
    old, new = registry(f'"a": {before},').replace("x", OLD), registry(f'"a": {after},').replace("x", OLD)
    assert set_versions(old, "a", OLD, None) == new


@pytest.mark.parametrize(
    "text",
    [
        'REGISTRY: Registry = Registry(models={"a": Model(current_version="x")})',
        'import os; REGISTRY = Registry(models={"a": Model(current_version="x")}); y = 1',
        'R = 1\nREGISTRY = (Registry(models={"a": Model(current_version="x")}))',
        '# -*- coding: utf-8 -*-\n"""é\u2028☃"""\x0c\nREGISTRY = Registry(models={"a": Model(current_version="x")})',
    ],
)
def test_the_registry_is_found(text: str) -> None:
    assert set_versions(text.replace("x", OLD), "a", NEW, None) == text.replace("x", NEW)


@each(
    "before, after",
    [
        ("y = " + "[" * 150 + "]" * 150 + "\n", ""),
        ("y = a" + ".b" * 100 + "\n", ""),
        ("y = 1" + "+1" * 900 + "\n", ""),
        ("y = " + "'a' " * 9000 + "\n", ""),
        ("\x0c", "\n\n  "),
        ("# a\r\r\n\n", "\r\r\n\n  # \r\t"),
        ("\ufeff", ""),
        ("y = 'REGISTRY'; ", ""),
    ],
)
def test_what_is_around_the_registry_stays(before: str, after: str) -> None:
    text = f'{before}REGISTRY = Registry(models={{"é": 1, "a": Model(current_version="x")}}){after}'
    assert set_versions(text.replace("x", OLD), "a", NEW, None) == text.replace("x", NEW)


def test_the_real_registry_changes_in_two_lines_only() -> None:
    old = REGISTRY.read_text(encoding="utf-8")
    new = set_versions(old, "face_recognition", "2025-02-25", "2026-02-02")
    changed = [(a, b) for a, b in zip(old.splitlines(), new.splitlines(), strict=True) if a != b]
    assert [line.strip() for pair in changed for line in pair] == [
        'current_version="2026-02-02",',
        'current_version="2025-02-25",',
        'previous_version="2025-02-25",',
        'previous_version="2026-02-02",',
    ]


def test_the_edited_registry_says_what_was_asked() -> None:
    text = set_versions(REGISTRY.read_text(encoding="utf-8"), "haarcascades", NEW, "2020-03-25")
    models = evaluate(text, REGISTRY, "REGISTRY")
    assert isinstance(models, Registry)
    assert models.models["haarcascades"].current_version == NEW
    assert models.models["haarcascades"].previous_version == "2020-03-25"


CORAL_TEXT = """\
REGISTRY = Registry(
    models={{}},
    coral=Coral(
        current_version={!r},{}
        stacks={{}},
    ),
)
"""


def test_the_coral_stacks_versions() -> None:
    both = CORAL_TEXT.format(OLD, f"\n        previous_version={OTHER!r},  # good")
    assert set_versions(both, "coral_packages", NEW, OLD) == CORAL_TEXT.format(
        NEW, f"\n        previous_version={OLD!r},  # good"
    )
    one = CORAL_TEXT.format(OLD, "")
    assert set_versions(one, "coral_packages", NEW, OLD) == CORAL_TEXT.format(
        NEW, f"\n        previous_version={OLD!r},"
    )


@each(
    "text, line",
    [
        ("REGISTRY = Registry(models={})", "REGISTRY.coral: found nothing; expected Coral(...); edit it by hand"),
        ("REGISTRY = Registry(coral=STACKS)", "REGISTRY.coral: found STACKS; expected Coral(...); edit it by hand"),
        (
            "REGISTRY = Registry(coral=Coral(stacks={}))",
            "REGISTRY.coral.current_version: found nothing; expected a version as a string; edit it by hand",
        ),
    ],
)
def test_a_coral_that_cannot_be_edited(text: str, line: str) -> None:
    with pytest.raises(OperatorError) as caught:
        set_versions(text, "coral_packages", NEW, OLD)
    assert str(caught.value) == line
