"""Misbehaviour that a test orders of a stand-in, and the table of all that can be ordered."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

BEHAVIOUR = Path("/etc/sentinelcam-lab/behaviour.json")
"""Ordered misbehaviour: {"SERVICE": {"when": TEXT, ORDER: VALUE, ...}}.

It applies while the config, or a task config that it names, contains TEXT; without "when", always. Seconds count from
the start of the service, unless the table says otherwise. The orders that every service can be given:

- "exit": [CODE, WORDS]          says WORDS and exits at once, before it opens a port
- "crash_after": SECONDS         exits with code 1
- "killed_after": SECONDS        is killed as the kernel kills for memory: its hosts' limits are not enforced
- "port_after": SECONDS          opens its ports late; null: never
- "port_until": SECONDS          closes its ports again so long after it opened them, and stays
- "deaf": true                   hears no SIGTERM, and neither do its children
- "tear": PATH                   ends in the middle of writing one of its files: half of that is left
- "lock": PATH                   makes one of its files unreadable
- "remove": PATH                 removes one of its files
- "needs_stack": true            a process that is to load an EdgeTPU model and finds no Coral packages fails, as the
                                 real ones do. Without the order only packages that are there count: hosts that were
                                 given no stack yet work as if they had one
- "needs_stick": true            it fails too where no stick is plugged in, or its device file is not for its user

Those of imagenode. A bad model needs no order: put a missing or shortened file in its place.

- "load_seconds": SECONDS        each view's child takes so much longer over its model
- "dead_child": true             each child fails when it loads its model: traceback, end, zombie; frames go on
- "zombie_after": SECONDS        each child ends so long after it loaded its model, as after two failed detections
- "silent_journal": true         the children print nothing: neither that they started nor why they died
- "first_frame_after": SECONDS   no frame of any view before
- "no_frames": true              the cameras are open and give no picture, ever
- "frames_stop_after": SECONDS   no frame any more from then on
- "silent_view": VIEW            one camera view gives no picture; the others do
- "camera_fails": true           the cameras cannot be opened: the main thread ends and waits for the children; ports
                                 open, no frame, nothing in the journal. An OAK outpost exits with 0 instead
- "key_error": NAME              the same, of a missing setting: imagenode.log has the cause

Those of sentinel. A task's bad model needs no order either: three jobs that fail in a row end their engine.

- "status_unanswered": true      the last engine cannot be started: ports open, no answer to anything
- "engine_dies_after": SECONDS   the first engine's process ends, silently. To 0.2.5 this kills the thread that gives
                                 out the jobs, from 0.2.6 the engine is given up
- "job_thread_dies": SECONDS     that thread dies by itself (from 0.2.6 it hangs, and STATUS is answered with Error)
- "stick_absent": true           each job of an engine with an accelerator fails
- "more_children": NUMBER        so many processes beside those of the engines
- "job_seconds": SECONDS         a FaceDataUpdate or FaceSweep that was submitted takes so long (else 1)
- "status_json": true            behaves as releases from 0.2.6: also when sentinel_state.py lies beside sentinel.py
- "queued": NUMBER               so many jobs wait in its queue (shown and kept from 0.2.6 only)
- "drain": SECONDS               a job is running that takes so long after SIGTERM (waited for from 0.2.6, at most 60 s)
"""

Orders = Mapping[str, Any]


def orders(service: str, config: Path) -> Orders:
    """What is ordered of a service that was given this config.

    :param config: the service's own; task configs that it names count too.
    """
    if not BEHAVIOUR.exists():
        return {}
    ordered: dict[str, Any] = json.loads(BEHAVIOUR.read_text()).get(service, {})
    own = config.read_text()
    said = strings(yaml.load(own, yaml.CSafeLoader))
    tasks = {Path(text) for text in said if text.startswith("/") and text.endswith(".yaml")}
    texts = [own, *(task.read_text() for task in tasks if task.exists())]
    return ordered if any(ordered.get("when", "") in text for text in texts) else {}


def obey(ordered: Orders) -> None:
    """Do what every service can be ordered to do at its start; what comes later is only begun."""
    if "exit" in ordered:
        code, words = ordered["exit"]
        print(words, file=sys.stderr)
        sys.exit(code)
    if "crash_after" in ordered:
        later(ordered["crash_after"], lambda: os._exit(1))
    if "killed_after" in ordered:
        later(ordered["killed_after"], lambda: os.kill(os.getpid(), signal.SIGKILL))
    if "lock" in ordered:
        Path(ordered["lock"]).chmod(0)
    if "remove" in ordered:
        Path(ordered["remove"]).unlink()


def on_sigterm(ordered: Orders, stop: Callable[[], None]) -> None:
    """Let the service stop so when SIGTERM comes, unless it is ordered to be deaf. A torn file is torn before."""

    def torn_and_stopped(*_: object) -> None:
        if "tear" in ordered:
            path = Path(ordered["tear"])
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 2])
        stop()

    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in ordered else torn_and_stopped)


def later(delay: float, action: Callable[[], None]) -> None:
    """Act now when the delay is 0, else after so many seconds, without holding up the service's end."""
    if not delay:
        action()
        return

    def wait_and_act() -> None:
        time.sleep(delay)
        action()

    threading.Thread(target=wait_and_act, daemon=True).start()


def strings(config: Any) -> Iterator[str]:
    """Every string value in a parsed config."""
    if isinstance(config, str):
        yield config
    elif isinstance(config, (dict, list)):
        for value in config.values() if isinstance(config, dict) else config:
            yield from strings(value)
