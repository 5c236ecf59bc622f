"""Texts that are not written so that they can be edited safely: refused in one line, never guessed at."""

import pytest

from modelctl.changes.edit import set_override, set_versions
from modelctl.errors import OperatorError
from tests.unit.cases import each

OLD, NEW = "2025-01-01", "2026-02-02"
BY_HAND = "; edit it by hand"
ONCE = "; expected one line REGISTRY = ... and no other use of that name"


def refused(edit: object) -> str:
    assert callable(edit)
    with pytest.raises(OperatorError) as caught:
        edit()
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 300
    return line


@each(
    "text, said",
    [
        ("", f"REGISTRY: found the name 0 times{ONCE}"),
        ("x = 1", f"REGISTRY: found the name 0 times{ONCE}"),
        ("REGISTRY: Registry", f"REGISTRY: found no such line at the top level{ONCE}"),
        ("if x:\n    REGISTRY = Registry()", f"REGISTRY: found no such line at the top level{ONCE}"),
        ("A = REGISTRY = Registry()", f"REGISTRY: found no such line at the top level{ONCE}"),
        ("A, REGISTRY = 1, Registry()", f"REGISTRY: found no such line at the top level{ONCE}"),
        ("REGISTRY |= Registry()", f"REGISTRY: found no such line at the top level{ONCE}"),
        ("from x import REGISTRY", f"REGISTRY: found no such line at the top level{ONCE}"),
        ("REGISTRY = Registry()\nREGISTRY = Registry()", f"REGISTRY: found the name 2 times{ONCE}"),
        ("REGISTRY = Registry()\nREGISTRY.models.clear()", f"REGISTRY: found the name 2 times{ONCE}"),
        ("REGISTRY = Registry()\ndel REGISTRY", f"REGISTRY: found the name 2 times{ONCE}"),
        ("REGISTRY = Registry()\ndef f():\n    global REGISTRY", f"REGISTRY: found the name 2 times{ONCE}"),
        ("REGISTRY = x(" + "1, " * 99 + ")", f"REGISTRY: found x({'1, ' * 19}1...; expected Registry(...)"),
        ("REGISTRY = REST", "REGISTRY: found REST; expected Registry(...)"),
        ("REGISTRY = dict(models={})", "REGISTRY: found dict(models={}); expected Registry(...)"),
        ("REGISTRY = Registry()()", "REGISTRY: found Registry()(); expected Registry(...)"),
        ("REGISTRY = x(Registry(models={}))", "REGISTRY: found x(Registry(models={})); expected Registry(...)"),
        ("REGISTRY = Registry()", "REGISTRY.models: found nothing; expected a mapping { }"),
        ("REGISTRY = Registry({'a': 1})", "REGISTRY: found {'a': 1}; expected fields as name=value"),
        ("REGISTRY = Registry(models=M, **rest)", "REGISTRY: found **rest; expected fields as name=value"),
        ("REGISTRY = Registry(*rest)", "REGISTRY: found *rest; expected fields as name=value"),
        ("REGISTRY = Registry(models={}, models={})", "REGISTRY.models: found it 2 times; expected it once"),
        ("REGISTRY = Registry(models=MODELS)", "REGISTRY.models: found MODELS; expected a mapping { }"),
        ("REGISTRY = Registry(models=dict(a=1))", "REGISTRY.models: found dict(a=1); expected a mapping { }"),
        ("REGISTRY = Registry(models={} | MORE)", "REGISTRY.models: found {} | MORE; expected a mapping { }"),
        ("REGISTRY = Registry(models={k: v for k in x})", "REGISTRY.models: found {k: v for k in x}; expected "),
        ("REGISTRY = Registry(models={'a', 'b'})", "REGISTRY.models: found {'a', 'b'}; expected a mapping { }"),
        ("REGISTRY = (", "line 1: found '(' was never closed; expected Python"),
        ("\0", "the text: found source code string cannot contain null bytes; expected Python"),
        ("x = '\ud800'", "the text: found UnicodeEncodeError: "),
        ("x = " + "(" * 3000, "line 1: found too many nested parentheses; expected Python"),
        ("x = " + "(" * 150 + ")" * 150, "REGISTRY: found the name 0 times"),
        ("x = " + "-" * 100_000 + "1", "the text: found "),
        ("\ufeff\ufeffREGISTRY = 1", "line 1: found invalid non-printable character U+FEFF; expected Python"),
        ("#" * 1_100_000, "the text: found 1100000 characters; expected at most 1048576"),
    ],
)  # fmt: skip
def test_a_text_without_one_plain_registry(text: str, said: str) -> None:
    line = refused(lambda: set_versions(text, "a", NEW, OLD))
    assert line.startswith(said)
    assert line.endswith(BY_HAND)


@each(
    "models, said",
    [
        ('"a": Model(current_version="x"), **MORE', "models: found **MORE; expected keys as \"name\""),
        ('A: Model(current_version="x")', 'models: found A: Model(current_version="x"); expected keys as "name"'),
        ('A:\n  1' + '0' * 99, f"models: found A: 1{'0' * 56}...; expected keys as"),
        ('f"a": Model(current_version="x")', "models: found f\"a\": Model"),
        ('b"a": Model(current_version="x")', "models: found b\"a\": Model"),
        ('"a" "": Model(current_version="x")', 'models: found "a" "": Model'),
        ('"\\x61": Model(current_version="x")', 'models: found "\\x61": Model'),
        ('"a": Model(current_version="x"), \'a\': Model()', "models.a: found it twice; expected it once"),
        ('"a b": 1, "a b": 2', "models.'a b': found it twice; expected it once"),
        ('"a": MODEL', "models.a: found MODEL; expected Model(...)"),
        ('"a": dict(current_version="x")', 'models.a: found dict(current_version="x"); expected Model(...)'),
        ('"a": {"current_version": "x"}', 'models.a: found {"current_version": "x"}; expected Model(...)'),
        ('"a": M(current_version="x")', 'models.a: found M(current_version="x"); expected Model(...)'),
        ('"a": Model(**A)', "models.a: found **A; expected fields as name=value"),
        ('"a": Model(current_version="x", **A)', "models.a: found **A; expected fields as name=value"),
        ('"a": Model("caffe", current_version="x")', 'models.a: found "caffe"; expected fields as name=value'),
        ('"a": Model()', "models.a.current_version: found nothing; expected a version as a string"),
        ('"a": Model(framework="x")', "models.a.current_version: found nothing; expected a version as a string"),
        ('"a": Model(current_version="x", current_version="x")', "models.a.current_version: found it 2 times"),
        ('"a": Model(current_version=V)', "models.a.current_version: found V; expected a version as a string"),
        ('"a": Model(current_version=f"x")', 'models.a.current_version: found f"x"; expected a version as a string'),
        ('"a": Model(current_version=b"x")', 'models.a.current_version: found b"x"; expected a version as a string'),
        ('"a": Model(current_version=str("x"))', 'models.a.current_version: found str("x"); expected a version'),
        ('"a": Model(current_version="x" "y")', 'models.a.current_version: found "x" "y"; expected a version'),
        ('"a": Model(current_version="\\x32")', 'models.a.current_version: found "\\x32"; expected a version'),
        ('"a": Model(current_version=None)', "models.a.current_version: found None; expected a version as a string"),
        ('"a": Model(current_version="x" if y else "z")', 'models.a.current_version: found "x" if y else "z"; '),
        ('"a": Model(current_version="x", previous_version=V)', "models.a.previous_version: found V; expected "
            "a version as a string, or None"),
        ('"a": Model(current_version="x", previous_version=f"x")', "models.a.previous_version: found f\"x\"; expected"),
        ('"a": Model(current_version="x", previous_version=v())', "models.a.previous_version: found v(); expected"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("previous", [OLD, None])
def test_a_model_that_is_not_written_plainly(models: str, said: str, previous: str | None) -> None:
    text = f"REGISTRY = Registry(models={{{models}}})"
    line = refused(lambda: set_versions(text, "a", NEW, previous))
    assert line.startswith(f"REGISTRY.{said}")
    assert line.endswith(BY_HAND)


def test_a_model_that_is_not_there() -> None:
    text = 'MORE = {"a": Model(current_version="x")}\nREGISTRY = Registry(models={"eyes": MORE["a"]})'
    assert refused(lambda: set_versions(text, "a", NEW, None)) == "REGISTRY.models: found 'a'; allowed: eyes"
    assert refused(lambda: set_versions(text, "eye", NEW, None)).endswith("allowed: eyes; did you mean eyes?")


@pytest.mark.parametrize(
    "fields",
    [
        'current_version="x",\n  previous_version="y",  # tested by anna\n',
        'current_version="x",\n  # the one before\n  previous_version="y",\n',
        'current_version="x",\n  previous_version=  # why\n  "y",\n',
        'current_version="x",\n  previous_version="y"  # why\n  ,',
        'current_version="x",\n  previous_version="y"  # why\n',
        'current_version="x"  # why\n  , previous_version="y"',
        'current_version="x",  # why\n  previous_version="y"',
        'a=1,\n  # why\n  previous_version="y", current_version="x"',
        'a=1, # b\n  previous_version="y",  # why\n  current_version="x"',
    ],
)
def test_no_comment_goes_with_a_field(fields: str) -> None:
    text = f'REGISTRY = Registry(models={{"a": Model(\n  {fields})}})'
    line = refused(lambda: set_versions(text, "a", NEW, None))
    lost = "found a comment that would go with it; expected none"
    assert line == f"REGISTRY.models.a.previous_version: {lost}{BY_HAND}"


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("HOST", "hosts.h: found HOST; expected Datasink or Outpost or Sentinel or Trainer or Watchtower(...)"),
        ('host("::1")', 'hosts.h: found host("::1"); expected Datasink or'),
        ("Datasink()", "hosts.h: found no field; expected address=..."),
        ('Datasink(address="::1", **MORE)', "hosts.h: found **MORE; expected fields as name=value"),
        ("Datasink(model_version_overrides=X)", "hosts.h.model_version_overrides: found X; expected a mapping { }"),
        ("Datasink(model_version_overrides=dict(m=1))", "hosts.h.model_version_overrides: found dict(m=1); expected"),
        ('Datasink(model_version_overrides={**X})', "hosts.h.model_version_overrides: found **X; expected keys as"),
        ('Datasink(model_version_overrides={M: "x"})', 'hosts.h.model_version_overrides: found M: "x"; expected keys'),
        ('Datasink(model_version_overrides={"m": 1, "m": 2})', "hosts.h.model_version_overrides.m: found it twice"),
        ('Datasink(model_version_overrides={"m": V})', "hosts.h.model_version_overrides.m: found V; expected "),
        ('Datasink(model_version_overrides={"m": f"x"})', 'hosts.h.model_version_overrides.m: found f"x"; expected'),
    ],
)  # fmt: skip
def test_a_host_that_is_not_written_plainly(host: str, said: str) -> None:
    line = refused(lambda: set_override(f'SITE = Site(hosts={{"h": {host}}})', "h", "m", NEW))
    assert line.startswith(f"SITE.{said}")
    assert line.endswith(BY_HAND)


@pytest.mark.parametrize(
    "overrides",
    [
        '{"m": "x"  # tried by anna\n }',
        '{  # tried by anna\n "m": "x"}',
        '{"m": "x", "n": "y",\n # tried by anna\n "m2": "x"}',
    ],
)
def test_no_comment_goes_with_an_override(overrides: str) -> None:
    text = f'SITE = Site(hosts={{"h": Datasink(address="::1", model_version_overrides={overrides})}})'
    model = "m2" if "m2" in overrides else "m"
    line = refused(lambda: set_override(text, "h", model, None))
    assert line.endswith(f": found a comment that would go with it; expected none{BY_HAND}")


def test_a_host_that_is_not_there() -> None:
    text = 'SITE = Site(hosts={"data1": Datasink(address="::1")})'
    line = refused(lambda: set_override(text, "data2", "m", NEW))
    assert line == "SITE.hosts: found 'data2'; allowed: data1"
