import json

import pytest

from node import layout
from node.errors import Refusal
from node.store import pending_switch
from tests.unit.node.places import begun


@pytest.fixture(autouse=True)
def folder() -> None:
    layout.sets("engine").mkdir(parents=True)


@pytest.mark.parametrize("old", ["d1", None])
@pytest.mark.parametrize("reason", ["engine.service is failed", None])
def test_a_note_is_read_back_as_it_was_put(old: str | None, reason: str | None) -> None:
    put = begun("d2", old, "d0")._replace(reason=reason)
    pending_switch.put(put)
    assert pending_switch.read("engine") == put
    assert layout.pending("engine").name == "pending"


def test_where_no_switch_is_pending_there_is_no_mark() -> None:
    assert pending_switch.read("engine") is None


def test_a_note_that_is_cleared_is_gone() -> None:
    pending_switch.put(begun("d2", "d1"))
    pending_switch.clear("engine")
    pending_switch.clear("engine")
    assert pending_switch.read("engine") is None


def test_the_note_of_the_program_before_this_one_can_be_read() -> None:
    """The program is replaced while a switch is pending."""
    pending_switch.put(begun("d2", "d1"))
    data = json.loads(layout.pending("engine").read_text())
    del data["reason"]
    layout.pending("engine").write_text(json.dumps(data))
    assert pending_switch.read("engine") == begun("d2", "d1")


@pytest.mark.parametrize("content", ["", "null", "{}", '{"request": {}}'])
def test_what_is_no_note_is_refused_with_its_path(content: str) -> None:
    layout.pending("engine").write_text(content)
    with pytest.raises(Refusal) as caught:
        pending_switch.read("engine")
    assert str(caught.value).startswith(f"{layout.pending('engine')}: cannot be read (")
    assert str(caught.value).endswith("); a deploy sets it aside")


def test_what_is_no_note_is_kept_aside_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    path = layout.pending("engine")
    path.write_text("torn")
    assert pending_switch.read_or_set_aside("engine") is None
    [aside] = path.parent.glob(f".{path.name}.damaged-*")
    assert (path.exists(), aside.read_text()) == (False, "torn")
    assert capsys.readouterr().err.endswith(f"; it is {aside} now, and the chosen set stays\n")


def test_the_boot_id_is_the_kernels() -> None:
    assert len(pending_switch.boot_id()) == 36
    assert pending_switch.boot_id() == pending_switch.boot_id()


def test_the_note_of_a_newer_program_can_be_read() -> None:
    found = begun("d2", "d1")
    pending_switch.put(found)
    data = json.loads(layout.pending("engine").read_text())
    data["more"] = data["request"]["more"] = 1
    layout.pending("engine").write_text(json.dumps(data))
    assert pending_switch.read("engine") == found
