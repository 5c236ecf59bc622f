"""The clean-up of the model registry: each host tells what it needs, the primary datasink gets the units."""

from pyinfra import host

from operations import cleanup, models, ready
from operations.context import desired_of

wanted = desired_of(host)
if wanted.sets:
    cleanup.keep_referenced(name="Keep the versions that this run needs")
if wanted.source.local:
    ready.make_ready(name="Make the host ready")
    models.make_folders(name="Make folders")
    cleanup.install(name="Install the clean-up of the registry")
