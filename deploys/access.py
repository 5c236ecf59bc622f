"""Pull access: restricted keys for the nodes, and on the primary datasink the line that lets them read the registry."""

from pyinfra import host

from operations import access, prerequisites, program
from operations.run import desired_of

wanted = desired_of(host)
if wanted.sets:
    prerequisites.require_access(name="Look for what access needs")
    program.install(name="Install the node program")
    program.mend(name="Mend the node's own state")
    if wanted.source.local:
        access.authorize_pulls(name="Authorize pulls from the registry")
    else:
        access.certify_pull_key(name="Certify the node's pull key")
