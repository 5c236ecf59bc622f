"""Models: access, the Coral stack, then every wanted version pulled and verified, then configs and services."""

from pyinfra import host, local

from operations import cleanup, coral, models, ready
from operations.run import run_of

run = run_of(host.state)
wanted = run.desired(host.name)
if wanted.sets:
    ready.make_ready(name="Make the host ready", run=run, steps=["access", "coral", "models", "configs"])
    cleanup.keep_referenced(name="Keep the versions that this run needs", run=run)

local.include("deploys/access.py")

if wanted.stack:
    coral.bring(name="Bring the Coral stack", run=run, _sudo=True)

if wanted.sets:
    models.make_folders(name="Make folders", run=run)
    if wanted.source.local:
        models.check_registry(name="Check the registry", run=run)
    models.pull(name="Pull models", run=run)

local.include("deploys/configs.py")
