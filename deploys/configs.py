"""Configs, units and services alone, with the versions that a host holds already. It copies no models."""

from pyinfra import host

from operations import audit, cleanup, configs, ready
from operations.run import run_of

run = run_of(host.state)
wanted = run.desired(host.name)
if wanted.sets:
    ready.make_ready(name="Make the host ready", run=run, steps=["configs"])
    cleanup.keep_referenced(name="Keep the versions that this run needs", run=run)
    configs.switch_canaries(name="Switch the canaries", run=run)
    configs.switch_others(name="Switch the other hosts", run=run)
    audit.confirm(name="Confirm what runs", run=run)
    if wanted.source.local:
        audit.collect(name="Collect the deployment log", run=run)
