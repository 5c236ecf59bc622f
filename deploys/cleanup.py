"""The clean-up of the model registry, on the primary datasink.

What it may remove is decided by `modelctl prune registry`.
"""

from pyinfra import host

from operations import cleanup, models, ready
from operations.run import run_of

run = run_of(host.state)
if run.desired(host.name).source.local:
    ready.make_ready(name="Make the host ready", run=run)
    models.make_folders(name="Make folders", run=run)
    cleanup.keep_referenced(name="Keep the versions that this run needs", run=run)
    cleanup.install(name="Install the clean-up of the registry", run=run)
