"""The clean-up of the model registry: each host tells what it needs, the primary datasink gets the units."""

from pyinfra import host

from operations import cleanup, models, ready
from operations.run import run_of

run = run_of(host.state)
wanted = run.desired(host.name)
if wanted.sets:
    cleanup.read_referenced(name="Read what each host needs", run=run)
    cleanup.keep_referenced(name="Keep the versions that this run needs", run=run)
if wanted.source.local:
    ready.make_ready(name="Make the host ready", run=run)
    models.make_folders(name="Make folders", run=run)
    cleanup.install(name="Install the clean-up of the registry", run=run)
