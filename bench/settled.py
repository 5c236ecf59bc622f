"""What a deploy costs where nothing has to change, beside the cheapest run that pyinfra can do on the same hosts.

Both are timed in one run, in turns, so that what else this machine does hits both. Speed is shown, not asserted.
`python -m bench.settled` takes five hosts, `python -m bench.settled --all` all that the lab has: forty are booted by
`python -m lab up --hosts 40`.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median

from bench.timing import as_typed, seconds_of
from modelctl.errors import OperatorError

CHECKOUT = Path(__file__).parent.parent
HOSTS = ("sentinel", "lab1", "east", "alpha5", "data2")
ROUNDS = 7
GOAL = 2.0  # times the cheapest run
LISTENING_SECONDS = 1.0  # to what a service says of its work, beside that

PYINFRA = (str(Path(sys.executable).with_name("pyinfra")), "lab/inventory.py")
LIMIT = () if "--all" in sys.argv else tuple(word for host in HOSTS for word in ("--limit", host))
EXEC = (*PYINFRA, *LIMIT, "exec", "--", "true")
DEPLOY = (*PYINFRA, *LIMIT, "deploys/models.py", "-y")
SETTLE = (*PYINFRA, "deploys/models.py", "-y")  # all hosts: a bare node pulls from the datasink


def main() -> None:
    """Settle the lab, time both commands, print what they took. Exits 1 when a run fails."""
    try:
        print(f"settling the lab: {words(SETTLE)}", flush=True)
        seconds_of(SETTLE, CHECKOUT)
        report(measure())
    except OperatorError as error:
        sys.exit(str(error))


def measure() -> dict[Sequence[str], list[float]]:
    """Time the two commands in turns, ROUNDS times each. Raises OperatorError."""
    taken: dict[Sequence[str], list[float]] = {EXEC: [], DEPLOY: []}
    for number in range(1, ROUNDS + 1):
        for command, seconds in taken.items():
            seconds.append(seconds_of(command, CHECKOUT))
        print(f"round {number} of {ROUNDS}: " + ", ".join(f"{each[-1]:.2f} s" for each in taken.values()), flush=True)
    return taken


def report(taken: Mapping[Sequence[str], Sequence[float]]) -> None:
    """Print the median of each command, and the ratio beside its goal."""
    for command, seconds in taken.items():
        print(f"{median(seconds):6.2f} s  {words(command)}")
    cheapest, settled = median(taken[EXEC]), median(taken[DEPLOY])
    print(
        f"{settled / cheapest:6.2f}    times as long, {(settled - LISTENING_SECONDS) / cheapest:.2f} without the "
        f"listening; the goal is at most {GOAL:.0f} (medians of {ROUNDS}, {'all' if not LIMIT else len(HOSTS)} hosts, "
        f"{os.cpu_count()} cores, {date.today().isoformat()})"
    )


def words(command: Sequence[str]) -> str:
    """A command as an operator types it, without its limits."""
    return as_typed([word for word in command if word not in LIMIT])


if __name__ == "__main__":
    main()
