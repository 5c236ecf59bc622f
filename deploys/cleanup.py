"""The clean-up of the model registry, on the primary datasink. What it may remove is decided by `modelctl cleanup`."""

from pyinfra import host

from operations import cleanup, models, program
from operations.run import desired_of

if desired_of(host).source.local:
    program.install(name="Install the node program")
    program.mend(name="Mend the node's own state")
    models.make_folders(name="Make folders")
    cleanup.spare(name="Spare the versions that this run needs")
    cleanup.install(name="Install the clean-up of the registry")
