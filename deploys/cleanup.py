"""The clean-up of the model registry, on the primary datasink.

What it may remove is decided by `modelctl prune registry`.
"""

from pyinfra import host

from operations import cleanup, models, ready
from operations.context import desired_of

if desired_of(host).source.local:
    ready.make_ready(name="Make the host ready")
    models.make_folders(name="Make folders")
    cleanup.keep_referenced(name="Keep the versions that this run needs")
    cleanup.install(name="Install the clean-up of the registry")
