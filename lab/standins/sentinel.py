"""Stand-in for sentinel.py: reads its YAML, binds its control port, then each job's config and models in a child."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import yaml

from lab.standins import standin


def main() -> None:
    """Serve until SIGTERM; a job that fails is recorded and ends nothing."""
    service = standin.Service("sentinel")
    config = service.read_config()
    jobs = {name: job["config"] for name, job in config["task_list"].items()}
    if standin.strict():
        for path in sorted(set(jobs.values())):
            run_job(service, path)
    service.serve(config["control_port"], lambda: run_jobs(service, jobs))


def run_jobs(service: standin.Service, jobs: Mapping[str, str]) -> None:
    """Run each job in a child process, one after the other."""
    for name in sorted(jobs):
        child = subprocess.run([sys.executable, __file__, jobs[name]], capture_output=True, check=False)
        if child.returncode:
            fault = child.stderr.decode().strip().split("\n")[-1]
            service.status["errors"][name] = fault
            print(f"job {name} failed: {fault}", file=sys.stderr)
        else:
            service.opened.update(json.loads(child.stdout.decode()))


def run_job(service: standin.Service, path: str) -> None:
    """Read a task's config and load every model file that it names."""
    for model in standin.model_files(yaml.safe_load(service.read(path))):
        service.load_model(model)


def be_job(path: str) -> None:
    """The child: run one job and print what it opened."""
    service = standin.Service("sentinel")
    run_job(service, path)
    print(json.dumps(service.opened))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        be_job(sys.argv[1])
    else:
        main()
