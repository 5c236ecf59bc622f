"""Pull access: restricted keys for the nodes, and on the primary datasink the line that lets them read the registry."""

from pyinfra import host

from operations import access, ready
from operations.context import desired_of

wanted = desired_of(host)
if wanted.sets:
    ready.make_ready(name="Make the host ready", steps=["access"])
    if wanted.source.local:
        access.authorize_pulls(name="Authorize pulls from the registry")
    else:
        access.certify_pull_key(name="Certify the node's pull key")
