"""Configs, units and services alone: what a rollback runs. It copies no models."""

from pyinfra import host

from operations import audit, configs, program
from operations.survey import desired_of

wanted = desired_of(host)
if wanted.sets:
    program.install(name="Install the node program")
    configs.switch_first(name="Switch the first host of each role")
    configs.switch_others(name="Switch the other hosts")
    audit.confirm(name="Confirm what runs")
    if wanted.source.local:
        audit.collect(name="Collect the deployment log")
