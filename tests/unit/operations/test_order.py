import hashlib
import json
from pathlib import Path

import pytest

from modelctl import product
from modelctl.fleet import Fleet
from modelctl.operator import operator, purpose
from modelctl.rendering.desired import desired
from node import orders
from operations.order import Asked, Datasink, order, without_contents

COMMIT = "c0ffee" * 6 + "c0ff"
HOSTS = ("data1", "sentinel", "lab1", "east", "alpha5")


def told(fleet: Fleet) -> Datasink:
    return Datasink(
        authority=["line"],
        needed={"cats/2026-01-01": "ab"},
        needed_by={"lab1": ["cats/2026-01-01"]},
        named=["cats/2025-01-01"],
        log="/logs/the.log",
        clean_up=desired(fleet, "data1").clean_up,
    )


@pytest.mark.parametrize("name", HOSTS)
def test_the_node_reads_what_is_sent(fleet: Fleet, name: str) -> None:
    wanted = desired(fleet, name)
    read = orders.parse(json.loads(json.dumps(order(fleet, wanted, COMMIT, Asked(), None))))
    assert (read.host, read.user) == (name, wanted.service_user)
    assert [str(folder) for folder in read.folders] == list(wanted.folders)
    assert [(each.label, str(each.directory), each.manifest) for each in read.versions] == [
        (f"{each.model}/{each.version}", each.directory, each.manifest) for each in wanted.versions
    ]
    assert [
        (each.digest, each.state, str(each.work.script), each.work.ports, each.work.views) for each in read.sets
    ] == [
        (each.digest, each.state, each.work.script, list(each.work.ports), list(each.work.views))
        for each in wanted.sets
    ]
    assert (read.face_list is None) == (wanted.face_list is None)
    assert (read.operator, read.purpose) == (operator(), purpose())
    assert (read.commit, read.product) == (COMMIT, product.release())
    assert read.limits._asdict() == fleet.standards.limits.model_dump()


def test_the_node_reads_what_is_asked(fleet: Fleet) -> None:
    sent = order(fleet, desired(fleet, "lab1"), COMMIT, Asked(unlock=True, full=False, diff=True), None)
    read = orders.parse(json.loads(json.dumps(sent)))
    assert (read.asked, read.datasink) == (orders.Asked(unlock=True, full=False, diff=True), None)


def test_the_node_reads_what_the_primary_datasink_is_told(fleet: Fleet) -> None:
    units = desired(fleet, "data1").clean_up
    read = orders.parse(
        json.loads(json.dumps(order(fleet, desired(fleet, "data1"), COMMIT, Asked(), told(fleet))))
    ).datasink
    assert read is not None
    assert [(str(unit.path), unit.content) for unit in read.clean_up] == [(unit.path, unit.content) for unit in units]
    assert len(units) == 2
    assert read._replace(clean_up=[]) == orders.Datasink(
        authority=["line"],
        needed={"cats/2026-01-01": "ab"},
        needed_by={"lab1": ["cats/2026-01-01"]},
        named=["cats/2025-01-01"],
        log=Path("/logs/the.log"),
        clean_up=[],
    )


def test_files_carry_the_digest_of_their_contents(fleet: Fleet) -> None:
    files = order(fleet, desired(fleet, "sentinel"), COMMIT, Asked(), None)["sets"][0]["files"]
    assert len(files) > 3
    for file in files:
        assert file["sha256"] == hashlib.sha256(file["content"].encode()).hexdigest()


@pytest.mark.parametrize("name", HOSTS)
def test_the_question_holds_no_contents(fleet: Fleet, name: str) -> None:
    whole = order(fleet, desired(fleet, name), COMMIT, Asked(), told(fleet))
    files = [*(file for each in whole["sets"] for file in each["files"]), *whole["datasink"]["clean_up"]]
    contents = [file["content"] for file in files]
    assert len(contents) > 2
    question = json.dumps(without_contents(whole))
    assert not [content for content in contents if json.dumps(content)[1:-1] in question]
    assert [file["content"] for file in files] == contents
    asked = orders.parse(json.loads(question))
    assert asked.datasink is not None
    digests = [file.sha256 for each in asked.sets for file in each.files]
    assert [*digests, *(unit.sha256 for unit in asked.datasink.clean_up)] == [
        hashlib.sha256(content.encode()).hexdigest() for content in contents
    ]
