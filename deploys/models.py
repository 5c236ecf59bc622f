"""Models: access, the Coral stack, then every wanted version pulled and verified, then configs and services."""

from pyinfra import host, local

from operations import cleanup, coral, models, ready
from operations.context import desired_of

wanted = desired_of(host)
if wanted.sets:
    ready.make_ready(name="Make the host ready", steps=["access", "coral", "models", "configs"])
    cleanup.keep_referenced(name="Keep the versions that this run needs")

local.include("deploys/access.py")

if wanted.stack:
    coral.bring(name="Bring the Coral stack", _sudo=True)

if wanted.sets:
    models.make_folders(name="Make folders")
    if wanted.source.local:
        models.check_registry(name="Check the registry")
    models.pull(name="Pull models")

local.include("deploys/configs.py")
