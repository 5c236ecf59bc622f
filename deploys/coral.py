"""The Coral stack, on each host with a Coral stick: access, packages, then configs and services.

The primary datasink is asked whether it has what they need; with `--data stage=download` it fetches the packages.
"""

from pyinfra import host, local

from operations import cleanup, coral, coral_download, models, ready
from operations.rollout import rollout_of
from operations.run import run_of

run = run_of(host.state)
if run.arguments.stage == "download":
    if host.name == run.fleet.site.primary_datasink:
        coral_download.download(name="Download the Coral packages", run=run)
elif run.desired(host.name).source.local:
    ready.make_ready(name="Make the host ready", run=run, steps=["access"])

    local.include("deploys/access.py")

    models.check_registry(name="Check the registry", run=run)
elif run.desired(host.name).stack:
    ready.make_ready(name="Make the host ready", run=run, steps=["access", "coral", "configs"])
    cleanup.keep_referenced(name="Keep the versions that this run needs", run=run)

    local.include("deploys/access.py")

    coral.bring(name="Bring the Coral stack", run=run, _sudo=True)

    local.include("deploys/configs.py")
else:
    rollout_of(host.state).leave(host.name)
