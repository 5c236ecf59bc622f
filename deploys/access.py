"""Pull access: restricted keys for the nodes, and on the primary datasink the line that lets them read the registry."""

from pyinfra import host

from operations import access, ready
from operations.run import run_of

run = run_of(host.state)
wanted = run.desired(host.name)
if wanted.sets:
    ready.make_ready(name="Make the host ready", run=run, steps=["access"])
    if wanted.source.local:
        access.authorize_pulls(name="Authorize pulls from the registry", run=run)
    else:
        access.certify_pull_key(name="Certify the node's pull key", run=run)
