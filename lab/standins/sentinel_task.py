"""Stand-in for sentinel_task.py: notes the task that it was asked to run."""

import argparse
import time
from pathlib import Path


def main() -> None:
    """Add a line to the list of tasks run and end well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-t", "--task", required=True)
    with (Path.cwd() / "sentinel_task.log").open("a") as log:
        log.write(f"{int(time.time())} {parser.parse_args().task}\n")


if __name__ == "__main__":
    main()
