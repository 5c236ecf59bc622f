"""Configs, units and services alone: what a rollback runs. It copies no models."""

from pyinfra import host

from operations import audit, cleanup, configs, prerequisites, program
from operations.run import desired_of

wanted = desired_of(host)
if wanted.sets:
    prerequisites.require_configs(name="Look for what the services need")
    program.install(name="Install the node program")
    program.mend(name="Mend the node's own state")
    configs.switch_first(name="Switch the first hosts")
    configs.switch_others(name="Switch the other hosts")
    audit.confirm(name="Confirm what runs")
    if wanted.source.local:
        cleanup.spare(name="Spare the versions that this run needs")
        audit.collect(name="Collect the deployment log")
