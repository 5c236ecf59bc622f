"""Ways of not working while looking alive, and of working while looking odd: data for the stories that play them.

Orders are those of lab/standins/behaviour.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOBILENET = "/home/ops/imagenode/models/mobilenet_ssd/2020-12-06/MobileNetSSD_deploy.caffemodel"
RESTORED = f"mv /root/whole {MOBILENET}"
DROPIN = "/etc/systemd/system/imagenode.service.d/mine.conf"
HELD = (
    "systemd-run --quiet --unit=holder python3 -c "
    '"import socket, time\nheld = socket.socket()\n'
    "held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\nwhile True:\n"
    "  try: held.bind(('', {port})); held.listen(); time.sleep(600)\n"
    '  except OSError: time.sleep(0.02)"'
)
LET_GO = "systemctl stop holder"


MEANWHILE = "systemd-run --quiet --unit=meanwhile sh -c 'for each in $(seq 20); do {}; sleep 1; done'"
ROTATE = "journalctl --quiet --rotate --vacuum-time=1s"
REEXEC = (
    "systemd-run --quiet --unit=meanwhile sh -c '"
    "pid() { systemctl show --value --property=MainPID imagenode; }; old=$(pid); "
    'while [ "$(pid)" = "$$old" ] || [ "$(pid)" = 0 ]; do sleep 0.1; done; sleep 1; systemctl daemon-reexec'
    "'"
)
"""In the settle time of the next start."""
DONE = "systemctl stop meanwhile; true"


@dataclass(frozen=True, eq=False)  # hashed as itself: by that pytest keeps together what one round has played
class Update:
    """A switch to a set that does not work, or only looks as if it did not.

    :param says: what the run's line for the host matches, each; nothing where all is well.
    :param orders: what the stand-in does when it runs with the new set.
    :param fields: what the site says of the host then.
    :param release: which release of the program it is; empty for that of a new host.
    :param prepare: what is done at the host's console before; `undo` puts it right.
    :param outcome: of a lie: it goes back, or fails as the set before does.
    """

    name: str
    host: str
    says: tuple[str, ...] = ()
    orders: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=lambda: {"debug_mode": True})
    release: str = ""
    prepare: str = "true"
    undo: str = "true"
    outcome: str = "returned"


@dataclass(frozen=True)
class Incident:
    """What happens to a settled host; a deploy and status are to say so from then on.

    :param does: what happens at its console; "{pid}" is the service's main process.
    """

    name: str
    host: str
    does: str
    says: tuple[str, ...]
    undo: str = "true"


def on_debug(**orders: Any) -> Mapping[str, Any]:
    """Orders for a set whose debug mode is on."""
    return {"when": "DEBUG", **orders}


TRUNCATED: Mapping[str, Any] = {"model_version_overrides": {"mobilenet_ssd": "2026-06-01"}}

DEAD_CHILD = "workers live|LensTasking (failure|ending|ended)"
DEAD_ENGINE = "workers live|Exception in thread"
"""A look can fall between a process's last words and its end."""

LYING_UPDATES = (
    Update("its model is cut short", "lab1", (DEAD_CHILD, "600000 of 1000000 bytes"), fields=TRUNCATED),
    Update(
        "its model is cut short, and the journal is silent", "lab1", ("workers live",), {"silent_journal": True},
        TRUNCATED,
    ),
    Update("its child cannot load the model", "lab1", (DEAD_CHILD,), on_debug(dead_child=True)),
    Update("its child dies in the settle time", "lab1", (DEAD_CHILD,), on_debug(zombie_after=1)),
    Update(
        "its child dies without a word", "lab1", ("workers live",), on_debug(zombie_after=1, silent_journal=True)
    ),
    Update("its camera cannot be opened", "lab1", ("no frame", "PiCamera"), on_debug(camera_fails=True)),
    Update("it misses a setting", "lab1", ("no frame", "KeyError: 'viewname'"), on_debug(key_error="viewname")),
    Update("its camera gives no picture", "lab1", ("no frame", "PiCamera"), on_debug(no_frames=True)),
    Update("its pictures stop", "lab1", ("no frame", "PiCamera"), on_debug(frames_stop_after=1.5)),
    Update(
        "one of its two views gives no picture", "lab1", ("no frame", "Yard"), on_debug(silent_view="Yard"),
        {"debug_mode": True, "second_view": "Yard"},
    ),
    Update("it never opens its ports", "lab1", ("port 5567",), on_debug(port_after=None)),
    Update("it closes its ports again", "lab1", ("port 5567",), on_debug(port_until=1)),
    Update("S6: another holds its port", "lab1", ("port 5567", "another process"), on_debug(port_after=None),
           prepare=HELD.format(port=5567), undo=LET_GO, outcome="failed"),
    Update("an OAK outpost's child dies", "east", (DEAD_CHILD,), on_debug(dead_child=True)),
    Update("an OAK camera cannot be opened", "east", ("ended after its start",), on_debug(camera_fails=True)),
    Update("a Coral outpost's child dies", "alpha5", (DEAD_CHILD,), on_debug(dead_child=True)),
    Update("its last engine cannot start", "sentinel", ("of 3 workers live",), on_debug(status_unanswered=True)),
    Update("an engine ends in the settle time", "sentinel", (DEAD_ENGINE,), on_debug(engine_dies_after=1)),
    Update("its job thread dies", "sentinel", ("Exception in thread",), on_debug(job_thread_dies=1)),
    Update("the control port stays closed", "sentinel", ("port 5566",), on_debug(port_after=None)),
    Update("it closes its control port again", "sentinel", ("port 5566",), on_debug(port_until=1)),
    Update("S6: another holds the control port", "sentinel", ("port 5566", "another process"),
           on_debug(port_after=None), prepare=HELD.format(port=5566), undo=LET_GO, outcome="failed"),
    Update("a later release misses an engine", "sentinel", ("2 of 3",), on_debug(engine_dies_after=1),
           release="sentinel 0.2.6"),
    Update("a later release's job thread hangs", "sentinel", ("STATUS", "Error"), on_debug(job_thread_dies=0),
           release="sentinel 0.2.6"),
    Update("S6: another holds the datapump's port", "data1", ("port 5556", "another process"),
           on_debug(port_after=None), prepare=HELD.format(port=5556), undo=LET_GO, outcome="failed"),
    Update("the datapump closes its port again", "data1", ("port 5556",), on_debug(port_until=1)),
)  # fmt: skip
"""Each goes back to the set before."""

KILL_A_CHILD = "kill -KILL $(pgrep --parent {pid} | head -1)"
INCIDENTS = (
    Incident("a detector dies at noon", "lab1", KILL_A_CHILD, ("workers live",)),
    Incident("an engine dies at noon", "sentinel", KILL_A_CHILD, ("workers live",)),
    Incident("imagenode hangs", "lab1", "kill -STOP {pid}", ("no frame",), "kill -CONT {pid}"),
    Incident("S4: sentinel hangs", "sentinel", "kill -STOP {pid}", ("STATUS",), "kill -CONT {pid}"),
    Incident(
        "S2: a timer is stopped", "sentinel", "systemctl stop sentinel_cleanup.timer", ("sentinel_cleanup.timer",),
    ),
    Incident("S3: a service is disabled", "lab1", "systemctl disable --quiet imagenode", ("disabled",)),
    Incident(
        "S5: a drop-in replaces what runs", "lab1",
        f"mkdir -p $(dirname {DROPIN}) && printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep infinity\\n' >{DROPIN}"
        " && systemctl daemon-reload && systemctl restart imagenode",
        (DROPIN,), f"rm -r $(dirname {DROPIN}); systemctl daemon-reload; systemctl restart imagenode",
    ),
    Incident(
        "S1: other bytes with the old times", "lab1",
        f"cp -a {MOBILENET} /root/whole && printf x | dd of={MOBILENET} bs=1 seek=1000 conv=notrunc status=none"
        f" && touch -r /root/whole {MOBILENET}",
        (MOBILENET,), RESTORED,
    ),
)  # fmt: skip
"""Each is said by a deploy and by status; what a deploy mends, it mends through a switch to the same set."""

TRUE_UPDATES = (
    Update("a slow start", "sentinel", orders=on_debug(port_after=3)),
    Update("a slow model", "lab1", orders=on_debug(load_seconds=3)),
    Update("a late first frame", "lab1", orders=on_debug(first_frame_after=3.2)),
    Update("no LensTasking line", "lab1", orders=on_debug(silent_journal=True)),
    Update("more children than engines", "sentinel", orders=on_debug(more_children=2)),
    Update("two camera views", "lab1", fields={"debug_mode": True, "second_view": "Yard"}),
    Update("a later release's STATUS", "sentinel", release="sentinel 0.2.6"),
    Update("STATUS in a form of its own", "sentinel", orders=on_debug(status_json=True)),
    Update("systemd is started anew meanwhile", "lab1", prepare=REEXEC, undo=DONE),
    Update("the journal is rotated meanwhile", "lab1", prepare=MEANWHILE.format(ROTATE), undo=DONE),
)  # fmt: skip
"""None goes back: seconds are for a start timeout of 4."""
