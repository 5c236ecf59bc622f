"""Configs, units and services alone: what a rollback runs. It copies no models."""

from pyinfra import host

from operations import audit, cleanup, configs, ready
from operations.context import desired_of

wanted = desired_of(host)
if wanted.sets:
    ready.make_ready(name="Make the host ready", steps=["configs"])
    cleanup.keep_referenced(name="Keep the versions that this run needs")
    configs.switch_canaries(name="Switch the canaries")
    configs.switch_others(name="Switch the other hosts")
    audit.confirm(name="Confirm what runs")
    if wanted.source.local:
        audit.collect(name="Collect the deployment log")
