"""What a Coral stick needs of the system: brought by apt, udev's rule and a group, where the host lacks it."""

from lab.machine import wait_until
from lab.pages import Pages
from tests.fleet import missing, stacks
from tests.fleet.conftest import NodeOf
from tests.fleet.operator import deploy, predict
from tests.fleet.settlement import Settlement

RULE = "/etc/udev/rules.d/60-sentinelcam-coral.rules"
LOCK = "/var/lib/dpkg/lock-frontend"
HOLD = (
    f'systemd-run --quiet --unit=daily python3 -c \'import fcntl, time\nfile = open("{LOCK}", "w")\n'
    "fcntl.lockf(file, fcntl.LOCK_EX)\ntime.sleep(600)'"
)
IS_HELD = f"! flock --nonblock {LOCK} true; grep --quiet POSIX /proc/locks"
GROUP = "getent group plugdev | cut -d: -f3"


def test_what_the_stick_needs_is_brought_and_the_service_started_anew(
    release_pages: Pages, node: NodeOf, settlement: Settlement
) -> None:
    """At boot another program works with the packages: it is waited for."""
    alpha5, words = node("alpha5"), ("--limit", "alpha5")
    with missing.without_usb(alpha5):
        alpha5.shell(f"gpasswd --delete ops plugdev; rm {RULE}; systemctl restart imagenode")
        stacks.loads(node, stacks.OLD)
        alpha5.shell(HOLD)
        wait_until(lambda: alpha5.code(IS_HELD) == 0, 20, "apt's lock held")
        alpha5.shell("systemd-run --quiet --on-active=3 systemctl stop daily")
        pid, predicted, run = alpha5.pid(), predict(*words), deploy(*words)
        assert run.code == 0, run.err
        assert predicted.predicted() == run.changed()
        assert alpha5.code("dpkg --status libusb-1.0-0 | grep --quiet 'ok installed'") == 0
        assert alpha5.code("systemctl is-active --quiet daily") != 0
        assert "1a6e" in alpha5.read(RULE)
        assert "18d1" in alpha5.read(RULE)
        group = alpha5.shell(GROUP)
        assert alpha5.pid() not in (0, pid)
        assert group in alpha5.shell(f"grep ^Groups: /proc/{alpha5.pid()}/status").split()
        stacks.loads(node, stacks.OLD)
        again = deploy(*words)
        assert (again.code, again.changed()) == (0, {})
    assert release_pages.requests("simple") == []
    settlement.restore()
