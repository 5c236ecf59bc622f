"""A Coral stack is tried before it is chosen: as the service's user, in the service's Python, folder and variables.

What that Python prints is its user's: bounded, made printable, and no more than a reason to refuse.
"""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from node.errors import Unfit, printable
from node.machine import commands, environments
from node.store import disk
from node.store.service_set import CORAL, ServiceSet, SetStack

SECONDS = 60.0  # a Raspberry Pi 3 reads the modules from an SD card
MOST = 1 << 20  # bytes of what is printed that are kept
LONGEST = 300
LONGEST_ANSWER = 16 << 10  # bytes of one line of the probe; what is cut short is no JSON
PROBE = Path(__file__).with_name("trial_probe.py")
TFLITE, PYCORAL = "tflite_runtime", "pycoral"

DEATHS = {
    "SIGSEGV": "segmentation fault: built for another TensorFlow, or damaged",
    "SIGBUS": "bus error: a file is cut short",
    "SIGILL": "illegal instruction: built for another processor",
    "SIGABRT": "aborted",
    "SIGKILL": "killed: too little memory?",
}
TRIED = "tried, and not chosen"
MENDS = "lay it anew: deploys/coral.py --data verify=full"
OTHER_STACK = "give the host another stack with modelctl override"

_NEEDS = re.compile(r"(>=|<=|==|>|<)\s*(\d+(?:\.\d+)*)", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


class Trial(NamedTuple):
    stack: SetStack
    user: str
    found: Dict[str, Any]  # by the probe
    code: Optional[int]  # None when it did not end in time
    last: str  # line that something else printed

    def text(self, *keys: str) -> str:
        """Return a text that the probe found, nothing where it is none."""
        return _line(self._at(*keys))

    def texts(self, *keys: str) -> List[str]:
        """Return the texts of a list; nothing of what is none."""
        value = self._at(*keys)
        return [_line(each) for each in value[:9]] if isinstance(value, list) else []

    def _at(self, *keys: str) -> Any:
        value: Any = self.found
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    @property
    def pip(self) -> str:
        return "sudo -u %s %s -m pip" % (self.user, self.stack.python)

    @property
    def numpy(self) -> str:
        versions = self.found.get("versions")
        is_absent = isinstance(versions, dict) and versions.get("numpy", "") is None
        return "no numpy" if is_absent else "numpy " + (self.text("versions", "numpy") or "of an unknown version")

    @property
    def tflite(self) -> str:
        return _named(TFLITE, self.text("versions", TFLITE))


def refuse_unfit(service: ServiceSet) -> None:
    """Try the stack of a set in the environment of its service. Raises Refusal for what does not work together."""
    if service.stack is None:
        return
    trial = _try(service, service.stack)
    # The reason of the others first: what is plain to see comes before how it ended.
    looks = (_no_python, _other_python, _numpy, _tensorflow, _foreign, _death, _failure)
    problem = next(filter(None, (look(trial) for look in looks)), None)
    if problem is not None:
        raise Unfit("%s: %s: %s" % (TRIED, service.stack.python, problem))


def _try(service: ServiceSet, stack: SetStack) -> Trial:
    environment = environments.of_stack(service)
    environment.variables["LD_BIND_NOW"] = "1"
    mark = os.urandom(16).hex()  # by which its lines are told from others
    words = environment.words("-B", "-c", disk.read(PROBE).decode(), mark, str(stack.directory))
    code, said = commands.watch(words, environment.plain, SECONDS, MOST)
    lines = said.decode("utf-8", "replace").splitlines()
    found: Dict[str, Any] = {}
    for line in lines:
        if line.startswith(mark):
            _add(found, line[len(mark) :])
    others = [line for line in lines if line.strip() and not line.startswith(mark)]
    return Trial(stack, service.user, found, code, _line(others[-1] if others else ""))


def _add(found: Dict[str, Any], text: str) -> None:
    try:
        said = json.loads(text[:LONGEST_ANSWER])
    except (ValueError, RecursionError):
        return
    for key, value in said.items() if isinstance(said, dict) else ():
        before = found.get(key)
        found[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value


def _no_python(trial: Trial) -> Optional[str]:
    if trial.text("python"):
        return None
    if trial.code is None:
        return "did not start within %g s; look what holds it up, and run again" % SECONDS
    ended = _signal(trial.code) if trial.code < 0 else "exit status %d" % trial.code
    said = ": " + trial.last if trial.last else ""
    return "found no Python that runs (%s%s), expected the service's; mend it, or name another one" % (ended, said)


def _other_python(trial: Trial) -> Optional[str]:
    version = trial.text("python")
    for name in (TFLITE, PYCORAL):
        tags = trial.texts("tags", name)
        own = "cp%s-" % version.replace(".", "")
        if tags and not any(tag.startswith((own, "py3-", "py2.py3-")) or "-abi3-" in tag for tag in tags):
            told = (version, _named(name, trial.text("versions", name)), tags[0], OTHER_STACK)
            return "is Python %s, and %s is built for %s; name the right one, or %s" % told
    return None


def _numpy(trial: Trial) -> Optional[str]:
    version = trial.text("versions", "numpy")
    if not version or (_numbers(version) or (0,))[0] < 2:
        return None
    return "found %s, expected one below 2 for %s; %s install 'numpy<2'" % (trial.numpy, trial.tflite, trial.pip)


def _tensorflow(trial: Trial) -> Optional[str]:
    if "tensorflow" not in trial.found:
        return None
    version, place = [*trial.texts("tensorflow"), "", ""][:2]
    told = (_named("tensorflow", version), place, trial.tflite, trial.pip)
    return "found %s (%s) beside %s, expected one of them; %s uninstall tensorflow" % told


def _foreign(trial: Trial) -> Optional[str]:
    if "foreign" not in trial.found:
        return None
    name, place = [*trial.texts("foreign"), "", ""][:2]
    package = name.partition(".")[0]
    is_ours_to_name = package in (TFLITE, PYCORAL) and "-packages/" in place  # what somebody prints is never a command
    cure = "%s uninstall %s" % (trial.pip, package) if is_ours_to_name else "move that away"
    return "%s is that of %s, expected that of %s; %s" % (name, place, trial.stack.directory, cure)


def _death(trial: Trial) -> Optional[str]:
    doing = _doing(trial)
    if trial.code is None:
        return "%s: not done within %g s; look what holds it up, and run again" % (doing, SECONDS)
    if trial.code >= 0:
        return None
    name = _signal(trial.code)
    return "%s: ended by %s (%s); %s, or %s" % (doing, name, DEATHS.get(name, "a signal"), MENDS, OTHER_STACK)


def _failure(trial: Trial) -> Optional[str]:
    if trial.text("runtime"):
        return None
    doing, failed = _doing(trial), trial.text("failed") or "it ended without a word"
    for name, asked in _unmet(trial):
        told = (doing, failed, trial.numpy, name, asked, trial.pip, asked)
        return "%s: %s; found %s, and %s asks for %s; %s install '%s' 'numpy<2'" % told
    if "numpy" in failed:
        return "%s with %s: %s; %s install another numpy below 2" % (doing, trial.numpy, failed, trial.pip)
    return "%s: %s; %s, or %s" % (doing, failed, MENDS, OTHER_STACK)


def _unmet(trial: Trial) -> Iterator[Tuple[str, str]]:
    """Yield which package asks for another numpy than there is."""
    version = _numbers(trial.text("versions", "numpy"))
    for name in (TFLITE, PYCORAL):
        for asked in trial.texts("asked", name):
            needs = _NEEDS.findall(asked.partition(";")[0])
            if version is None or not all(_meets(version, *each) for each in needs):
                yield _named(name, trial.text("versions", name)), "numpy" + ",".join(map("".join, needs))


def _meets(version: Tuple[int, ...], how: str, text: str) -> bool:
    wanted = _numbers(text) or (0,)
    width = max(len(version), len(wanted))
    have, need = (each + (0,) * (width - len(each)) for each in (version, wanted))
    return {">=": have >= need, "<=": have <= need, "==": have == need, ">": have > need, "<": have < need}[how]


def _numbers(version: str) -> Optional[Tuple[int, ...]]:
    found = _NUMBER.match(version)
    return tuple(int(each[:9]) for each in found.group().split(".")) if found else None


def _doing(trial: Trial) -> str:
    doing = trial.text("doing") or "starting"
    return "%s of %s/%s" % (doing, CORAL, trial.stack.version) if doing.startswith("import") else doing


def _named(name: str, version: str) -> str:
    return "%s %s" % (name, version) if version else name


def _signal(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return "signal %d" % -code


def _line(value: Any) -> str:
    """A text of somebody else's, as a line may show it."""
    return printable(" ".join(value[: 4 * LONGEST].split())[:LONGEST]) if isinstance(value, str) else ""
