"""What a rollback costs, there and back again, beside the cheapest run that pyinfra can do on all hosts of the lab.

A rollback of the lab commits to its copy of its site. Timed in turns; speed is shown, not asserted.
"""

import os
import sys
from datetime import date
from pathlib import Path
from statistics import median

from bench.timing import as_typed, seconds_of
from lab.site.standards import STANDARDS
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
    try:
        measure()
    except OperatorError as error:
        sys.exit(str(error))


def measure() -> None:
    """Time the two commands in turns, and print the medians. Raises OperatorError."""
    print(f"settling the lab: {as_typed(SETTLE)}", flush=True)
    seconds_of(SETTLE, CHECKOUT)
    for _ in range(2):
        seconds_of(ROLLBACK, CHECKOUT)  # the first one brings the version before
    cheapest, taken = [], []
    for number in range(1, 2 * ROUNDS + 1):
        cheapest.append(seconds_of(EXEC, CHECKOUT))
        taken.append(seconds_of(ROLLBACK, CHECKOUT))
        print(f"round {number} of {2 * ROUNDS}: {cheapest[-1]:.2f} s, {taken[-1]:.2f} s", flush=True)
    settle = STANDARDS.health_checks.sentinel.settle_time
    print(f"{median(cheapest):6.2f} s  {as_typed(EXEC)}")
    print(f"{median(taken):6.2f} s  {as_typed(ROLLBACK)}")
    print(
        f"{(median(taken) - settle) / median(cheapest):6.2f}    times as long, beside the settle time of {settle} s; "
        f"the goal is at most {GOAL:.0f} "
        f"(medians of {2 * ROUNDS}, {os.cpu_count()} cores, {date.today().isoformat()})"
    )


if __name__ == "__main__":
    main()
