"""Stand-in for datapump.py: reads its YAML and its face list, binds its control port."""

import csv

from lab.standins import standin


def main() -> None:
    """Serve until SIGTERM; without a readable face list it does not start."""
    service = standin.Service("datapump")
    config = service.read_config()
    rows = csv.DictReader(service.read(config["facefile"]).decode().splitlines())
    service.status["locked_events"] = len({(row["date"], row["event"]) for row in rows})
    service.serve(config["control_port"])


if __name__ == "__main__":
    main()
