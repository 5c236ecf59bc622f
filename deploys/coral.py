"""The Coral stack, on each host with a Coral stick: access, packages, then configs and services.

The primary datasink is only asked whether it has what they need. With `--data stage=download` it fetches the packages
from their release pages, and that is all.
"""

from pyinfra import host, local

from operations import cleanup, coral, coral_download, models, ready, rollout
from operations.context import arguments_of, desired_of

if arguments_of(host).stage == "download":
    if host.name == host.data.fleet.site.primary_datasink:
        coral_download.download(name="Download the Coral packages")
elif desired_of(host).source.local:
    ready.make_ready(name="Make the host ready", steps=["access"])

    local.include("deploys/access.py")

    models.check_registry(name="Check the registry")
elif desired_of(host).stack:
    ready.make_ready(name="Make the host ready", steps=["access", "coral", "configs"])
    cleanup.keep_referenced(name="Keep the versions that this run needs")

    local.include("deploys/access.py")

    coral.bring(name="Bring the Coral stack", _sudo=True)

    local.include("deploys/configs.py")
else:
    rollout.leave(host)
