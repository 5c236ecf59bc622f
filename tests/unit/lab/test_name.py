"""The lab's name: what is none is refused in one line, and what bears one lab's name is never another's."""

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from lab import name, network
from lab.hosts import HOSTS
from modelctl.errors import OperatorError

CHECKOUT = Path(__file__).parents[3]

NAMES = ("lab", "lab2", "lab23", "l", "gw0", "all")


@pytest.mark.parametrize("good", [*NAMES, "a23456789012"])
def test_names(good: str) -> None:
    assert name.checked(good) == good


@pytest.mark.parametrize("bad", ["", "2lab", "Lab", "lab-2", "lab_2", "a/b", "..", "lab\n", "a234567890123", "ä"])
def test_what_is_no_name_is_refused(bad: str) -> None:
    with pytest.raises(OperatorError) as refused:
        name.checked(bad)
    assert str(refused.value) == (
        f"LAB: found {bad!r}; expected a letter, then up to 11 letters or digits, all small, such as LAB=other"
    )


def lab(chosen: str, *words: str) -> tuple[int, str, str]:
    """Exit code and output of a program that works on the lab of a name."""
    done = subprocess.run(
        [sys.executable, *words], cwd=CHECKOUT, env={**os.environ, "LAB": chosen}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_bad_name_is_one_line_for_the_operator() -> None:
    code, out, err = lab("lab-2", "-m", "lab", "status")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("LAB: found 'lab-2'; expected ")


def test_everything_follows_from_the_name() -> None:
    show = "from lab import cgroups, hosts, keys, network; print(cgroups.PARENT, hosts.STATE, keys.FOLDER, "
    show += "network.namespace(hosts.HOSTS['east']))"
    assert lab("other", "-c", show) == (
        0,
        "sentinelcam-other /var/lib/sentinelcam-other /var/lib/sentinelcam-other/keys sentinelcam-other-east\n",
        "",
    )
    assert lab("", "-c", show)[1].startswith("sentinelcam-lab /var/lib/sentinelcam-lab ")


def test_an_operator_types_the_name_unless_it_is_the_default() -> None:
    assert name.command("up", "lab") == "python -m lab up"
    assert name.command("up", "other") == "LAB=other python -m lab up"


def test_no_lab_has_another_one_s_namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "NETNS_FOLDER", tmp_path)
    own: dict[str, list[Path]] = {}
    for each in NAMES:
        monkeypatch.setattr(network, "NAMESPACE", name.identity(each))
        for space in (network.NAMESPACE, *map(network.namespace, HOSTS.values())):
            (tmp_path / space).touch()
    for each in NAMES:
        monkeypatch.setattr(network, "NAMESPACE", name.identity(each))
        own[each] = network.namespaces()
        assert len(own[each]) == 1 + len(HOSTS)
    assert all(set(own[one]).isdisjoint(own[other]) for one, other in permutations(NAMES, 2))
