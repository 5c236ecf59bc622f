"""What a rollback costs, there and back again, beside the cheapest run that pyinfra can do on all hosts of the lab.

In a clone of this checkout, since a rollback commits. Timed in turns; speed is shown, not asserted.
"""

import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

from bench.timing import as_typed, seconds_of
from lab.lab import Lab
from lab.site import GATES
from modelctl.errors import OperatorError

CHECKOUT = Path(__file__).parent.parent
MODEL = "face_recognition"
ROUNDS = 5
GOAL = 4.0  # times the cheapest run, beside the settle time

PROGRAMS = Path(sys.executable).parent
SITE = "lab/inventory.py"
EXEC = (str(PROGRAMS / "pyinfra"), SITE, "exec", "--", "true")
SETTLE = (str(PROGRAMS / "pyinfra"), SITE, "deploys/models.py", "-y")
ROLLBACK = (str(PROGRAMS / "modelctl"), "rollback", MODEL, "--previous", "--yes", "--unlock", "--site", SITE)


def main() -> None:
    """Settle the lab, time both commands, print what they took. Exits 1 when a run fails."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            measure(clone(Path(folder)))
        except OperatorError as error:
            sys.exit(str(error))
        finally:
            Lab().forget_commits()  # this checkout lacks the clone's


def clone(folder: Path) -> Path:
    """A checkout with what is committed here, on a branch of its own."""
    for words in (
        ["clone", "--quiet", str(CHECKOUT), str(folder)],
        ["-C", str(folder), "checkout", "--quiet", "-B", "bench"],
        ["-C", str(folder), "config", "user.name", "bench"],
        ["-C", str(folder), "config", "user.email", "bench@localhost"],
    ):
        subprocess.run(["git", *words], check=True)
    os.environ["PYTHONPATH"] = str(folder)  # where modelctl is installed from, another checkout may be
    return folder


def measure(checkout: Path) -> None:
    """Time the two commands in turns, and print the medians. Raises OperatorError."""
    print(f"settling the lab: {as_typed(SETTLE)}", flush=True)
    seconds_of(SETTLE, checkout)
    for _ in range(2):
        seconds_of(ROLLBACK, checkout)  # the first one brings the version before
    cheapest, taken = [], []
    for number in range(1, 2 * ROUNDS + 1):
        cheapest.append(seconds_of(EXEC, checkout))
        taken.append(seconds_of(ROLLBACK, checkout))
        print(f"round {number} of {2 * ROUNDS}: {cheapest[-1]:.2f} s, {taken[-1]:.2f} s", flush=True)
    settle = GATES.sentinel.settle
    print(f"{median(cheapest):6.2f} s  {as_typed(EXEC)}")
    print(f"{median(taken):6.2f} s  {as_typed(ROLLBACK)}")
    print(
        f"{(median(taken) - settle) / median(cheapest):6.2f}    times as long, beside the settle time of {settle} s; "
        f"the goal is at most {GOAL:.0f} "
        f"(medians of {2 * ROUNDS}, {os.cpu_count()} cores, {date.today().isoformat()})"
    )


if __name__ == "__main__":
    main()
